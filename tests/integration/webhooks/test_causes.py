"""Each type is told by what truly happens, once, and only as it is documented."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mita import outgoing
from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import Rule
from mita.imports import operations as imports
from mita.imports.domain import Mode
from mita.imports.jobs import carry_out
from mita.imports.operations import NewFile
from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.ledger import operations as ledger
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import Limits
from mita.metering.operations import NewMeter, Swap
from mita.notifications import queries as notification_queries
from mita.outgoing import TOLD_MAX
from mita.tenancies.events import Offboarded, Onboarded
from mita.webhooks.domain import EXAMPLES, PING, Topic
from tests.integration.world import NOW, at, new_world, put_in_force
from tests.unit.house.test_docs_complete import REFERENCE, table_rows

from .hooks import Hooks

if TYPE_CHECKING:
    import psycopg

    from mita.kit.db import Database

GUIDE = (REFERENCE / "webhooks.md").read_text(encoding="utf-8")


class Told:
    """What an endpoint was told, by type, as it would be sent."""

    def __init__(self, hooks: Hooks, endpoint_id: int) -> None:
        self._hooks = hooks
        self._endpoint_id = endpoint_id

    async def of(self, topic: Topic) -> list[dict[str, Any]]:
        rows = await self._hooks.deliveries(self._endpoint_id, topic=topic.value)
        payloads = [json.loads(row.body) for row in rows]
        for payload in payloads:
            assert payload["type"] == topic.value
            assert shape(payload["data"]) == shape(EXAMPLES[topic]), "as documented"
        return [payload["data"] for payload in payloads]


def shape(value: Any) -> Any:
    """Return a value's keys, down to what its first items have; what may be null says nothing."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None if value is None or isinstance(value, str | int) else type(value)


async def listening(database: Database, **world: Any) -> tuple[Hooks, Told]:
    hooks = Hooks(await new_world(database, **world))
    endpoint_id, _ = await hooks.endpoint("http://127.0.0.1:1/")
    return hooks, Told(hooks, endpoint_id)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "ZAR"}


async def test_money_and_standings(database: Database) -> None:
    hooks, told = await listening(database)
    world = hooks.world
    rule = Rule("electricity", is_cutting=True, low_micro=50_000_000, cut_micro=0, restore_micro=10_000_000)
    await world.set_rule(rule)
    await world.top_up("100.00", key="k1")
    await world.top_up("100.00", key="k1")  # again: nothing happens
    await world.charge([("M1", at(0), "0"), ("M1", at(1), "30")])  # 69.00: 31.00 is left
    await world.charge([("M1", at(2), "60")])  # -38.00
    (command,) = await commands(world)
    for state in ("sent", "acknowledged", "confirmed", "confirmed"):
        async with world.unit_of_work() as session:
            await credit.record_command_state(
                session, estate_id=world.estate_id, command_id=command, state=state, now=NOW
            )
    await world.top_up("60.00", key="k2")  # 22.00: back, and low

    topped = await told.of(Topic.TOP_UP)
    assert [each["received"] for each in topped] == [money("100.000000"), money("60.000000")]
    assert {(each["wallet_id"], each["unit_id"], each["method"]) for each in topped} == {
        (1, world.unit_ids[0], "cash")
    }
    balance = {"wallet_id": 1, "unit_id": world.unit_ids[0], "utility": "electricity"}
    low, out, back = [
        (await told.of(topic)) for topic in (Topic.LOW_BALANCE, Topic.BALANCE_OUT, Topic.BALANCE_BACK)
    ]
    assert low[-1] == {**balance, "balance": money("31.000000")}
    assert out[-1] == {**balance, "balance": money("-38.000000")}
    assert back[-1] == {**balance, "balance": money("22.000000")}
    assert await told.of(Topic.SUPPLY_CHANGED) == [
        {
            "unit_id": world.unit_ids[0],
            "utility": "electricity",
            "is_on": False,
            "command_id": str(command),
        }
    ]


async def commands(world: Any) -> list[Any]:
    async with world.unit_of_work() as session:
        found = await credit_queries.commands(session, estate_id=world.estate_id, states=["asked"])
    return [each.command_id for each in found if each.action == "off"][:1]


async def test_readings_are_told_by_the_batch(database: Database) -> None:
    hooks, told = await listening(database, meters=2, limits=Limits(1_000_000, 0))
    world = hooks.world
    assert await told.of(Topic.READING) == []
    await world.charge(
        [("M1", at(0), "0"), ("M2", at(0), "7"), ("M1", at(1), "1"), ("M1", at(1), "1"), ("gone", at(1), "1")]
    )
    await world.charge([("M1", at(2), "50"), ("M2", at(1), "7.5")])
    first, second = await told.of(Topic.READING)
    reading = {"register": "import", "class": "charged"}
    one = {**reading, "meter_id": world.meter_ids[0], "meter": "M1", "unit_id": world.unit_ids[0]}
    two = {**reading, "meter_id": world.meter_ids[1], "meter": "M2", "unit_id": world.unit_ids[1]}
    assert first["readings"] == [
        {**one, "taken_at": "2026-03-01T01:00:00Z", "value": {"amount": "1.000000", "unit": "kWh"}},
        {
            **two,
            "taken_at": "2026-03-01T00:00:00Z",
            "value": {"amount": "7.000000", "unit": "kWh"},
            "class": "first",
        },
    ], "the newest of each register, in one webhook"
    held = {
        **one,
        "taken_at": "2026-03-01T02:00:00Z",
        "value": {"amount": "50.000000", "unit": "kWh"},
        "class": "held",
    }
    assert held in second["readings"]
    assert await told.of(Topic.READING_HELD) == [{"readings": [held]}]


async def test_a_swap_is_told(database: Database) -> None:
    hooks, told = await listening(database, meters=2)
    world = hooks.world
    swap = Swap(
        swap_id=new_id(),
        old_meter_id=world.meter_ids[0],
        new_meter_id=world.meter_ids[1],
        swapped_at=at(5),
        reason="worn out",
        closing_micro={"import": 5_000_000},
        opening_micro={"import": 0},
        key="k1",
        body_hash=bytes(32),
        actor="staff:test",
    )
    async with world.unit_of_work() as session:
        await metering.record_swap(session, estate_id=world.estate_id, swap=swap, now=NOW)
    assert await told.of(Topic.METER_SWAPPED) == [
        {
            "swap_id": str(swap.swap_id),
            "old_meter_id": world.meter_ids[0],
            "new_meter_id": world.meter_ids[1],
            "unit_id": world.unit_ids[0],
            "utility": "electricity",
            "swapped_at": "2026-03-01T05:00:00Z",
        }
    ]


async def test_handovers_are_told(database: Database) -> None:
    hooks, told = await listening(database)
    who = {"unit_id": 1, "occupancy_id": 2, "person_id": 3, "wallet_id": 4}
    handover_id = new_id()
    of = {"estate_id": hooks.estate_id, "handover_id": handover_id}
    async with hooks.world.unit_of_work() as session:
        await publish(session, Onboarded(**of, **who), now=NOW)
        await publish(session, Offboarded(**of, **who, balance_micro=-4_500_000), now=NOW)
    shown = {"handover_id": str(handover_id), **who}
    assert await told.of(Topic.ONBOARDED) == [shown]
    assert await told.of(Topic.OFFBOARDED) == [{**shown, "balance": money("-4.500000")}]


async def test_many_meters_are_told_in_hundreds(database: Database) -> None:
    hooks, told = await listening(database, meters=230)
    assert TOLD_MAX == 100
    await hooks.world.charge([(f"M{number + 1}", at(0), "0") for number in range(230)])
    told_of = [len(each["readings"]) for each in await told.of(Topic.READING)]
    assert told_of == [100, 100, 30]


async def test_meters_rates_and_months(database: Database) -> None:
    hooks, told = await listening(database)
    world = hooks.world
    async with world.unit_of_work() as session:
        new = [NewMeter(world.unit_ids[0], "W1", "water")]
        (meter_id,) = await metering.install_meters(session, estate_id=world.estate_id, meters=new, now=NOW)
    assert await told.of(Topic.METER_INSTALLED) == [
        {"meters": [{"meter_id": meter_id, "unit_id": world.unit_ids[0], "utility": "water"}]}
    ]
    await put_in_force(world, RATES)
    (rate,) = await told.of(Topic.RATE_ASSIGNED)
    assert {**rate, "rate_table_id": 0} == {
        "utility": "water",
        "role": "supply",
        "rate_table_id": 0,
        "effective_from": "2026-02-01",
        "effective_until": None,
    }
    await world.top_up("80.00", key="k1", now=datetime(2026, 2, 10, tzinfo=UTC))
    month = date(2026, 2, 1)
    async with world.unit_of_work() as session:
        of_month = {"estate_id": world.estate_id, "period": month, "now": NOW}
        await ledger.close_month(session, **of_month, actor="staff:test")
        await ledger.lock_month(session, **of_month)
        await ledger.lock_month(session, **of_month)
    assert await told.of(Topic.PERIOD_CLOSED) == [
        {"period": "2026-02", "entries": 2, "turnover": money("80.000000")}
    ]


RATES = """
rate_table: 1
name: Water
utility: water
currency: ZAR
effective_from: 2026-02-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges: [{name: Water, kind: usage, price: "2.00"}]
"""


async def silences(world: Any) -> list[tuple[str, datetime]]:
    async with world.unit_of_work() as session:
        rows = await metering_queries.silent_meters(session, estate_id=world.estate_id)
    return [(row.serial, row.silent_since) for row in rows]


async def notice(world: Any, *, now: datetime) -> int:
    async with world.unit_of_work() as session:
        return await metering.notice_silence(session, estate_id=world.estate_id, now=now)


async def alerts(world: Any) -> list[tuple[str, bool]]:
    async with world.unit_of_work() as session:
        rows = await notification_queries.alerts(session, estate_id=world.estate_id, person_id=None)
    return sorted((row.subject, row.resolved_at is None) for row in rows if row.kind == "meter_silent")


async def test_a_meter_falls_silent_once_and_is_heard_with_its_next_reading(
    database: Database, admin: psycopg.Connection
) -> None:
    hooks, told = await listening(database, meters=3)
    world = hooks.world
    admin.execute("UPDATE meter SET device = NULL WHERE serial = 'M3'")  # read by hand: nobody waits for it
    last = NOW + timedelta(hours=1)
    await world.charge([("M1", last, "1")], now=last)
    assert await notice(world, now=NOW + timedelta(hours=23, minutes=59)) == 0
    assert await notice(world, now=NOW + timedelta(hours=24)) == 1
    assert await silences(world) == [("M2", NOW)], "silent since it was installed"
    later = last + timedelta(hours=24)
    assert await notice(world, now=later) == 1
    assert await notice(world, now=later + timedelta(hours=5)) == 0, "once"
    assert await silences(world) == [("M1", last), ("M2", NOW)]
    offline = await told.of(Topic.METER_OFFLINE)
    assert [(each["meter"], each["silent_since"]) for each in offline] == [
        ("M2", "2026-03-20T12:00:00Z"),
        ("M1", "2026-03-20T13:00:00Z"),
    ]
    assert await alerts(world) == [("meter:1", True), ("meter:2", True)]

    again = later + timedelta(hours=6)
    await world.charge([("M1", last + timedelta(minutes=1), "2")], now=again)
    assert len(await silences(world)) == 2, "an old reading that comes late is no sign of life"
    await world.charge([("M1", again, "3")], now=again)
    assert await silences(world) == [("M2", NOW)]
    online = await told.of(Topic.METER_ONLINE)
    assert [(each["meter"], each["unit_id"]) for each in online] == [("M1", world.unit_ids[0])]
    assert await alerts(world) == [("meter:1", False), ("meter:2", True)]


async def test_the_estate_says_after_how_long(database: Database) -> None:
    hooks, told = await listening(database)
    world = hooks.world
    later = NOW + timedelta(hours=30)
    for hours, silent in ((48, []), (12, ["M1"]), (48, []), (1, ["M1"]), (None, [])):
        async with world.unit_of_work() as session:
            await metering.set_silence_rule(session, estate_id=world.estate_id, silent_hours=hours, now=later)
        await notice(world, now=later)
        assert [serial for serial, _ in await silences(world)] == silent, hours
    assert len(await told.of(Topic.METER_OFFLINE)) == len(await told.of(Topic.METER_ONLINE)) == 2


async def test_imports(database: Database) -> None:
    hooks, told = await listening(database)
    estate_id = hooks.world.estate_id
    cases = [("valid_rows", "name\nX1\nX1\nX2\n", False), ("all_or_nothing", "name\nY1\nY1\n", False)]
    for number, (mode, text, is_dry_run) in enumerate([*cases, ("valid_rows", "name\nZ1\n", True)]):
        new = NewFile("units", "units.csv", text.encode(), Mode(mode), is_dry_run, f"k{number}")
        async with hooks.world.unit_of_work() as session:
            file, _ = await imports.receive_file(session, estate_id=estate_id, new=new, actor="test", now=NOW)
        await carry_out(database, estate_id=estate_id, import_id=file.import_id)
    done, refused = await told.of(Topic.IMPORT_FINISHED)
    assert (done["kind"], done["state"], done["rows"], done["failed"]) == ("units", "done", 3, 1)
    assert (refused["state"], refused["rows"], refused["failed"]) == ("refused", 2, 1)


# ── the documentation ──


def test_every_type_is_documented_with_its_example() -> None:
    rows = table_rows(GUIDE)
    assert [word for word in rows if "." in word and not word.startswith("MITA")] == [*Topic]
    for topic in (*Topic, PING):
        section = GUIDE.partition(f"\n### `{topic}`\n")[2].partition("\n### ")[0]
        (block,) = section.split("```json\n")[1:]
        payload = json.loads(block.partition("```")[0])
        assert payload == {"type": topic, "timestamp": "2026-03-01T10:00:00Z", "data": EXAMPLES[topic]}, topic


def test_every_type_has_a_cause() -> None:
    source = Path(outgoing.__file__).read_text(encoding="utf-8")
    assert {topic for topic in Topic if f"Topic.{topic.name}" not in source} == set()
