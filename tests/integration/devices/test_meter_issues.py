"""What readings show becomes issues of meters; staff is told, once; so does a token that nobody renews."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from mita.devices import jobs, operations
from mita.devices.domain import REMEDIES
from mita.devices.operations import Noted
from mita.drivers.wire import Alarm
from mita.entrypoints import metrics
from mita.entrypoints.health import Health
from mita.identity import operations as identity
from mita.identity.domain import Role, RolePlace
from tests.integration.webhooks.hooks import Hooks
from tests.integration.world import World

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database
    from tests.integration.api.place import Place

QUARTER = timedelta(minutes=15)


async def look(database: Database, place: Place, now: datetime) -> int:
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        return await operations.note_readings(session, estate_id=place.estate_id, now=now)


async def issues(place: Place, query: str = "state=open") -> list[dict[str, Any]]:
    answer = await place.client.get(f"{place.base}/issues?{query}")
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


async def alerts(place: Place, query: str = "is_open=true") -> list[str]:
    found = (await place.client.get(f"{place.base}/alerts?kind=meter_issue&{query}")).json()["items"]
    return [each["sentence"] for each in found]


async def mails(admin: psycopg.Connection, database: Database) -> list[tuple[str, str]]:
    """Carry out what is enqueued of writing; return what was written so far."""
    taken = "DELETE FROM procrastinate_jobs WHERE task_name = 'devices:write_to_staff' RETURNING args"
    context: Any = SimpleNamespace(additional_context={"database": database})
    found = admin.execute(taken).fetchall()
    admin.commit()
    for (args,) in found:
        await jobs.write_to_staff(context, **args)
    return admin.execute(
        "SELECT template, address_hint FROM message WHERE template = 'meter_issues' ORDER BY address_hint"
    ).fetchall()


async def employ(database: Database, place: Place, role: Role, email: str | None) -> None:
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        person = await identity.create_person(
            session, name=role.value, email=email, phone=None, now=datetime.now(tz=UTC)
        )
        await identity.grant_role(
            session,
            person_id=person.person_id,
            role=role,
            place=RolePlace(estate_id=place.estate_id),
            until=None,
            actor="staff:test",
            now=datetime.now(tz=UTC),
        )


async def test_a_register_that_falls_is_told_once_and_is_over_by_itself(
    place: Place, database: Database, admin: psycopg.Connection
) -> None:
    hooks = Hooks(World(database, place.estate_id, [place.unit_id], [place.meter_id]))
    endpoint_id, _ = await hooks.endpoint("http://127.0.0.1:1/")
    await employ(database, place, Role.INSTALLER, "ina@example.com")
    await employ(database, place, Role.OPERATOR, "olu@example.com")
    await employ(database, place, Role.AUDITOR, "ada@example.com")
    await employ(database, place, Role.MANAGING_AGENT, None)
    last = datetime.now(tz=UTC).replace(microsecond=0) - timedelta(hours=1)
    # a meter without a device; what it had is history
    (serial,) = admin.execute("SELECT serial FROM meter").fetchone() or ("",)
    rows = [(turn, "50000") for turn in range(8, 2, -1)] + [(2, "0"), (1, "7.5")]
    await place.send(*(((last - QUARTER * turn).isoformat(), value) for turn, value in rows[:7]))
    assert await look(database, place, last) == 0, "one fall may be a slip"
    await place.send(*(((last - QUARTER * turn).isoformat(), value) for turn, value in rows[7:]))
    assert await look(database, place, last) == 1
    assert await look(database, place, last + timedelta(seconds=1)) == 1
    (issue,) = await issues(place)
    assert issue | {"issue_id": 0, "since": 0, "last_at": 0} == {
        "issue_id": 0,
        "device_id": None,
        "meter_id": place.meter_id,
        "name": serial,
        "kind": "reset",
        "severity": "urgent",
        "detail": "import showed 50000 kWh, now 7.5 kWh",
        "remedy": REMEDIES["reset"],
        "since": 0,
        "last_at": 0,
        "until": None,
    }
    assert datetime.fromisoformat(issue["since"]) + timedelta(seconds=1) == datetime.fromisoformat(
        issue["last_at"]
    )
    assert await issues(place, f"meter_id={place.meter_id}&kind=reset") == [issue]
    assert await issues(place, "kind=leak") == await issues(place, "state=over") == []
    (told,) = await alerts(place)
    assert told.startswith(f"{serial}: reset. import showed 50000 kWh, now 7.5 kWh. Its register began anew")
    # operator and installer have an address; an auditor looks after no meter
    assert await mails(admin, database) == [
        ("meter_issues", "i…@example.com"),
        ("meter_issues", "o…@example.com"),
    ]

    # it is above again, falls again within a day, and once more after it
    async def again(now: datetime, *values: str) -> None:
        times = (now - timedelta(minutes=len(values) - turn) for turn in range(len(values)))
        await place.send(*zip((each.isoformat() for each in times), values, strict=True))
        await look(database, place, now)

    await again(last + timedelta(minutes=10), "50001")
    assert await alerts(place) == await issues(place) == []
    await again(last + timedelta(minutes=20), "1", "2")
    assert len(await alerts(place)) == 1
    assert len(await mails(admin, database)) == 2
    await again(last + timedelta(minutes=30), "50002")
    await again(last + timedelta(minutes=40), "1", "2")
    admin.execute("UPDATE meter_issue SET told_at = told_at - interval '1 day'")
    admin.commit()
    await again(last + timedelta(minutes=50), "50003")
    await again(last + timedelta(minutes=55), "1", "2")
    assert len(await mails(admin, database)) == 4
    assert len(await issues(place, "state=over")) == 3

    bodies = [
        json.loads(row.body)["data"] for row in await hooks.deliveries(endpoint_id, topic="meter.issue")
    ]
    states = sorted(each["state"] for each in bodies)
    assert states == ["open"] * 4 + ["over"] * 3
    assert {each["issue_id"] for each in bodies} == {each["issue_id"] for each in await issues(place, "")}
    await Health(database).exposition()
    assert metrics.ISSUES.labels("meter", "reset")._value.get() == 1


async def test_staff_is_told_of_what_the_estate_chose(place: Place, database: Database) -> None:
    rule = f"{place.base}/issue-rule"
    assert "leak" in (await place.client.get(rule)).json()["kinds"]
    refused = await place.client.put(rule, json={"kinds": ["leak", "haunted"]})
    assert (refused.status_code, refused.json()["problems"][0]["path"]) == (422, "body.kinds.1")
    chosen = await place.client.put(rule, json={"kinds": ["low_battery", "burst", "burst"]})
    assert (
        chosen.json()
        == (await place.client.get(rule)).json()
        == {
            "kinds": ["burst", "low_battery"],
            "frozen_days": 30,
        }
    )
    device = (
        await place.client.post(f"{place.base}/devices", json={"driver": "tasmota", "address": "p"})
    ).json()
    meter = {"unit_id": place.unit_id, "serial": "P1", "utility": "water", "device": "tasmota:p"}
    meter_id = (await place.client.post(f"{place.base}/meters", json=meter)).json()["meter_id"]
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    burst, over = Alarm("burst", "12 m3 an hour\nSubject: x"), Alarm("burst", "", is_over=True)
    said = Noted("tasmota:p", at, [burst, Alarm("leak", "since days")])
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        # what came and went at once is told to nobody
        await operations.note(
            session, estate_id=place.estate_id, noted=[Noted("tasmota:p", at, [burst, over])]
        )
    assert await alerts(place, "") == []
    async with database.unit_of_work(estates=[place.estate_id]) as session:
        await operations.note(session, estate_id=place.estate_id, noted=[said])
    (told,) = await alerts(place)
    assert told.startswith("tasmota:p: burst. 12 m3 an hour Subject: x. Very much water runs")
    # of the meter's device as well, and of nobody else's
    assert {each["kind"] for each in await issues(place, f"state=open&meter_id={meter_id}")} == {
        "burst",
        "leak",
    }
    assert await issues(place, f"state=open&meter_id={place.meter_id}") == []
    (listed, _) = await issues(place, f"state=open&device_id={device['device_id']}")
    first = await place.client.get(f"{place.base}/issues?limit=1")
    assert first.json()["items"] == [listed]
    rest = await place.client.get(f"{place.base}/issues?before={first.json()['next']}")
    assert len(rest.json()["items"]) == 2
    assert (await place.client.get(f"{place.base}/issues?meter_id=999")).status_code == 404
    # with the device its alerts go
    await place.client.delete(f"{place.base}/devices/{device['device_id']}")
    assert await alerts(place) == []


async def test_gaps_are_of_meters_that_nobody_looks_for(
    place: Place, database: Database, admin: psycopg.Connection
) -> None:
    last = datetime.now(tz=UTC).replace(microsecond=0)
    times = [last - QUARTER * turn for turn in range(8, -1, -1)]
    await place.send(*((each.isoformat(), str(100 + turn)) for turn, each in enumerate(times)))
    admin.execute("UPDATE reading SET received_at = taken_at")
    admin.commit()
    later = last + QUARTER * 5
    assert await look(database, place, later) == 1
    (found,) = await issues(place)
    assert (found["kind"], found["severity"]) == ("gaps", "warning")
    assert found["detail"] == f"import comes every 15 min; nothing since {last:%Y-%m-%d %H:%M} UTC"
    assert await alerts(place) == []
    assert await look(database, place, last + QUARTER) == 0
    assert await look(database, place, later) == 1
    # metering has noticed that the whole meter is silent
    silent = "INSERT INTO meter_silence VALUES (%s, %s, %s, %s)"
    admin.execute(silent, (place.estate_id, place.meter_id, last, last))
    admin.commit()
    assert await look(database, place, later) == 0
    # read by people from now on
    admin.execute("DELETE FROM meter_silence")
    admin.execute("UPDATE meter SET is_read_by_hand = true")
    admin.commit()
    assert await look(database, place, later) == 0
    assert [each["kind"] for each in await issues(place, "state=over")] == ["gaps", "gaps"]


async def test_a_token_that_ends_soon_is_an_issue_until_there_is_another(
    place: Place, database: Database
) -> None:
    now = datetime.now(tz=UTC)
    for name in ("board", "free"):
        meter = {"unit_id": place.unit_id, "serial": name, "utility": "water", "device": name}
        assert (await place.client.post(f"{place.base}/meters", json=meter)).status_code == 201
    await place.client.post(f"{place.base}/devices", json={"driver": "mita", "address": "board"})
    path = f"{place.base}/device-tokens"
    for name, days in (("board", 4), ("board", 3), ("free", 4)):
        ends = (now + timedelta(days=days)).isoformat()
        assert (await place.client.post(path, json={"device": name, "expires_at": ends})).status_code == 201
    context: Any = SimpleNamespace(additional_context={"database": database})
    await jobs.note_readings(context, 0)
    found = {(each["name"], each["kind"], each["meter_id"] is None) for each in await issues(place)}
    assert found == {("board", "token_expiring", True), ("free", "token_expiring", False)}
    shown = f"its last token ends {now + timedelta(days=4):%Y-%m-%d %H:%M} UTC"
    assert {each["detail"] for each in await issues(place)} == {shown}
    await place.client.post(
        path, json={"device": "board", "expires_at": (now + timedelta(days=6)).isoformat()}
    )
    await place.client.post(path, json={"device": "free"})
    await jobs.note_readings(context, 0)
    assert await issues(place) == []
