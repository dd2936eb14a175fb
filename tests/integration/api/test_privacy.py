"""Data protection: what is known of a person is told, and a person is forgotten, never the books."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from mita.identity import operations
from mita.kit.db import Base
from mita.kit.personal import naming_columns

from .place import made

if TYPE_CHECKING:
    import httpx

    from mita.kit.db import Database

    from .place import Place

BODY = {"name": "Thandi Mokoena", "email": "thandi@example.com", "phone": "+27 82 555 0101"}


async def with_access(client: httpx.AsyncClient, place: Place, **more: Any) -> int:
    person = await made(client, "/api/v1/persons", {**BODY, **more})
    path = f"{place.base}/wallets/{place.wallet_id}/grants"
    await made(client, path, {"person_id": person["person_id"], "right": "manage"})
    return person["person_id"]


def tables_that_name_persons(admin: psycopg.Connection) -> set[str]:
    rows = admin.execute(
        "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND (column_name LIKE '%%person_id' OR column_name = 'accepted_by') AND data_type = 'bigint'"
    ).fetchall()
    return {name for (name,) in rows}


async def test_every_table_that_names_a_person_is_part_of_the_answer(
    client: httpx.AsyncClient, admin: psycopg.Connection
) -> None:
    covered = {name for name, table in Base.metadata.tables.items() if naming_columns(table)}
    assert tables_that_name_persons(admin) <= covered


async def test_what_is_known_of_a_person_is_told_without_secrets(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    person_id = await with_access(client, place)
    told = (await client.get(f"/api/v1/persons/{person_id}/data")).json()["tables"]
    assert told["person"][0]["email"] == "thandi@example.com"
    assert [each["wallet_id"] for each in told["access_grant"]] == [place.wallet_id]
    own = (await member.get("/api/v1/me/data")).json()
    assert own["person_id"] == 1
    assert {row["person_id"] for row in own["tables"]["access_grant"]} == {1}
    assert "token_hash" not in own["tables"]["api_token"][0]
    assert (await member.get(f"/api/v1/persons/{person_id}/data")).status_code == 403
    assert (await client.get("/api/v1/me/data")).json()["code"] == "persons_only"
    asked = admin.execute(
        "SELECT actor, subject FROM audit_entry"
        " WHERE action = 'export_personal_data' AND outcome = 'done' ORDER BY audit_entry_id"
    ).fetchall()
    assert asked == [("staff:console", f"person:{person_id}"), ("person:1", "person:1")]


async def test_a_person_is_forgotten_and_the_books_stay(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    admin.execute("UPDATE person SET email = 'm@example.com', phone = '+27 1' WHERE person_id = 1")
    await place.top_up()
    await made(client, f"{place.base}/role-grants", {"person_id": 1, "role": "auditor"})
    entries = admin.execute("SELECT count(*), sum(amount_micro) FROM entry").fetchone()
    asked = await made(member, "/api/v1/me/data/erasure", {"reason": "moved away"})
    again = await member.post("/api/v1/me/data/erasure", json={"reason": "moved away"})
    assert (again.status_code, again.json()["code"]) == (409, "erasure_asked")
    listed = (await client.get("/api/v1/erasures")).json()["items"]
    assert [each["erasure_id"] for each in listed] == [asked["erasure_id"]]
    answer = await client.post("/api/v1/persons/1/erasure", json={"reason": "asked for"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["done_by"] == "staff:console"
    assert (await member.get(f"{place.base}/wallets")).status_code == 401
    found = admin.execute("SELECT name, email, phone FROM person WHERE person_id = 1").fetchone()
    assert found == ("Erased person 1", None, None)
    live = admin.execute("SELECT count(*) FROM access_grant WHERE revoked_at IS NULL").fetchone()
    assert live == (0,)
    assert admin.execute("SELECT count(*) FROM role_grant WHERE revoked_at IS NULL").fetchone() == (0,)
    assert admin.execute("SELECT count(*), sum(amount_micro) FROM entry").fetchone() == entries
    twice = await client.post("/api/v1/persons/1/erasure", json={"reason": "x"})
    assert (twice.status_code, twice.json()["code"]) == (409, "person_erased")


async def test_who_owes_something_is_forgotten_by_force_only(client: httpx.AsyncClient, place: Place) -> None:
    person_id = await with_access(client, place)
    await place.send(("2025-03-01T00:00:00Z", "0"), ("2025-03-01T01:00:00Z", "5"))
    path = f"/api/v1/persons/{person_id}/erasure"
    answer = await client.post(path, json={"reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (409, "erasure_blocked")
    assert "owes something" in answer.json()["detail"]
    forced = await client.post(path, json={"reason": "court order", "is_forced": True})
    assert (forced.status_code, forced.json()["is_forced"]) == (200, True)


async def test_an_erasure_that_is_refused_can_be_asked_for_again(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place
) -> None:
    assert (await client.delete("/api/v1/persons/1/erasure")).status_code == 404
    for _ in range(2):
        await made(member, "/api/v1/me/data/erasure", {"reason": "moved away"})
        assert (await client.delete("/api/v1/persons/1/erasure")).json()["refused_at"] is not None


async def test_consents_are_kept_as_they_were_given(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    yes = {"purpose": "benchmarking", "text_version": "2026-03", "is_given": True}
    await made(member, "/api/v1/me/consents", yes)
    await made(client, "/api/v1/persons/1/consents", {**yes, "is_given": False, "way": "phone"})
    for caller, path in ((member, "/api/v1/me/consents"), (client, "/api/v1/persons/1/consents")):
        items = (await caller.get(path)).json()["items"]
        assert [(each["is_given"], each["way"], each["actor"]) for each in items] == [
            (False, "phone", "staff:console"),
            (True, "web", "person:1"),
        ]
    for attack in ("UPDATE consent SET is_given = true", "DELETE FROM consent", "TRUNCATE consent"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            admin.execute(attack)


async def test_what_is_over_is_kept_as_long_as_its_rule_says(
    client: httpx.AsyncClient, place: Place, database: Database, admin: psycopg.Connection
) -> None:
    body = {"name": "Export", "permissions": ["units.read"], "estate_ids": [place.estate_id]}
    for _ in range(2):
        await made(client, "/api/v1/api-keys", body)
    admin.execute(
        "UPDATE api_key SET revoked_at = '2026-01-01', revoked_by = 'staff:test' WHERE api_key_id = 1"
    )
    now = datetime(2026, 6, 1, tzinfo=UTC)

    async def forgotten() -> dict[str, int]:
        async with database.unit_of_work(estates=[]) as session:
            return await operations.forget_old(session, now=now)

    assert await forgotten() == {"api_keys": 0, "impersonations": 0}
    answer = await client.put("/api/v1/retention-rules/api_keys", json={"days": 151})
    assert answer.json()["days"] == {"api_keys": 151, "impersonations": 730}
    assert await forgotten() == {"api_keys": 0, "impersonations": 0}
    await client.put("/api/v1/retention-rules/api_keys", json={"days": 150})
    assert await forgotten() == {"api_keys": 1, "impersonations": 0}
    assert (await client.put("/api/v1/retention-rules/readings", json={"days": 150})).status_code == 404
    assert admin.execute("SELECT api_key_id FROM api_key").fetchall() == [(2,)]
