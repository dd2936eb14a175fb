"""The audit log: writes and refusals leave an entry, secrets never; it can be searched and not changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from mita.entrypoints.worker.app import create_worker_app

from .people import person_token, signed_in
from .place import made
from .routes import api_operations_of

if TYPE_CHECKING:
    import httpx
    from fastapi import FastAPI

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres
    from mita.kit.db import Database

    from .place import Place

# readings have their own record
NOT_RECORDED = {"send_readings", "send_readings_of_estate", "take_tts_message"}


def entries(admin: psycopg.Connection) -> list[tuple[Any, ...]]:
    return admin.execute(
        "SELECT estate_id, actor, action, subject, outcome, new, address, correlation_id FROM audit_entry"
        " ORDER BY audit_entry_id"
    ).fetchall()


async def test_every_write_that_succeeds_leaves_an_entry(
    app: FastAPI, client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    silent, tried = set(), set()
    for operation in api_operations_of(app):
        if operation.method == "get" or operation.path.startswith("/api/v1/auth/"):
            continue
        before = len(entries(admin))
        answer = await operation.ask(client, estate_id=place.estate_id)
        if answer.status_code not in (200, 201, 202, 204):
            continue
        tried.add(operation.operation_id)
        told = [row[2] for row in entries(admin)[before:] if row[4] == "done"]
        if operation.operation_id not in told:
            silent.add(operation.operation_id)
    calculates = {"calculate_charge", "compare_rate_tables", "calculate_purchase", "mark_alert_seen"}
    calculates |= {"suggest_fields", "try_codec", "test_codec", "decode_frame"}
    # the example is a dry run, which leaves nothing; of a batch each part leaves its own
    calculates |= {"onboard_occupant", "run_batch"}
    assert silent - calculates - NOT_RECORDED == set()
    assert {"create_units", "set_credit_rule", "create_person", "create_estate", "receive_top_up"} <= tried


async def test_an_entry_says_who_what_and_from_where(
    client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    answer = await client.post(
        f"{place.base}/units", json={"names": ["B1"]}, headers={"X-Correlation-Id": "order-4711"}
    )
    assert answer.headers["x-correlation-id"] == "order-4711"
    assert entries(admin)[-1] == (
        place.estate_id,
        "staff:console",
        "create_units",
        None,
        "done",
        {"names": ["B1"]},
        "127.0.0.1",
        "order-4711",
    )


@pytest.mark.parametrize("sent", ["", "short", "has a space", "x" * 101, "new\u00e9-line-1", "-leading-dash"])
async def test_a_correlation_id_that_is_not_well_formed_is_replaced(
    anonymous: httpx.AsyncClient, sent: str
) -> None:
    answer = await anonymous.get("/healthz", headers={"X-Correlation-Id": sent.encode()})
    given = answer.headers["x-correlation-id"]
    assert given != sent
    assert len(given) == 36
    refused = await anonymous.get("/api/v1/estates")
    assert refused.status_code == 401
    assert len(refused.headers["x-correlation-id"]) == 36


async def test_secrets_and_what_names_a_person_are_hidden(
    client: httpx.AsyncClient, admin: psycopg.Connection
) -> None:
    body = {"name": "Thandi Mokoena", "email": "thandi@example.com", "phone": "+27 82 555 0101"}
    person = await made(client, "/api/v1/persons", body)
    issued = await client.post(f"/api/v1/persons/{person['person_id']}/tokens")
    rows = entries(admin)
    assert [row[:4] for row in rows] == [
        (0, "staff:console", "create_person", None),
        (0, "staff:console", "issue_person_token", "person:1"),
    ]
    assert rows[0][5] == {"name": "(hidden)", "email": "(hidden)", "phone": "(hidden)"}
    (text,) = admin.execute("SELECT string_agg(e::text, ' ') FROM audit_entry AS e").fetchone() or ("",)
    for secret in ("Thandi", "thandi@", "555 0101", issued.json()["token"]):
        assert secret not in text


async def test_a_write_that_fails_leaves_nothing(
    client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    before = len(entries(admin))
    answer = await client.post(f"{place.base}/units", json={"names": ["A1"]})
    assert answer.status_code == 409
    assert len(entries(admin)) == before


async def test_what_is_refused_is_written_down_once_a_minute(
    client: httpx.AsyncClient, member: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    before = len(entries(admin))
    for _ in range(3):
        answer = await member.post(f"{place.base}/units", json={"names": ["B1"]})
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    assert (await member.post("/api/v1/persons", json={"name": "X"})).status_code == 403
    refused = entries(admin)[before:]
    assert [(row[0], row[1], row[2], row[4], row[5]["refused"]) for row in refused] == [
        (place.estate_id, "person:1", "create_units", "refused", "permission_missing"),
        (0, "person:1", "create_person", "refused", "permission_missing"),
    ]


async def test_the_log_is_searched(client: httpx.AsyncClient, place: Place) -> None:
    for name in ("B1", "B2", "B3"):
        await made(client, f"{place.base}/units", {"names": [name]})
    url = f"{place.base}/audit"

    async def found(**wanted: Any) -> list[Any]:
        answer = await client.get(url, params=wanted)
        assert answer.status_code == 200, answer.text
        return [each["new"] for each in answer.json()["items"]]

    assert await found(text="b2") == [{"names": ["B2"]}]
    assert await found(text="%") == []
    assert await found(action="create_units", limit=2) == [{"names": ["B3"]}, {"names": ["B2"]}]
    assert await found(actor="person:9") == []
    assert await found(outcome="refused") == []
    assert await found(subject="rate_table:1") != []
    assert await found(to="2020-01-01T00:00:00Z") == []
    first = (await client.get(url, params={"action": "create_units", "limit": 1})).json()
    rest = (await client.get(url, params={"action": "create_units", "before": first["next"]})).json()
    assert [each["new"]["names"] for each in first["items"] + rest["items"]] == [
        ["B3"],
        ["B2"],
        ["B1"],
        ["A1"],
    ]
    platform = (await client.get("/api/v1/audit")).json()["items"]
    assert [each["action"] for each in platform] == []


async def test_a_reader_of_one_estate_sees_that_one(
    app: FastAPI, client: httpx.AsyncClient, place: Place
) -> None:
    token = await person_token(client, "Auditor")
    body = {"person_id": 1, "role": "auditor"}
    await made(client, f"{place.base}/role-grants", body)
    async with signed_in(app, token) as auditor:
        assert (await auditor.get(f"{place.base}/audit")).status_code == 200
        assert (await auditor.get("/api/v1/audit")).status_code == 403
        assert (await auditor.get("/api/v1/estates/2/audit")).status_code == 404


async def test_an_entry_shows_what_it_changed_and_jobs_are_found_by_their_cause(
    client: httpx.AsyncClient,
    place: Place,
    database: Database,
    postgres: EmbeddedPostgres,
    database_name: str,
) -> None:
    rule = {"is_cutting": True, "low_line": "50.00", "cut_line": "0.00", "restore_line": "10.00"}
    path = f"{place.base}/credit-rules/electricity"
    for low in ("50.00", "60.00"):
        answer = await client.put(path, json={**rule, "low_line": low})
        assert answer.status_code == 200, answer.text
    newest = (await client.get(f"{place.base}/audit", params={"action": "set_credit_rule"})).json()["items"]
    field = {"field": "low_line_micro", "old": 50_000_000, "new": 60_000_000}
    change = {"subject": "credit_rule", "id": "electricity", "verb": "changed", "fields": [field]}
    assert newest[0]["changes"] == [change]
    assert [each["verb"] for each in newest[1]["changes"]] == ["created"]
    # parts of a batch keep their changes apart, though they share a transaction and a correlation id
    path = f"{place.base}/units"
    parts = [{"path": path, "body": {"names": [name]}} for name in ("B1", "B2")]
    await made(client, "/api/v1/batch", {"operations": parts})
    two = (await client.get(f"{place.base}/audit", params={"action": "create_units", "limit": 2})).json()
    named = [
        [field["new"] for each in entry["changes"] for field in each["fields"] if field["field"] == "name"]
        for entry in two["items"]
    ]
    assert named == [["B2"], ["B1"]]
    # a job that the request causes
    sent = await client.post(
        f"{place.base}/imports",
        params={"kind": "units", "mode": "valid_rows", "file_name": "units.csv"},
        content=b"name\nC1\n",
        headers={"Content-Type": "text/csv", "Idempotency-Key": "f1", "X-Correlation-Id": "order-4711"},
    )
    assert sent.status_code == 202, sent.text
    worker = create_worker_app(postgres.app_url(database_name))
    async with worker.open_async():
        await worker.run_worker_async(wait=False, additional_context={"database": database})
    found = await client.get(
        f"{place.base}/audit/changes", params={"correlation_id": "order-4711", "subject": "unit"}
    )
    (unit,) = found.json()["items"]
    assert (unit["verb"], unit["actor"]) == ("created", "staff:console")
    names = {each["field"]: each["new"] for each in unit["fields"]}
    assert names["name"] == "C1"
    of_unit = {"subject": "unit", "id": unit["id"], "limit": 1}
    await client.patch(f"{path}/{unit['id']}", json={"name": "C2"})
    history = (await client.get(f"{place.base}/audit/changes", params=of_unit)).json()
    assert history["items"][0]["fields"] == [{"field": "name", "old": "C1", "new": "C2"}]
    earlier = await client.get(f"{place.base}/audit/changes", params={**of_unit, "before": history["next"]})
    assert [each["verb"] for each in earlier.json()["items"]] == ["created"]
    person = await made(client, "/api/v1/persons", {"name": "Thandi"})
    platform = await client.get("/api/v1/audit/changes", params={"subject": "person"})
    assert [each["id"] for each in platform.json()["items"]] == [str(person["person_id"])]


async def test_nothing_in_the_log_can_be_changed(
    client: httpx.AsyncClient, place: Place, admin: psycopg.Connection
) -> None:
    for attack in ("UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            admin.execute(attack)
