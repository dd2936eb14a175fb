"""The life of a device over the API, and what it says of itself in between."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from mita.credit import queries as credit_queries
from mita.credit.operations import record_command_state, record_switch
from mita.devices import jobs, operations, queries
from mita.devices.operations import Noted, Passed
from mita.devices.operations.lacks import note_lacks
from mita.drivers.wire import Alarm, Health, SwitchState
from mita.kit.seal import Seals
from tests.integration.api.place import settle
from tests.integration.api.test_credit import RULE, use_up

if TYPE_CHECKING:
    import psycopg
    import pytest

    from mita.kit.db import Database
    from tests.integration.api.place import Place

PLUG = {"driver": "tasmota", "address": "plug-1", "notes": "Board in the stairwell"}
NAME = "tasmota:plug-1"


async def registered(place: Place, **said: Any) -> dict[str, Any]:
    answer = await place.client.post(f"{place.base}/devices", json={**PLUG, **said})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def note(database: Database, place: Place, *noted: Noted) -> None:
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await operations.note(session, estate_id=place.estate_id, noted=noted)


async def checklist(place: Place, device_id: int) -> dict[str, tuple[str, str]]:
    answer = await place.client.get(f"{place.base}/devices/{device_id}/checklist")
    assert answer.status_code == 200, answer.text
    return {each["name"]: (each["state"], each["sentence"]) for each in answer.json()["items"]}


def routes(admin: psycopg.Connection) -> list[tuple[str, int, bool]]:
    return admin.execute(
        "SELECT device, estate_id, is_registered FROM device_route ORDER BY device"
    ).fetchall()


async def test_what_cannot_be_is_refused_with_its_path(place: Place) -> None:
    field = {"path": "a.b", "register": "import", "unit": "kWh"}
    faults: list[tuple[dict[str, Any], int, str, str]] = [
        ({"driver": "morse"}, 422, "driver", "there is no driver 'morse'"),
        ({"settings": {"nonsense": 1}}, 422, "settings", "nonsense"),
        ({"fields": [field, {**field, "unit": "furlong"}]}, 422, "fields.1", "a.b"),
        ({"fields": [{**field, "scale": "-1"}]}, 422, "fields.0", "scale"),
        ({"driver": "mita", "address": "tasmota:plug-1"}, 422, "address", "cannot begin with tasmota:"),
        ({"settings": {"a": "\x00"}}, 422, "body.settings", "cannot be stored"),
        ({"address": "two words"}, 422, "body.address", "match"),
    ]
    for said, status, path, words in faults:
        answer = await place.client.post(f"{place.base}/devices", json={**PLUG, **said})
        assert answer.status_code == status, (said, answer.text)
        (problem, *_) = answer.json()["problems"]
        assert problem["path"] == path, said
        assert words in problem["message"], said
    answer = await place.client.post(f"{place.base}/devices", json={**PLUG, "codec_id": 99})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await place.client.get(f"{place.base}/devices")).json()["items"] == []


async def test_a_device_is_heard_and_shows_how_it_is(place: Place, database: Database) -> None:
    device_id = (await registered(place))["device_id"]
    path = f"{place.base}/devices/{device_id}"
    assert (await checklist(place, device_id))["meters"] == (
        "missing",
        "No meter names it: install its meters.",
    )
    meter = {"unit_id": place.unit_id, "serial": "P1", "utility": "electricity", "device": NAME}
    assert (await place.client.post(f"{place.base}/meters", json=meter)).status_code == 201
    at = datetime.now(tz=UTC).replace(microsecond=0)
    said = Health(
        is_online=True,
        battery_percent=Decimal("9.7"),
        rssi_dbm=-97,
        snr_db=Decimal("-7.59"),
        clock_s=int(at.timestamp()) + 200,
        firmware="14.1\x07",
    )
    frames = [Passed("tele/plug-1/SENSOR", b"never kept: nobody watches", {})]
    reports = [said, SwitchState(is_on=True), Alarm("tamper", "cover\x00 opened")]
    await note(database, place, Noted(NAME, at, reports, rejections=1, frames=frames), Noted("other", at))
    shown = (await place.client.get(path)).json()
    state = {name: value for name, value in shown["state"].items() if value is not None}
    stamp = at.isoformat().replace("+00:00", "Z")
    assert state == {
        "first_heard_at": stamp,
        "last_heard_at": stamp,
        "is_online": True,
        "battery_percent": 9,
        "rssi_dbm": -97,
        "snr": "-7.5",
        "clock_drift_s": 200,
        "firmware": "14.1",
        "switch_is_on": True,
        "switch_told_at": stamp,
        "failure": "",
    }
    assert [(each["kind"], each["detail"]) for each in shown["issues"]] == [
        ("tamper", "cover opened"),
        ("low_battery", "battery at 9 %"),
        ("clock_drift", "its clock is 3 min 20 s ahead"),
        ("unreadable", "what came last held no reading that could be read"),
    ]
    assert shown["issues"][1]["remedy"].startswith("Plan to change the battery")
    assert [each["serial"] for each in shown["meters"]] == ["P1"]
    assert (await place.client.get(f"{path}/frames")).json()["items"] == []
    steps = await checklist(place, device_id)
    assert steps["heard"][0] == "done"
    assert steps["reading"][0] == "missing"
    assert steps["switch"] == ("done", "It reports how its switch stands.")
    assert "low battery, battery at 9 %" in steps["issues"][1]

    # the same again opens nothing twice; the opposite closes
    await note(database, place, Noted(NAME, at, reports[2:], rejections=1))
    later = at + timedelta(minutes=1)
    fresh = Health(battery_percent=Decimal(80), clock_s=int(later.timestamp()))
    over = Alarm("tamper", "closed", is_over=True)
    await note(database, place, Noted(NAME, later, [fresh, over], readings=1))
    issues = f"{place.base}/device-issues"
    assert (await place.client.get(f"{issues}?state=open")).json()["items"] == []
    closed = (await place.client.get(f"{issues}?state=over&device_id={device_id}")).json()["items"]
    assert sorted(each["kind"] for each in closed) == ["clock_drift", "low_battery", "tamper", "unreadable"]
    assert {each["until"] for each in closed} == {later.isoformat().replace("+00:00", "Z")}

    await place.send((later.isoformat(), "5"), meter="P1")
    ready = (await place.client.get(f"{path}/checklist")).json()
    assert ready["is_done"], ready


async def test_a_device_that_does_not_answer_or_say_anything(place: Place, database: Database) -> None:
    await registered(place)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    await note(database, place, Noted(NAME, at, failure="refused"))
    await note(database, place, Noted(NAME, at + timedelta(hours=1), failure="timed out"))
    (found,) = (await place.client.get(f"{place.base}/devices?has_issue=true")).json()["items"]
    shown = (await place.client.get(f"{place.base}/devices/{found['device_id']}")).json()
    assert shown["state"]["failed_since"] == "2026-03-01T12:00:00Z"
    assert [(each["kind"], each["detail"], each["since"]) for each in shown["issues"]] == [
        ("unreachable", "timed out", "2026-03-01T12:00:00Z")
    ]
    await note(database, place, Noted(NAME, at + timedelta(hours=2)))
    for after, silent in ((timedelta(days=3, hours=2), 0), (timedelta(days=3, hours=2, seconds=1), 1)):
        async with database.unit_of_work(estates=[place.estate_id]) as session:
            now = at + after
            assert await operations.note_heard(session, estate_id=place.estate_id, now=now) == silent
    # the job finds it again and opens nothing twice
    context: Any = SimpleNamespace(additional_context={"database": database})
    await jobs.note_silence(context, 0)
    found = (await place.client.get(f"{place.base}/device-issues?state=open")).json()["items"]
    assert sorted((issue["kind"], issue["detail"]) for issue in found) == [
        ("no_meter", "heard since 2026-03-01 14:00 UTC, and no meter names it"),
        ("silent", "nothing came since 2026-03-01 14:00 UTC"),
    ]
    assert (await place.client.get(f"{place.base}/devices?has_issue=false")).json()["items"] == []


async def lacks(database: Database, place: Place, now: datetime) -> list[tuple[str, str]]:
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        heard = await queries.heard_devices(session, estate_id=place.estate_id)
        await note_lacks(session, estate_id=place.estate_id, heard=heard, now=now)
    found = (await place.client.get(f"{place.base}/device-issues?state=open")).json()["items"]
    return sorted((each["kind"], each["detail"]) for each in found)


async def test_what_a_device_lacks_is_an_issue_until_it_is_there(place: Place, database: Database) -> None:
    await registered(place)
    at = datetime(2026, 3, 1, 5, tzinfo=UTC)
    since = "heard since 2026-03-01 05:00 UTC, and"
    await note(database, place, Noted(NAME, at))
    assert await lacks(database, place, at + timedelta(minutes=59)) == [], "somebody is on site"
    later = at + timedelta(hours=1)
    assert await lacks(database, place, later) == [("no_meter", f"{since} no meter names it")]
    await place.client.patch(f"{place.base}/meters/{place.meter_id}", json={"device": NAME})
    assert await lacks(database, place, later) == [
        ("unmapped", f"{since} no reading of its meters was stored")
    ]
    # what is used up asks the supply to be cut, and nobody says that it was
    await place.client.put(f"{place.base}/credit-rules/electricity", json=RULE)
    await use_up(place)
    assert await lacks(database, place, later) == []
    supply: dict[str, Any] = {
        "estate_id": place.estate_id, "unit_id": place.unit_id, "utility": "electricity"
    }  # fmt: skip
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        (off,) = await credit_queries.commands(session, estate_id=place.estate_id, states=["asked"], limit=2)
        await record_command_state(
            session, estate_id=place.estate_id, command_id=off.command_id, state="failed", now=later
        )
    assert await lacks(database, place, later) == [
        ("switch_contradicts", "it was to switch off: it did not say that it did")
    ]
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await record_switch(session, **supply, is_on=False, said_at=later, now=later)
    assert await lacks(database, place, later) == []


async def test_frames_are_kept_while_somebody_watches(place: Place, database: Database) -> None:
    device_id = (await registered(place))["device_id"]
    path = f"{place.base}/devices/{device_id}"
    until = (await place.client.post(f"{path}/watch")).json()["until"]
    end = datetime.fromisoformat(until)
    half_an_hour = end - datetime.now(tz=UTC)
    assert timedelta(minutes=29) < half_an_hour <= timedelta(minutes=30)
    at = end - timedelta(seconds=1)
    for number in range(60):
        passed = Passed("t", b"%d" % number, {"n": number})
        await note(database, place, Noted(NAME, at, frames=[passed]))
    # over: the end of watching is not watched any more
    await note(database, place, Noted(NAME, end, frames=[Passed("t", b"late", {})]))
    first = (await place.client.get(f"{path}/frames?limit=30")).json()
    rest = (await place.client.get(f"{path}/frames?limit=30&before={first['next']}")).json()
    assert rest["next"] is None
    texts = [each["text"] for each in first["items"] + rest["items"]]
    assert texts == [str(number) for number in range(59, 9, -1)]
    assert (first["items"][0]["payload"], first["items"][0]["found"]) == ("NTk=", {"n": 59})
    context: Any = SimpleNamespace(additional_context={"database": database})
    await jobs.forget_frames(context, 0)
    assert len((await place.client.get(f"{path}/frames")).json()["items"]) == 50
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await operations.forget_frames(
            session, estate_id=place.estate_id, now=at + timedelta(days=1, seconds=1)
        )
    assert (await place.client.get(f"{path}/frames")).json()["items"] == []


async def test_a_secret_is_sealed_and_never_shown(
    place: Place, database: Database, admin: psycopg.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    device = await registered(place)
    path = f"{place.base}/devices/{device['device_id']}"
    hidden = "00112233deadbeef"
    answers = [await place.client.put(f"{path}/secret", json={"secret": {"key": hidden}})]
    assert answers[0].status_code == 204, answers[0].text
    # somebody writes it into the wrong place, which is refused
    answers.append(await place.client.put(path, json={"settings": {"key": "0" * 9 + "f00d"}}))
    asked = [path + each for each in ("", "/checklist", "/frames")]
    asked += [place.base + each for each in ("/devices", "/device-issues", "/audit", "/audit/changes")]
    answers += [await place.client.get(each) for each in asked]
    assert answers[2].json()["has_secret"] is True
    assert not [answer.url for answer in answers[2:] if answer.status_code != 200]
    (stored,) = admin.execute("SELECT secret_sealed FROM device").fetchone() or (b"",)
    log = [str(row) for row in admin.execute("SELECT old, new FROM audit_entry").fetchall()]
    log += [str(row) for row in admin.execute("SELECT old, new FROM audit_change").fetchall()]
    written = [answer.text for answer in answers] + log + [caplog.text, stored.decode("latin-1")]
    assert len(log) >= 4
    assert not [text for text in written if hidden in text]
    opened = Seals([bytes(32)]).open(stored, about="device.secret_sealed")
    assert json.loads(opened) == {"key": hidden}
    await place.client.put(f"{path}/secret", json={"secret": {}})
    assert (await place.client.get(path)).json()["has_secret"] is False


async def test_names_and_routes(place: Place, database: Database, admin: psycopg.Connection) -> None:
    other = await settle(place.client, name="Oak Gardens")
    device = await registered(place)
    for elsewhere in (place, other):
        answer = await elsewhere.client.post(f"{elsewhere.base}/devices", json=PLUG)
        assert (answer.status_code, answer.json()["code"]) == (409, "device_taken")
    # without a meter it speaks for its estate all the same, and for none once it is removed
    assert routes(admin) == [(NAME, place.estate_id, True)]
    await note(database, place, Noted(NAME, datetime.now(tz=UTC), failure="gone"))
    path = f"{place.base}/devices/{device['device_id']}"
    assert (await place.client.delete(path)).status_code == 204
    assert routes(admin) == []
    assert (await place.client.get(path)).status_code == 404
    assert (await place.client.get(f"{place.base}/device-issues?state=open")).json()["items"] == []
    # its meters keep the route
    again = await registered(place)
    assert again["device_id"] != device["device_id"]
    meter = {"unit_id": place.unit_id, "serial": "P1", "utility": "electricity", "device": NAME}
    assert (await place.client.post(f"{place.base}/meters", json=meter)).status_code == 201
    assert (await place.client.delete(f"{place.base}/devices/{again['device_id']}")).status_code == 204
    assert routes(admin) == [(NAME, place.estate_id, False)]
    answer = await other.client.post(f"{other.base}/devices", json=PLUG)
    assert (answer.status_code, answer.json()["code"]) == (409, "device_taken")
    for number in range(3):
        await registered(place, address=f"q{number}")
    found = (await place.client.get(f"{place.base}/devices?q=Q1&driver=tasmota")).json()["items"]
    assert [each["name"] for each in found] == ["tasmota:q1"]
    page = (await place.client.get(f"{place.base}/devices?limit=2")).json()
    rest = (await place.client.get(f"{place.base}/devices?limit=2&after_id={page['next']}")).json()
    assert [each["name"] for each in page["items"] + rest["items"]] == [f"tasmota:q{n}" for n in range(3)]
    assert rest["next"] is None


async def test_a_meter_is_given_its_device(place: Place, admin: psycopg.Connection) -> None:
    device = await registered(place)
    path = f"{place.base}/meters/{place.meter_id}"
    assert (await place.client.patch(path, json={"device": NAME})).status_code == 200
    found = (await place.client.get(f"{place.base}/devices/{device['device_id']}")).json()
    assert [each["serial"] for each in found["meters"]] == ["E1"]
    # a device of our own convention that no meter names any more speaks for nobody
    assert routes(admin) == [(NAME, place.estate_id, True)]
    assert (await place.client.patch(path, json={"device": "homie:5/dev-1"})).status_code == 200
    assert routes(admin) == [("homie:5/dev-1", place.estate_id, False), (NAME, place.estate_id, True)]
    other = await settle(place.client, name="Oak Gardens")
    taken = {"unit_id": other.unit_id, "serial": "X1", "utility": "water", "device": "oak-1"}
    assert (await place.client.post(f"{other.base}/meters", json=taken)).status_code == 201
    answer = await place.client.patch(path, json={"device": "oak-1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "serial_taken")
    assert (await place.client.patch(path, json={"device": ""})).status_code == 200
    listed = (await place.client.get(f"{place.base}/meters")).json()["items"]
    assert [each["device"] for each in listed] == [None]
    assert ("homie:5/dev-1", place.estate_id, False) not in routes(admin)
    assert (await place.client.patch(path, json={"device": "a/+"})).status_code == 422
