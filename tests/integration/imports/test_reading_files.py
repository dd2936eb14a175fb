"""Files of head-ends over the API: previewed, charged once, every fault by its line; a worker that dies."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from mita.entrypoints.api.lanes import Lanes
from mita.imports import jobs
from tests.integration.api.place import made

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    import psycopg

    from mita.kit.db import Database
    from tests.integration.api.place import Place


@dataclass
class Desk:
    """Sends files of head-ends to an estate and lets a worker charge them."""

    client: httpx.AsyncClient
    database: Database
    place: Place
    sent: int = 0

    @property
    def base(self) -> str:
        return f"{self.place.base}/reading-files"

    async def post(self, content: str | bytes, *, key: str = "", **query: Any) -> httpx.Response:
        self.sent += 1
        return await self.client.post(
            self.base,
            params=query,
            content=content,
            headers={"Idempotency-Key": key or f"reading-file-{self.sent}"},
        )

    async def charge(self, number: str, charger: Any = None) -> dict[str, Any]:
        """Do what the worker does; return the file."""
        await jobs.charge_file(
            self.database,
            charger or Lanes(self.database),
            estate_id=self.place.estate_id,
            reading_file_id=UUID(number),
        )
        answer = await self.client.get(f"{self.base}/{number}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def send(self, content: str | bytes, **query: Any) -> dict[str, Any]:
        answer = await self.post(content, **query)
        assert answer.status_code == 202, answer.text
        return await self.charge(answer.json()["reading_file_id"])


@pytest.fixture
def desk(client: httpx.AsyncClient, database: Database, place: Place) -> Desk:
    return Desk(client, database, place)


def nem12(*days: tuple[int, str, str], meter: str = "E1") -> str:
    """A file of days of March 2025: (day, kWh of each half hour, quality)."""
    rows = [
        f"300,202503{day:02d}," + ",".join([value] * 48) + f",{quality},,," for day, value, quality in days
    ]
    return "\n".join(["100,NEM12,202503010000,,", f"200,{meter},E1,1,E1,N1,S,kWh,30,", *rows, "900", ""])


def zipped(*members: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return made.getvalue()


def numbers(done: dict[str, Any]) -> tuple[str, int, int, int, int]:
    """Return state, total, new and known readings, faults."""
    told = done["readings"]
    return (done["state"], told["total"], told["new"], told["known"], done["fault_count"])


def faults(done: dict[str, Any]) -> list[tuple[int, str]]:
    return [(each["line"], each["code"]) for each in done["faults"]]


async def test_a_file_is_previewed_charged_once_and_goes_on(desk: Desk, admin: psycopg.Connection) -> None:
    # a day of 24 kWh and an estimate that waits, under another name than the serial
    text = nem12((1, "0.5", "A"), (2, "0.7", "E64"), meter="NMI7")
    stranger = nem12((1, "1", "A"), meter="NMI8").partition("\n")[2]
    both = text.replace("900\n", "") + stranger
    named = {"serials": "NMI7=E1", "file_name": "march.csv"}
    dry = await desk.send(both, dry_run="true", **named)
    assert numbers(dry) == ("done", 49, 49, 0, 1)
    assert (dry["format"], set(dry["classes"].values()), dry["net"]["amount"]) == ("nem12", {0}, "0.000000")
    ours, other = dry["registers"]
    assert ours == {
        "meter": "NMI7",
        "serial": "E1",
        "register": "import",
        "unit": "kWh",
        "values": 96,
        "new": 49,
        "known": 0,
        "first_at": "2025-02-28T14:00:00Z",
        "last_at": "2025-03-01T14:00:00Z",
        "waits_since": "2025-03-01T14:00:00Z",
        "waits_why": "line 4: its value is an estimate, which will be replaced",
    }
    assert (other["meter"], other["serial"], other["values"], other["new"]) == ("NMI8", None, 48, 0)
    assert faults(dry) == [(6, "unknown_meter")]
    assert admin.execute("SELECT count(*) FROM reading").fetchone() == (0,)
    # a stranger among the meters keeps nothing else out, whatever the mode
    done = await desk.send(both, **named)
    assert numbers(done) == ("done", 49, 49, 0, 1)
    assert {name: count for name, count in done["classes"].items() if count} == {"first": 1, "charged": 48}
    # 24 kWh at 2.00 and 15 % on top
    assert (done["net"]["amount"], done["tax"]["amount"]) == ("48.000000", "7.200000")
    assert await desk.place.balance() == "-55.200000"
    assert done["faults"][0]["message"] == "the estate has no meter NMI8; values left out: 48"
    # again nothing moves; what replaced the estimate goes on; a day that was charged is not changed
    again = await desk.send(both, **named)
    assert numbers(again) == ("done", 49, 0, 49, 1)
    more = await desk.send(nem12((1, "0.5", "A"), (2, "1", "S14")), format="nem12")
    assert (numbers(more), more["net"]["amount"]) == (("done", 97, 48, 49, 0), "96.000000")
    other = await desk.send(nem12((2, "1.5", "F14"), (3, "1", "A")))
    assert (other["state"], faults(other)) == ("refused", [(3, "contradicts")])
    kept = await desk.send(nem12((2, "1.5", "F14"), (3, "1", "A")), keep_past="true")
    assert (kept["state"], kept["net"]["amount"], len(kept["kept"])) == ("done", "96.000000", 1)
    assert await desk.place.balance() == "-276.000000"
    listed = (await desk.client.get(f"{desk.base}?limit=2")).json()
    assert [each["reading_file_id"] for each in listed["items"]] == [
        kept["reading_file_id"],
        other["reading_file_id"],
    ]
    assert listed["next"] == other["reading_file_id"]
    assert admin.execute("SELECT count(*) FROM reading_file WHERE content IS NOT NULL").fetchone() == (0,)


async def test_a_worker_that_dies_charges_nothing_twice(
    desk: Desk, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "READINGS_PORTION", 20)
    lanes = Lanes(desk.database)
    charged: list[int] = []

    class Dying:
        async def charge(self, batch: Any, **more: Any) -> Any:
            found = await lanes.charge(batch, **more)
            charged.append(len(batch))
            if len(charged) == 2:
                # the second portion is durable, and nobody was told
                raise ConnectionError("the worker is gone")
            return found

    sent = (await desk.post(nem12((1, "0.5", "A")))).json()
    number = sent["reading_file_id"]
    assert admin.execute("SELECT task_name FROM procrastinate_jobs").fetchall() == [
        ("imports:run_reading_file",)
    ]
    with pytest.raises(ConnectionError):
        await desk.charge(number, Dying())
    half = (await desk.client.get(f"{desk.base}/{number}")).json()
    assert (half["state"], half["readings"]["done"], half["readings"]["total"]) == ("running", 20, 49)
    # as long as it was touched just now it is another worker's
    assert (await desk.charge(number, Dying()))["state"] == "running"
    admin.execute("UPDATE reading_file SET touched_at = touched_at - interval '3 minutes'")
    done = await desk.charge(number, Dying())
    assert charged == [20, 20, 9]
    assert (done["state"], done["readings"]["done"]) == ("done", 49)
    assert await desk.place.balance() == "-55.200000"
    # the portion of which nobody was told counts as known
    assert (done["classes"]["charged"], done["readings"]["known"]) == (28, 20)
    assert await desk.charge(number, Dying()) == done
    # an error of ours three times stops it
    stuck = UUID((await desk.post(nem12((2, "1", "A")))).json()["reading_file_id"])
    context: Any = type("C", (), {"additional_context": {"database": desk.database, jobs.CHARGER: None}})()
    for _ in range(3):
        with pytest.raises(AttributeError):
            await jobs.run_reading_file.func(
                context, estate_id=desk.place.estate_id, reading_file_id=str(stuck)
            )
        admin.execute("UPDATE reading_file SET touched_at = touched_at - interval '3 minutes'")
    assert (await desk.client.get(f"{desk.base}/{stuck}")).json()["state"] == "stopped"


async def test_what_cannot_be_read_is_refused_at_once(desk: Desk) -> None:
    good = nem12((1, "0.5", "A"))
    for content, query, said in (
        ("", {}, "the file is empty"),
        ("a,b\n1,2\n", {}, "nothing tells of which format"),
        (b"PK\x03\x04 and no more", {}, "the zip cannot be read"),
        (zipped(("a", b"1"), ("b", b"2")), {}, "a zip must hold one file, this one holds 2"),
        (good, {"format": "csv"}, "format csv needs a profile"),
        (good, {"profile": "ausgrid"}, "a profile belongs to format csv"),
        (good, {"format": "csv", "profile": "profile: 1"}, "Object missing required field"),
        (good, {"format": "csv", "profile": "[&a [], *a"}, "while parsing"),
        (good, {"file_zone": "Mars/Olympus"}, "Mars/Olympus"),
        (good, {"serials": "NMI7"}, "is not meter=serial"),
        (good, {"serials": ["A=1", "A=2"]}, "has two serials"),
    ):
        answer = await desk.post(content, **query)
        assert (answer.status_code, answer.json()["code"]) == (422, "reading_file_refused"), answer.text
        assert said in answer.json()["detail"], answer.json()
    first = await desk.post(good, key="once")
    assert ((await desk.post(good, key="once")).status_code, first.status_code) == (200, 202)
    other = await desk.post(good, key="once", mode="valid_rows")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    # who may import rows may not send readings by that alone
    terms = {"name": "Desk", "permissions": ["imports.write"], "estate_ids": [desk.place.estate_id]}
    key = await made(desk.client, "/api/v1/api-keys", terms)
    desk.client.headers["Authorization"] = f"Bearer {key['secret']}"
    answer = await desk.post(good)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    assert "readings.send" in answer.json()["detail"]


OWN_PROFILE = """
profile: 1
name: ours
kind: register
delimiter: ";"
decimal: ","
time: {columns: [Zeit], format: "%d.%m.%Y %H:%M", means: instant, zone: Etc/UTC}
meter: [Zaehler]
values: [{columns: [Stand], register: import, unit: kWh}]
"""


async def test_values_by_a_profile_and_what_is_sound_among_faults(desk: Desk) -> None:
    rows = [
        "Zaehler;Zeit;Stand",
        "E1;01.03.2025 00:00;100,0",
        "E1;01.03.2025 01:00;101,5",
        "E1;01.03.2025 02:00;much",
        "W9;01.03.2025 02:00;7",
        "E1;01.03.2025 03:00;103,0",
    ]
    text = "\n".join(rows)
    asked = {"format": "csv", "profile": OWN_PROFILE, "file_name": "=own.csv"}
    refused = await desk.send(text, **asked)
    assert (refused["state"], refused["profile"]) == ("refused", "own")
    assert faults(refused) == [(4, "not_a_number"), (5, "unknown_meter")]
    assert await desk.place.balance() == "0.000000"
    done = await desk.send(text, mode="valid_rows", **asked)
    assert (numbers(done), done["net"]["amount"]) == (("done", 3, 3, 0, 2), "6.000000")
    # 3 kWh at 2.00 and 15 %
    assert await desk.place.balance() == "-6.900000"
    # known values are told so before anything is charged; another value at a known time is a conflict
    later = text.replace("much", "102").replace("101,5", "101")
    dry = await desk.send(later, dry_run="true", mode="valid_rows", **asked)
    assert (numbers(dry), dry["registers"][0]["known"]) == (("done", 4, 2, 2, 1), 2)
    again = await desk.send(later, **asked)
    assert numbers(again) == ("done", 4, 2, 2, 1)
    assert {name: count for name, count in again["classes"].items() if count} == {"conflict": 1, "late": 1}
    assert await desk.place.balance() == "-6.900000"
    csv = (await desk.client.get(f"{desk.base}/{refused['reading_file_id']}/faults.csv")).text
    assert csv.splitlines() == [
        "\ufeffline,meter,code,message",
        "4,E1,not_a_number,value 'much' is not a number",
        "5,W9,unknown_meter,the estate has no meter W9; values left out: 1",
    ]


async def test_bombs_end_as_refused_files(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mita.imports.domain.reading_terms.UNPACKED_BYTES_MAX", 2 << 20)
    large = await desk.send(zipped(("a.csv", nem12((1, "0.5", "A")).encode() + b"\n" * (3 << 20))))
    assert (large["state"], large["faults"][0]["code"]) == ("refused", "unreadable")
    assert "unpacked it is larger than 2 MiB" in large["faults"][0]["message"]
    bomb = '<?xml version="1.0"?><!DOCTYPE f [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><feed>&b;</feed>'
    refused = await desk.send(bomb, file_name="usage.xml")
    assert (refused["format"], refused["state"]) == ("greenbutton", "refused")
    assert "document type" in refused["faults"][0]["message"]


INVALID = {
    "NEM12_15min_200_30min_300.csv": ("refused", 3, "wrong_count"),
    "NEM12_15min_200_30min_400.csv": ("refused", 3, "missing_quality"),
    "NEM12_30min_200_15min_300.csv": ("refused", 3, "wrong_count"),
    "NEM12_30min_200_15min_400.csv": ("refused", 3, "wrong_count"),
    "NEM12_empty.csv": ("refused", 2, "unreadable"),
    "NEM12_incomplete_interval.csv": ("refused", 3, "wrong_count"),
    "NEM12_missing_header.csv": ("refused", 2, "unreadable"),
    "NEM12_powercor.csv": ("refused", 2, "unreadable"),
    "NEM12_powercor.csv.zip": ("refused", 2, "unreadable"),
    "NEM12_powercor_missing_fields.csv": ("refused", 2, "unreadable"),
    "empty_file.csv": (422, 0, "the file is empty"),
}


async def test_every_invalid_file_of_the_corpus_tells_line_and_reason(
    desk: Desk, fixtures_path: Path
) -> None:
    found = {}
    for path in sorted((fixtures_path / "metering" / "nem12" / "examples" / "invalid").iterdir()):
        answer = await desk.post(path.read_bytes(), format="nem12", file_name=path.name)
        if answer.status_code == 422:
            found[path.name.removeprefix("Example_")] = (422, 0, answer.json()["detail"])
            continue
        done = await desk.charge(answer.json()["reading_file_id"])
        csv = (await desk.client.get(f"{desk.base}/{done['reading_file_id']}/faults.csv")).text
        assert len(csv.splitlines()) == 1 + len(done["faults"])
        assert all(each["message"] for each in done["faults"])
        found[path.name.removeprefix("Example_")] = (done["state"], *faults(done)[0])
        # taken as far as it is sound, or not at all
        assert done["readings"]["done"] == 0
    assert found == INVALID
