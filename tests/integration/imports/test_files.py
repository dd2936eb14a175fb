"""A file on its way: modes, dry runs, crashes, encodings, what comes back, who may."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from mita.imports import jobs, operations
from tests.integration.api.people import person_token, signed_in

from .conftest import Files, counts

if TYPE_CHECKING:
    import psycopg
    from fastapi import FastAPI

    from mita.kit.db import Database


async def test_all_or_nothing_and_dry_runs_keep_nothing(files: Files) -> None:
    bad = "name,kind\nB1,flat\nB2,castle\nB3,flat\nB1,flat\n"
    refused = await files.send("units", bad, mode="all_or_nothing")
    assert (refused["state"], counts(refused)) == ("refused", (0, 0, 0, 2, 2))
    assert await files.faults(refused) == [
        (3, "kind", "castle", "unknown_word"),
        (5, "name", "", "twice_in_file"),
    ]
    dry = await files.send("units", bad, dry_run="true")
    assert (dry["state"], counts(dry)) == ("done", (2, 0, 0, 2, 0))
    receipts = "reference,unit,amount,method\nR-1,A1,5,eft\n"
    assert counts(await files.send("top_ups", receipts, dry_run="true")) == (1, 0, 0, 0, 0)
    assert set(await files.units()) == {"A1"}
    assert counts(await files.send("top_ups", receipts, mode="all_or_nothing")) == (1, 0, 0, 0, 0)
    kept = await files.send("units", bad)
    assert (kept["state"], counts(kept), kept["same_file_as"]) == (
        "done",
        (2, 0, 0, 2, 0),
        refused["import_id"],
    )
    assert set(await files.units()) == {"A1", "B1", "B3"}
    listed = (await files.client.get(f"{files.base}/imports?kind=units")).json()["items"]
    assert [each["import_id"] for each in listed] == [each["import_id"] for each in (kept, dry, refused)]
    assert {each["created_by"] for each in listed} == {"staff:console"}


async def test_a_worker_that_dies_loses_nothing_and_repeats_nothing(
    files: Files, database: Database, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PORTION", 2)
    text = "reference,unit,amount,method\n" + "".join(f"R-{i},A1,1,cash\n" for i in range(5))
    real, carried = operations.carry_rows, []

    async def dying(session, **more):
        found = await real(session, **more)
        carried.append([each.number for each in found])
        if len(carried) == 2:
            raise ConnectionError("the worker is gone")
        return found

    monkeypatch.setattr(operations, "carry_rows", dying)
    sent = (await files.post("top_ups", text)).json()
    assert admin.execute("SELECT task_name FROM procrastinate_jobs").fetchall() == [("imports:run_import",)]
    with pytest.raises(ConnectionError):
        await files.carry(sent["import_id"])
    half = (await files.client.get(f"{files.base}/imports/{sent['import_id']}")).json()
    assert (half["state"], half["rows"]["done"]) == ("running", 2)
    done = await files.carry(sent["import_id"])
    assert (done["state"], counts(done)) == ("done", (5, 0, 0, 0, 0))
    assert carried == [[2, 3], [4, 5], [4, 5], [6]]
    # in one transaction everything begins again
    carried.clear()
    whole = (await files.post("top_ups", text.replace("R-", "W-"), mode="all_or_nothing")).json()
    with pytest.raises(ConnectionError):
        await files.carry(whole["import_id"])
    done = await files.carry(whole["import_id"])
    assert (done["state"], counts(done)) == ("done", (5, 0, 0, 0, 0))
    assert carried == [[2, 3], [4, 5], [2, 3], [4, 5], [6]]
    assert counts(await files.carry(whole["import_id"])) == (5, 0, 0, 0, 0)
    assert admin.execute("SELECT count(*) FROM journal WHERE memo LIKE 'cash: %'").fetchone() == (10,)
    # an error of ours three times stops it
    stuck = (await files.post("units", "name\nB1\n")).json()
    number = UUID(stuck["import_id"])
    async with database.unit_of_work(estates=[files.estate_id]) as session:
        now = jobs.now_utc()
        states = [
            await operations.note_trouble(session, estate_id=files.estate_id, import_id=number, now=now)
            for _ in range(3)
        ]
    assert states == ["waiting", "waiting", "stopped"]
    async with database.unit_of_work(estates=[files.estate_id]) as session:
        assert (
            await operations.forget_rows(session, estate_id=files.estate_id, before=jobs.now_utc(), now=now)
            == 3
        )
    assert admin.execute("SELECT count(*) FROM import_row").fetchone() == (0,)


async def test_what_comes_back_can_be_mended_and_sent_again(files: Files) -> None:
    text = 'Name;Notes;Floor area\r\n"B1";=1+1;"64,5"\r\nÜ2;"a;b";9\r\n'
    done = await files.send("units", text.encode("cp1252"))
    assert (done["encoding"], done["separator"], len(done["notes"])) == ("windows-1252", "semicolon", 1)
    assert counts(done) == (1, 0, 0, 1, 0)
    back = await files.client.get(f"{files.base}/imports/{done['import_id']}/errors.csv")
    assert back.headers["content-type"] == "text/csv; charset=utf-8"
    header, row, end = back.content.decode("utf-8-sig").split("\r\n")
    assert header == "name,notes,floor_area,error_row,error_reason"
    assert (row, end) == ('B1,\'=1+1,"64,5",2,floor_area: a decimal comma: write 64.5', "")
    mended = back.text.replace('"64,5"', "64.5")
    again = await files.send("units", mended)
    assert (again["encoding"], counts(again)) == ("utf-8", (1, 0, 0, 0, 0))
    units = await files.units()
    assert set(units) == {"A1", "B1", "Ü2"}
    shown = await files.client.get(f"{files.base}/units/{units['B1']['unit_id']}")
    assert shown.json()["notes"] == "=1+1"
    template = await files.client.get("/api/v1/import-templates/people.csv")
    assert template.text == "\ufeffname,email,phone\r\nThandi Mokoena,thandi@example.com,'+27 82 555 0101\r\n"
    assert counts(await files.send("people", template.content)) == (1, 0, 0, 0, 0)


async def test_files_that_are_refused_as_a_whole(files: Files) -> None:
    for text, said in (
        ("", "no rows"),
        ("name\n", "no rows"),
        ("one,two\nB1,x\n", "must name the columns"),
        ("name,flor_area\nB1,1\n", "did you mean floor_area?"),
        ("name,name\nB1,B2\n", "'name' is there twice"),
        ("kind\nflat\n", "'name' is missing"),
        ('name\n"B1\n', "quote that is not closed"),
        ("name\nB\0\n", "NUL"),
        ("name\nB1\n".encode("utf-16"), "UTF-16"),
        (b"name\n\x81\n", "neither UTF-8 nor Windows-1252"),
        ("name\n" + "x\n" * 20_001, "20,000 rows"),
    ):
        answer = await files.post("units", text)
        assert (answer.status_code, answer.json()["code"]) == (422, "import_file_refused"), text[:20]
        assert said in answer.json()["detail"], answer.json()
    answer = await files.client.post(
        f"{files.base}/imports?kind=units", json={}, headers={"Idempotency-Key": "x"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "csv_needed")
    first = await files.post("units", "name\nB1\n", key="same")
    again = await files.post("units", "name\nB1\n", key="same")
    assert (again.status_code, again.json()["import_id"]) == (200, first.json()["import_id"])
    other = await files.post("units", "name\nB2\n", key="same")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")


async def test_the_single_operations_permission_is_needed_too(files: Files, app: FastAPI) -> None:
    body = {"name": "Desk", "permissions": ["imports.write", "units.write"], "estate_ids": [files.estate_id]}
    key = (await files.client.post("/api/v1/api-keys", json=body)).json()
    async with signed_in(app, key.get("secret") or key["token"]) as desk:
        mine = Files(desk, files.database, files.estate_id)
        assert (await mine.post("units", "name\nB1\n")).status_code == 202
        answer = await mine.post("top_ups", "reference,unit,amount,method\nR,A1,1,eft\n")
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    async with signed_in(app, await person_token(files.client, "Stranger")) as stranger:
        answer = await Files(stranger, files.database, files.estate_id).post("units", "name\nB2\n")
        assert answer.status_code == 404
