"""Data protection: what is known of a person is told, and a person is forgotten, never the books."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from mita.identity import operations
from mita.imports.jobs import carry_out
from mita.kit.db import Base
from mita.kit.personal import naming_columns

from .people import person_token, signed_in
from .place import made

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from mita.kit.db import Database

    from .place import Place

OTHER = {"name": "Oak", "currency": "ZAR", "time_zone": "Africa/Johannesburg"}
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


def where_it_stands(admin: psycopg.Connection, words: list[str]) -> set[str]:
    """Return every column of words in the whole database in which one of some words stands."""
    columns = admin.execute(
        "SELECT c.table_name, c.column_name FROM information_schema.columns AS c"
        " JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        " AND c.data_type NOT IN ('bigint', 'integer', 'smallint', 'boolean', 'uuid', 'bytea', 'date')"
    ).fetchall()
    found = set()
    for table, column in columns:
        query = f"SELECT 1 FROM {table} WHERE {column}::text ILIKE ANY (%s) LIMIT 1"
        if admin.execute(query, ([f"%{word}%" for word in words],)).fetchone():
            found.add(f"{table}.{column}")
    return found


async def test_no_word_of_a_person_is_left_anywhere(
    client: httpx.AsyncClient, place: Place, admin: psycopg.Connection, database: Database
) -> None:
    # given somebody who stands in every place where people write
    words = ["Mokoena", "thandi@", "5550101", "555 0101"]
    key = {"Idempotency-Key": "k1"}
    moved = await client.post(
        f"{place.base}/units/{place.unit_id}/onboard-tenant", json={"person": BODY}, headers=key
    )
    assert moved.status_code == 201, moved.text
    person_id = moved.json()["person_id"]
    notes = {"notes": "Thandi Mokoena pays late; call +27825550101 or THANDI@example.com"}
    for path in (f"units/{place.unit_id}", f"meters/{place.meter_id}"):
        answer = await client.patch(f"{place.base}/{path}", json=notes)
        assert answer.status_code == 200, answer.text
    for asked in (
        {"subject": "person", "subject_id": person_id, "name": "ID of Thandi Mokoena.png"},
        {"subject": "unit", "subject_id": place.unit_id, "name": "Lease Thandi Mokoena.png"},
    ):
        answer = await client.post(
            f"{place.base}/documents",
            params=asked,
            content=b"\x89PNG\r\n\x1a\n" + b"0" * 20,
            headers={"Content-Type": "image/png"},
        )
        assert answer.status_code == 201, answer.text
    await made(
        client,
        f"{place.base}/wallets/{place.wallet_id}/invitations",
        {"email": "Thandi@Example.com", "right": "view"},
    )
    sent = await client.post(
        f"{place.base}/imports",
        params={"kind": "people", "mode": "valid_rows", "file_name": "Thandi Mokoena.csv"},
        content=b"name,email,phone\nThandi Mokoena,thandi@example.com,+27 82 555 0101\n",
        headers={"Content-Type": "text/csv", "Idempotency-Key": "f1"},
    )
    assert sent.status_code == 202, sent.text
    await carry_out(database, estate_id=place.estate_id, import_id=UUID(sent.json()["import_id"]))
    await made(client, "/api/v1/persons", {"name": "Thandi", "email": "other@example.com"})
    contact = {"contact_name": "Thandi Mokoena", "contact_email": "thandi@example.com"}
    answer = await client.patch(place.base, json=contact)
    assert answer.status_code == 200, answer.text
    before = where_it_stands(admin, words)
    assert {"person.name", "unit.notes", "meter.notes", "document.name", "import_row.cells"} <= before
    assert {"invitation.email", "import_file.file_name", "estate.contact_email"} <= before
    # then not even before the log had any of it
    log = admin.execute("SELECT action, old, new FROM audit_entry").fetchall()
    assert [each for each in log if any(word.lower() in str(each).lower() for word in words)] == []
    assert not {each for each in before if each.startswith("audit_")}
    # when
    body = {"reason": "Thandi Mokoena wrote from thandi@example.com", "is_forced": True}
    answer = await client.post(f"/api/v1/persons/{person_id}/erasure", json=body)
    assert answer.status_code == 200, answer.text
    # then
    assert where_it_stands(admin, words) == set()
    said = f"Erased person {person_id}"
    (told,) = admin.execute("SELECT notes FROM unit WHERE unit_id = %s", (place.unit_id,)).fetchone() or ("",)
    assert told == f"{said} pays late; call {said} or {said}"
    assert admin.execute("SELECT cells FROM import_row").fetchall() == [([said, said, said],)]
    other = admin.execute("SELECT name, email FROM person WHERE email IS NOT NULL").fetchall()
    assert ("Thandi", "other@example.com") in other


async def test_an_estate_decides_about_whom_nobody_else_knows(
    app: FastAPI, client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    token = await person_token(client, "Operator")
    await made(client, f"{place.base}/role-grants", {"person_id": 1, "role": "operator"})
    person_id = await with_access(client, place)
    path = f"{place.base}/people/{person_id}"
    async with signed_in(app, token) as operator:
        told = await operator.get(f"{path}/data")
        assert told.status_code == 200, told.text
        assert told.json()["tables"]["person"][0]["name"] == "Thandi Mokoena"
        assert (await operator.get(f"{place.base}/people/99/data")).status_code == 404
        assert (await operator.get(f"/api/v1/persons/{person_id}/data")).status_code == 403
        # somebody whom another estate knows as well
        other = await made(client, "/api/v1/estates", {**OTHER})
        both = await made(
            client, f"/api/v1/estates/{other['estate_id']}/people", {"name": "B", "email": "b@b.co"}
        )
        await made(client, f"{place.base}/people", {"name": "B", "email": "b@b.co"})
        for method, more in (("GET", "data"), ("POST", "erasure"), ("DELETE", "erasure")):
            body = {"json": {"reason": "x"}} if method == "POST" else {}
            answer = await operator.request(method, f"{place.base}/people/{both['person_id']}/{more}", **body)
            assert (answer.status_code, answer.json()["code"]) == (409, "person_elsewhere")
        # their own
        assert (await operator.delete(f"{path}/erasure")).status_code == 404
        done = await operator.post(f"{path}/erasure", json={"reason": "asked on paper"})
        assert (done.status_code, done.json()["done_by"]) == (200, "person:1"), done.text
    found = admin.execute("SELECT name, email FROM person WHERE person_id = %s", (person_id,)).fetchone()
    assert found == (f"Erased person {person_id}", None)
    log = admin.execute(
        "SELECT estate_id, action FROM audit_entry WHERE action LIKE '%%estate_person'"
        " ORDER BY audit_entry_id"
    ).fetchall()
    assert log == [
        (place.estate_id, "export_data_of_estate_person"),
        (place.estate_id, "erase_estate_person"),
    ]


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
