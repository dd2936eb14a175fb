"""A unit changes hands: nobody sees readings, money or papers from before their own time there."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from .people import signed_in
from .place import Place, made
from .routes import QUERIES, api_operations_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx
    from fastapi import FastAPI

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres

# what stands in rows from before and nowhere else
BEFORE = (
    "111.111000",  # a reading
    "222.222000",
    "133.333000",  # what the swapped meter said last
    "77.770000",  # a top-up
    "5.550000",  # promotional credit
    "40.400000",  # a target
    "SN-BEFORE",
    "reason-of-before",
    "old-plan.pdf",
)
# whatever happened earlier than the household itself
OWN_TIMES = ("taken_at", "event_at", "booked_at", "asked_at", "swapped_at")
HAPPENED = {
    "access_event": "created_at",
    "access_grant": "granted_at",
    "balance_target": "updated_at",
    "document": "created_at",
    "invitation": "created_at",
    "journal": "booked_at",
    "meter_swap": "swapped_at",
    "promotion": "granted_at",
    "reading": "taken_at",
    "supply_command": "asked_at",
    "top_up_request": "asked_at",
}
PDF = {"Content-Type": "application/pdf"}


@dataclass
class Tenant:
    person_id: int
    came_at: str
    client: httpx.AsyncClient


async def handed(place: Place, way: str, *, key: str, **body: Any) -> dict[str, Any]:
    answer = await place.client.post(
        f"{place.base}/units/{place.unit_id}/{way}-tenant", json=body, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


@asynccontextmanager
async def seen_by(app: FastAPI, place: Place, person_id: int) -> AsyncIterator[httpx.AsyncClient]:
    answer = await place.client.post(f"/api/v1/persons/{person_id}/tokens")
    async with signed_in(app, answer.json()["token"]) as caller:
        yield caller


def in_seconds(seconds: int) -> str:
    at = datetime.now(tz=UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    return at.isoformat().replace("+00:00", "Z")


async def add_paper(place: Place, name: str, *, subject: str = "unit", **more: Any) -> str:
    params = {"subject": subject, "subject_id": place.unit_id, "name": name, "for_residents": True, **more}
    answer = await place.client.post(
        f"{place.base}/documents", params=params, content=b"%PDF-" + name.encode(), headers=PDF
    )
    assert answer.status_code == 201, answer.text
    return answer.json()["document_id"]


@pytest.fixture
async def olga(place: Place) -> int:
    """Olga lived there, used, paid, set limits, invited; then she left."""
    came = await handed(place, "onboard", key="olga", person={"name": "Olga"}, from_on="2025-02-01")
    client, wallet = place.client, f"{place.base}/wallets/{place.wallet_id}"
    second = {"unit_id": place.unit_id, "serial": "SN-BEFORE", "utility": "electricity"}
    meter = await made(client, f"{place.base}/meters", second)
    await place.send(("2025-03-01T00:00:00Z", "100"), meter="SN-BEFORE")
    swap = {
        "serial": "E2",
        "swapped_at": "2025-03-02T00:00:00Z",
        "reason": "reason-of-before",
        "closing": {"import": "133.333"},
        "opening": {"import": "0"},
    }
    answer = await client.post(
        f"{place.base}/meters/{meter['meter_id']}/swap", json=swap, headers={"Idempotency-Key": "s"}
    )
    assert answer.status_code == 201, answer.text
    await place.send(("2025-03-01T00:00:00Z", "111.111"), ("2025-03-09T00:00:00Z", "222.222"))
    assert (await place.top_up(amount="77.77", utility="electricity")).status_code == 201
    promotion = {"amount": "5.55", "expires_at": "2199-01-01T00:00:00Z", "reason": "reason-of-before"}
    answer = await client.post(f"{wallet}/promotions", json=promotion, headers={"Idempotency-Key": "p"})
    assert answer.status_code == 201, answer.text
    target = {"minimum": "20.20", "target": "40.40"}
    assert (await client.put(f"{wallet}/balance-target", json=target)).status_code == 200
    await made(client, f"{wallet}/invitations", {"email": "olga-friend@example.com", "right": "view"})
    await add_paper(place, "old-plan.pdf")
    stop = {"utility": "electricity", "reason": "reason-of-before"}
    path = f"{place.base}/units/{place.unit_id}/supply-stops"
    assert (await client.post(path, json=stop)).status_code in (200, 201)
    assert (await client.delete(f"{path}/electricity")).status_code in (200, 204)
    await handed(place, "offboard", key="olga-left")
    return came["person_id"]


@pytest.fixture
async def nia(app: FastAPI, place: Place, olga: int) -> AsyncIterator[Tenant]:
    """Nia came after Olga, was told what the meter says, and has used and paid."""
    assert olga
    at = in_seconds(-60)
    opening = [{"meter": "E1", "value": "300", "taken_at": at}]
    came = await handed(place, "onboard", key="nia", person={"name": "Nia"}, readings=opening)
    await place.send((in_seconds(1), "301"))
    assert (await place.top_up(key="nia", amount="9.00", utility="electricity")).status_code == 201
    async with seen_by(app, place, came["person_id"]) as client:
        yield Tenant(came["person_id"], at, client)


def too_early(shown: Any, *, since: str) -> list[tuple[str, str]]:
    """Return every time in an answer at which something happened before an instant."""
    if isinstance(shown, list):
        return [each for item in shown for each in too_early(item, since=since)]
    if not isinstance(shown, dict):
        return []
    own = [(name, shown[name]) for name in OWN_TIMES if isinstance(shown.get(name), str)]
    return [each for each in own if each[1] < since] + too_early(list(shown.values()), since=since)


async def test_a_new_resident_sees_nothing_from_before(
    app: FastAPI, client: httpx.AsyncClient, place: Place, nia: Tenant, request: pytest.FixtureRequest
) -> None:
    values = {"estate_id": place.estate_id, "wallet_id": place.wallet_id}
    gets = [each for each in api_operations_of(app) if each.method == "get"]
    told_staff = "".join([(await each.ask(client, **values)).text for each in gets])
    missing = [secret for secret in BEFORE if secret not in told_staff]
    assert missing == [], "shown nowhere: the test proves nothing"
    for is_stripped in (False, True):
        if is_stripped:
            stripped = request.getfixturevalue("without_filters")
        answered = 0
        for operation in gets:
            answer = await operation.ask(nia.client, **values)
            # a query for one row may find several once it has no filter
            assert is_stripped or answer.status_code != 500, operation
            told = [secret for secret in BEFORE if secret in answer.text]
            assert told == [], (operation, answer.text)
            if answer.status_code == 200:
                answered += 1
                if "json" in answer.headers["content-type"]:
                    assert too_early(answer.json(), since=nia.came_at) == [], (operation, answer.text)
        assert answered >= 30
    assert len(stripped) >= 20


def test_no_table_shows_a_row_from_before(
    admin: psycopg.Connection, postgres: EmbeddedPostgres, database_name: str, place: Place, nia: Tenant
) -> None:
    """Also those that no route of today shows to residents."""
    found = admin.execute(
        "SELECT sees_from FROM access_grant WHERE person_id = %s AND revoked_at IS NULL", (nia.person_id,)
    ).fetchone()
    assert found is not None
    with psycopg.connect(postgres.app_url(database_name)) as connection:
        connection.execute(
            "SELECT set_config('mita.estates', %s, false), set_config('mita.person', %s, false)",
            (str(place.estate_id), str(nia.person_id)),
        )
        connection.execute("SET ROLE mita_person")
        for table, happened_at in HAPPENED.items():
            query = f"SELECT count(*) FROM {table} WHERE {happened_at} < %s"
            known = admin.execute(query, found).fetchone()
            assert known is not None
            assert known[0], f"nothing in {table} is from before: the test proves nothing"
            seen = connection.execute(query, found).fetchone()
            # of readings the one that the household began with
            assert seen == (1 if table == "reading" else 0,), table


async def test_money_and_use_begin_with_the_household(place: Place, nia: Tenant, client: Any) -> None:
    wallet = f"{place.base}/wallets/{place.wallet_id}"
    entries = (await nia.client.get(f"{wallet}/entries", params={"utility": "electricity"})).json()["items"]
    # 1 kWh at 2.00 with 15 %, then 9.00 came in: it began at nothing
    assert [each["amount"]["amount"] for each in entries] == ["9.000000", "-2.300000"]
    assert [each["balance_after"]["amount"] for each in entries] == ["6.700000", "-2.300000"]
    everybodys = (await client.get(f"{wallet}/entries", params={"utility": "electricity"})).json()["items"]
    assert len(everybodys) >= 6

    readings = (await nia.client.get(f"{place.base}/readings")).json()["items"]
    assert [each["value"]["amount"] for each in readings] == ["301.000000", "300.000000"]
    history = (
        await nia.client.get(
            f"{place.base}/units/{place.unit_id}/consumption-history",
            params=QUERIES["get_consumption_history"],
        )
    ).json()
    (line,) = history["series"]
    assert (set(line["values"]), set(line["known"])) == ({None}, {"missing"})
    assert set(history["charged"]["values"]) == {"0.000000"}
    # the charge is explained from the opening reading on
    seq = entries[1]["seq"]
    answer = await nia.client.get(f"{wallet}/entries/electricity/{seq}/explanation")
    assert answer.status_code == 200, answer.text
    assert "300" in answer.text
    before = await nia.client.get(f"{wallet}/entries/electricity/{seq - 1}/explanation")
    assert before.status_code == 404


async def test_each_sees_since_their_own_time(app: FastAPI, place: Place, olga: int, nia: Tenant) -> None:
    client, wallet = place.client, f"{place.base}/wallets/{place.wallet_id}"
    items = (await nia.client.get(f"{wallet}/grants")).json()["items"]
    (own,) = [each for each in items if each["person_id"] == nia.person_id]
    people = {
        name: (await made(client, f"{place.base}/people", {"name": name}))["person_id"]
        for name in ("Guest", "Parent", "Owner", "Curator")
    }

    async def given(by: httpx.AsyncClient, name: str, **more: Any) -> dict[str, Any]:
        return await made(by, f"{wallet}/grants", {"person_id": people[name], "right": "view", **more})

    # a manager gives at most their own sight, whatever is asked; so it is with the household's others
    guest = await given(nia.client, "Guest", sees_from="2025-01-01T00:00:00Z")
    parent = await given(client, "Parent")
    assert guest["sees_from"] == parent["sees_from"] == own["sees_from"]
    assert own["sees_from"][:19] >= nia.came_at[:19]
    # staff may ask for more, and who owns the unit sees it since then
    assert (await given(client, "Curator", sees_from="2025-03-05T00:00:00Z"))["sees_from"].startswith(
        "2025-03-05"
    )
    path = f"{place.base}/units/{place.unit_id}/assign-owner"
    await made(client, path, {"person_id": people["Owner"], "from_on": "2025-03-06"})
    async with seen_by(app, place, people["Owner"]) as owner:
        # readings by the role alone, from the one on that they began with; the money by a grant alone
        readings = (await owner.get(f"{place.base}/readings")).json()["items"]
        assert {each["value"]["amount"] for each in readings} >= {"111.111000", "222.222000"}
        assert "100.000000" not in {each["value"]["amount"] for each in readings}
        assert (await owner.get(f"{wallet}/entries", params={"utility": "electricity"})).status_code == 404
        assert (await given(client, "Owner"))["sees_from"].startswith("2025-03-05T22:00:00")
        entries = (await owner.get(f"{wallet}/entries", params={"utility": "electricity"})).json()["items"]
        assert "77.770000" in {each["amount"]["amount"] for each in entries}
    for name in ("Guest", "Parent"):
        async with seen_by(app, place, people[name]) as caller:
            answer = await caller.get(f"{wallet}/entries", params={"utility": "electricity"})
            amounts = [each["amount"]["amount"] for each in answer.json()["items"]]
            assert amounts == ["9.000000", "-2.300000"], name
    async with seen_by(app, place, olga) as caller:
        assert (await caller.get(f"{wallet}/entries", params={"utility": "electricity"})).status_code == 404


async def test_papers_for_residents(app: FastAPI, place: Place, nia: Tenant) -> None:
    shown = {
        "rules.pdf": await add_paper(place, "rules.pdf", subject="estate", subject_id=place.estate_id),
        "new.pdf": await add_paper(place, "new.pdf"),
        "lease.pdf": await add_paper(place, "lease.pdf", subject="person", subject_id=nia.person_id),
    }
    inner = await add_paper(place, "inner.pdf", for_residents=False)
    other = (await made(place.client, f"{place.base}/people", {"name": "Other"}))["person_id"]
    await add_paper(place, "others.pdf", subject="person", subject_id=other)
    items = (await nia.client.get(f"{place.base}/documents")).json()["items"]
    assert {each["name"]: each["document_id"] for each in items} == shown
    answer = await nia.client.get(f"{place.base}/documents/{shown['new.pdf']}/file")
    assert answer.content == b"%PDF-new.pdf"
    for route in ("", "/file"):
        assert (await nia.client.get(f"{place.base}/documents/{inner}{route}")).status_code == 404
    answer = await nia.client.delete(f"{place.base}/documents/{shown['new.pdf']}")
    assert answer.status_code == 403


async def test_who_was_not_off_boarded_loses_access_when_the_next_comes(app: FastAPI, place: Place) -> None:
    """An occupancy from a file, a grant that shows all of it; an owner who moves out themselves."""
    client, wallet = place.client, f"{place.base}/wallets/{place.wallet_id}"
    unit = f"{place.base}/units/{place.unit_id}"
    await place.send(("2025-03-01T00:00:00Z", "1"), ("2025-03-02T00:00:00Z", "8"))
    ivo = (await made(client, f"{place.base}/people", {"name": "Ivo"}))["person_id"]
    grant = await made(client, f"{wallet}/grants", {"person_id": ivo, "right": "manage"})
    assert grant["sees_from"] is None
    # what a grant shows follows the occupancy that comes later
    stay = await made(client, f"{unit}/assign-resident", {"person_id": ivo, "from_on": "2025-03-02"})
    async with seen_by(app, place, ivo) as caller:
        (own,) = (await caller.get(f"{wallet}/grants")).json()["items"]
        assert own["sees_from"].startswith("2025-03-01T22:00:00")
        friend = (await made(client, f"{place.base}/people", {"name": "Friend"}))["person_id"]
        await made(caller, f"{wallet}/grants", {"person_id": friend, "right": "view"})
    path = f"{place.base}/occupancies/{stay['occupancy_id']}/end"
    assert (await client.post(path, json={"until_on": "2025-03-03"})).status_code == 200

    came = await handed(place, "onboard", key="k", person={"name": "Nia"}, from_on="2025-03-03")
    assert sorted(came["taken_from"]) == sorted([ivo, friend])
    undone = await client.post(
        f"{place.base}/handovers/{came['handover_id']}/undo",
        json={"reason": "a slip"},
        headers={"Idempotency-Key": "u"},
    )
    assert undone.status_code in (200, 201), undone.text
    items = (await client.get(f"{wallet}/grants")).json()["items"]
    assert {(each["person_id"], each["sees_from"]) for each in items} == {
        (ivo, own["sees_from"]),
        (friend, own["sees_from"]),
    }

    came = await handed(place, "onboard", key="k2", person={"name": "Nia"}, from_on="2025-03-03")
    await made(client, f"{unit}/assign-owner", {"person_id": came["person_id"], "from_on": "2025-03-03"})
    left = await handed(place, "offboard", key="k3")
    assert left["taken_from"] == [came["person_id"]]
