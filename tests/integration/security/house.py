"""What the attacks of a file are made on: two estates, three households, five persons, and their things."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import psycopg

from mita.entrypoints.api import create_app
from mita.identity.api.asking import SigningIn
from mita.identity.domain import new_token
from mita.identity.operations import replace_token
from mita.kit.clock import now_utc
from tests.integration.api.people import signed_in
from tests.integration.api.place import Place, made, settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from mita.entrypoints.api import LiveHub
    from mita.kit.db import Database

# words that stand nowhere but in what belongs to the second household, and to the second estate
NEIGHBOURS, FOREIGN = "Neighbour-77", "Foreign-88"
_numbers = itertools.count(1)


@dataclass
class Person:
    """A person with the token that was issued to them."""

    person_id: int
    token: str


@dataclass
class House:
    """The first estate with two households, Anna's and Ben's; the second with Olga, who runs it.

    Carla is the managing agent of the first estate, Pat the platform's admin.
    """

    database: Database
    admin_url: str
    app: FastAPI
    client: httpx.AsyncClient
    console: str
    live: LiveHub
    here: Place = field(init=False)
    there: Place = field(init=False)
    neighbour_unit: int = 0
    neighbour_wallet: int = 0
    persons: dict[str, Person] = field(default_factory=dict)

    def new_app(self, **how: Any) -> FastAPI:
        """Return another application over the same database, which has counted nothing yet."""
        return create_app(
            self.database,
            live=how.pop("live", self.live),
            signing_in=how.pop("signing_in", SigningIn()),
            **how,
        )

    def caller(self, token: str, *, app: FastAPI | None = None) -> httpx.AsyncClient:
        """Return a caller with a token."""
        return signed_in(app or self.app, token)

    def as_(self, name: str) -> httpx.AsyncClient:
        """Return a person as a caller."""
        return self.caller(self.persons[name].token)

    @asynccontextmanager
    async def nobody(self, app: FastAPI | None = None, **more: Any) -> AsyncIterator[httpx.AsyncClient]:
        """Give a caller who has shown nothing."""
        transport = httpx.ASGITransport(app=app or self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://mita.test", **more) as caller:
            yield caller

    def admin(self) -> psycopg.Connection:
        """Open a connection as the database's owner."""
        return psycopg.connect(self.admin_url, autocommit=True)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return rows past all row-level security."""
        with self.admin() as connection:
            return connection.execute(statement, values).fetchall()

    def state(self, *ignored: str) -> dict[str, tuple[Any, ...]]:
        """Return count and hash of each table's rows, but for what is written about attempts."""
        passed = {*_OF_ATTEMPTS, *ignored}
        names = [
            name
            for (name,) in self.rows(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
            )
            if name not in passed and not name.startswith(("procrastinate", "audit_"))
        ]
        with self.admin() as connection:
            return {
                name: connection.execute(
                    f"SELECT count(*), sum(hashtextextended(t::text, 0)) FROM {name} AS t"
                ).fetchone()
                or ()
                for name in names
            }

    async def invited(self, place: Place | None = None, *, right: str = "view", **more: Any) -> str:
        """Invite somebody to the first household's wallet; return the code."""
        place = place or self.here
        path = f"{place.base}/wallets/{more.pop('wallet_id', place.wallet_id)}/invitations"
        return (await made(self.client, path, {"email": "guest@example.com", "right": right, **more}))["code"]

    async def new_person(self, name: str, **more: Any) -> Person:
        """Make a person; return them with a token."""
        person = await made(self.client, "/api/v1/persons", {"name": name, **more})
        answer = await self.client.post(f"/api/v1/persons/{person['person_id']}/tokens")
        return Person(person["person_id"], answer.json()["token"])


# counters, outboxes and logs: refused attempts may write there
_OF_ATTEMPTS = ("sign_in_failure", "one_time_code", "challenge", "message", "api_key", "kept_answer")


def key() -> dict[str, str]:
    """Return the header of an idempotency key of its own."""
    return {"Idempotency-Key": f"attack-{next(_numbers)}"}


async def build(database: Database, admin_url: str, live: LiveHub) -> House:
    """Make the house through the API."""
    console = new_token()
    async with database.unit_of_work(estates=[]) as session:
        await replace_token(session, name="console", token=console, now=now_utc())
    app = create_app(database, live=live, signing_in=SigningIn())
    house = House(database, admin_url, app, signed_in(app, console), console, live)
    house.here = await settle(house.client, name="Willow Creek")
    house.there = await settle(house.client, name=FOREIGN)
    (unit,) = (await made(house.client, f"{house.here.base}/units", {"names": [NEIGHBOURS]}))["items"]
    house.neighbour_unit = unit["unit_id"]
    meter = {"unit_id": unit["unit_id"], "serial": f"SN-{NEIGHBOURS}", "utility": "electricity"}
    await made(house.client, f"{house.here.base}/meters", meter)
    wallets = (await house.client.get(f"{house.here.base}/wallets")).json()["items"]
    (house.neighbour_wallet,) = [
        each["wallet_id"] for each in wallets if each["wallet_id"] != house.here.wallet_id
    ]
    for name in ("anna", "ben", "carla", "olga", "pat"):
        house.persons[name] = await house.new_person(name.title(), email=f"{name}@example.com")
    await _let_in(house)
    return house


async def _let_in(house: House) -> None:
    here, there, people = house.here, house.there, house.persons
    for name, base, wallet_id in (
        ("anna", here.base, here.wallet_id),
        ("ben", here.base, house.neighbour_wallet),
        ("olga", there.base, there.wallet_id),
    ):
        body = {"person_id": people[name].person_id, "right": "manage"}
        await made(house.client, f"{base}/wallets/{wallet_id}/grants", body)
    for name, base, role in (
        ("carla", here.base, "managing_agent"),
        ("olga", there.base, "operator"),
    ):
        body = {"person_id": people[name].person_id, "role": role}
        await made(house.client, f"{base}/role-grants", body)
    admin = {"person_id": people["pat"].person_id, "role": "platform_admin"}
    await made(house.client, "/api/v1/role-grants", admin)
