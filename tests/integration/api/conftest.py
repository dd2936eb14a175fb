"""The application over a private database, and a caller with a token."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import Select, event
from sqlalchemy.orm import Session

from mita.entrypoints.api import LiveHub, create_app
from mita.identity.domain import new_token
from mita.identity.operations import replace_token

from .people import person_token, signed_in
from .place import Place, made, settle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from fastapi import FastAPI
    from sqlalchemy.orm import ORMExecuteState

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database


@pytest.fixture
async def token(database: Database) -> str:
    """A token that the database knows."""
    made = new_token()
    async with database.unit_of_work(estates=[]) as session:
        await replace_token(session, name="console", token=made, now=datetime(2025, 1, 1, tzinfo=UTC))
    return made


@pytest.fixture
async def live(postgres: EmbeddedPostgres, database_name: str) -> AsyncIterator[LiveHub]:
    hub = LiveHub(postgres.app_url(database_name))
    yield hub
    await hub.close()


@pytest.fixture
def app(database: Database, live: LiveHub) -> FastAPI:
    return create_app(database, live=live)


@pytest.fixture
async def anonymous(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A caller without a token."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mita.test") as client:
        yield client


@pytest.fixture
async def client(app: FastAPI, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """A caller with a token."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://mita.test", headers=headers) as client:
        yield client


@pytest.fixture
async def stranger(app: FastAPI, client: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A person to whom nobody has given access to anything."""
    async with signed_in(app, await person_token(client, "Stranger")) as caller:
        yield caller


@pytest.fixture
async def member(app: FastAPI, client: httpx.AsyncClient, place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """A person who may look at the place's wallet."""
    person = await made(client, "/api/v1/persons", {"name": "Member"})
    path = f"{place.base}/wallets/{place.wallet_id}/grants"
    await made(client, path, {"person_id": person["person_id"], "right": "view"})
    answer = await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
    async with signed_in(app, answer.json()["token"]) as caller:
        yield caller


@pytest.fixture
async def place(client: httpx.AsyncClient) -> Place:
    """An estate with unit A1 and its electricity meter E1, charged at 2.00 and 15 % tax."""
    return await settle(client)


@pytest.fixture
def without_filters() -> Iterator[list[str]]:
    """Take the WHERE out of every query that reads for a person; list those it was taken from."""
    stripped: list[str] = []

    def strip(state: ORMExecuteState) -> None:
        statement: Any = state.statement
        if isinstance(statement, Select) and statement.whereclause is not None and is_narrow(state.session):
            bare = statement._generate()
            bare._where_criteria = ()
            state.statement = bare
            stripped.append(str(statement))

    event.listen(Session, "do_orm_execute", strip)
    yield stripped
    event.remove(Session, "do_orm_execute", strip)


def is_narrow(session: Session) -> bool:
    """Tell whether a transaction reads for a person; what lets them in is not tried here."""
    role = session.connection().exec_driver_sql("SELECT current_user").scalar()
    return role == "mita_person"
