"""Random readings, in any order and cut, under random tables of every role that come and change meanwhile."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mita.charging import operations as charging
from mita.metering.domain import Limits
from mita.tariffs.domain import Interval, bill, parse_document
from tests.integration.world import new_world

from .test_streams import assign

if TYPE_CHECKING:
    from mita.kit.db import Database
    from mita.tariffs.domain import RateTable
    from tests.integration.world import World

MICRO = 1_000_000
LONDON = ZoneInfo("Europe/London")
# whole billing periods of every table, with all the readings inside; the clocks go forward on 29 March
FIRST, UNTIL = date(2025, 12, 10), date(2026, 6, 10)
START = datetime(2026, 2, 20, 1, 7, tzinfo=UTC)
NOW = datetime(2026, 4, 20, tzinfo=UTC)
LIMITS = Limits(4 * MICRO, 2 * MICRO)
_numbers = itertools.count(1)
BLOCKS = '[{up_to: "12.5", price: "1.234567"}, {up_to: "40", price: "0.75"}, {price: "3.333333"}]'
CLOCKS = (
    "clocks: {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO,"
    " sunday: OOOOOOOOOOOOOOOOOSSOOOOO}"
)
LETTERS = f'{{P: {BLOCKS}, S: [{{up_to: "9", price: "2.22"}}, {{price: "0.000001"}}], O: [{{price: "1"}}]}}'
FORMS = {
    "flat": 'price: "2.345678"',
    "slab": f"blocks: {BLOCKS}",
    "volume": f"blocks_mode: volume, blocks: {BLOCKS}",
    "volume with allowance": f'blocks_mode: volume, allowance: "7.5", blocks: {BLOCKS}',
    "allowance": f'allowance: "11.1", blocks: {BLOCKS}',
    "by letter": f"blocks: {LETTERS}",
    "per letter": f'blocks_per_letter: true, allowance: "3", blocks: {LETTERS}',
    "volume per letter": f"blocks_mode: volume, blocks_per_letter: true, blocks: {LETTERS}",
}
TAXES = {
    "no tax": "",
    "exclusive": 'tax: {name: VAT, percent: "15", prices: exclusive}',
    "inclusive": 'tax: {name: VAT, percent: "7.5", prices: inclusive}',
}
CONVERSIONS = ("", 'conversion: {unit: MJ, factor: "1.118679"}')


@dataclass(frozen=True)
class Assigned:
    """One assignment of a story: a document under a role from a date on."""

    role: str
    document: str
    effective_from: date


def a_table(draw: st.DrawFn, *, billing_day: int, forms: tuple[str, ...] = tuple(FORMS)) -> str:
    form = draw(st.sampled_from(forms))
    return "\n".join(
        [
            "rate_table: 1",
            f"name: Table {next(_numbers)}",
            "utility: electricity",
            "currency: ZAR",
            "effective_from: 2025-01-01",
            f"billing_day: {billing_day}",
            TAXES[draw(st.sampled_from(sorted(TAXES)))],
            CLOCKS if "letter" in form else "",
            draw(st.sampled_from(CONVERSIONS)),
            f"charges: [{{name: Energy, kind: usage, {FORMS[form]}}}]",
        ]
    )


@st.composite
def assignments(draw: st.DrawFn) -> list[Assigned]:
    """Supply with a change in mid-month, network with another billing day, a levy that begins on 12 March."""
    found = [
        Assigned("supply", a_table(draw, billing_day=1), FIRST),
        Assigned("network", a_table(draw, billing_day=draw(st.sampled_from([5, 15]))), FIRST),
        Assigned("levy", a_table(draw, billing_day=1, forms=("flat",)), date(2026, 3, 12)),
    ]
    for role, day in (("supply", date(2026, 3, 17)), ("network", date(2026, 4, 1))):
        if draw(st.booleans()):
            found.append(Assigned(role, a_table(draw, billing_day=1), day))
    return found


def readings(seed: int) -> list[tuple[datetime, int]]:
    """Weeks of a register: rises, pauses, long gaps, dips, jumps that are held."""
    rng = random.Random(seed)
    rows, value, at = [], 10 * MICRO, START
    while at < START + timedelta(days=45):
        kind = rng.random()
        if kind < 0.1:
            rows.append((at, value - rng.randrange(1, 3 * MICRO)))
        elif kind < 0.15:
            rows.append((at, value + 900 * MICRO))
        else:
            value += rng.choice([0, 1, 137, 4_321, 250_000, 1_700_001])
            rows.append((at, value))
        at += timedelta(seconds=rng.choice([900, 1800, 3600, 26 * 3600, 100_000, 700_001]))
    return rows


def timeline(rows: list[tuple[datetime, int]]) -> list[Interval]:
    """What was used between the readings that count, by the rules for a reading."""
    found: list[Interval] = []
    anchor: tuple[int, int] | None = None
    for at, value in sorted(rows):
        second = int(at.timestamp())
        if anchor is None:
            anchor = (second, value)
            continue
        rise, elapsed = value - anchor[1], second - anchor[0]
        if 0 <= rise <= LIMITS.max_rate_micro * elapsed // 3600 + LIMITS.burst_micro:
            found.append(Interval(anchor[0], second, rise))
            anchor = (second, value)
    return found


def expected(told: list[Assigned], uses: list[Interval]) -> dict[str, tuple[int, int]]:
    """Return net and tax of each role, each by a bill of its own."""
    found = {}
    for role in ("supply", "network", "levy"):
        versions: list[RateTable] = []
        for each in sorted((each for each in told if each.role == role), key=lambda e: e.effective_from):
            if not versions and each.effective_from > FIRST:
                # nothing is charged before it begins; it has no limits that this would shrink
                free = FORMS["flat"].replace("2.345678", "0")
                document = each.document.replace(FORMS["flat"], free)
                versions.append(_from(parse_document(document), FIRST))
            versions.append(_from(parse_document(each.document), each.effective_from))
        made = bill(versions, zone=LONDON, uses={"import": uses}, first=FIRST, until=UNTIL)
        found[role] = (made.net_micro, made.tax_micro)
    return found


def _from(table: RateTable, day: date) -> RateTable:
    return replace(table, effective_from=day)


async def incomes(world: World) -> dict[str, int]:
    async with world.unit_of_work() as session:
        rows = await session.execute(
            text(
                "SELECT code, sum(amount_micro)::bigint AS total FROM entry JOIN account"
                " USING (estate_id, account_id) WHERE code LIKE 'income%' OR code = 'tax' GROUP BY code"
            )
        )
        return {row.code: row.total for row in rows}


@settings(max_examples=14, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=assignments(), seed=st.integers(0, 2**32), is_pending=st.booleans())
async def test_any_order_of_readings_and_tables_ends_as_a_bill_of_each_role(
    database: Database, told: list[Assigned], seed: int, *, is_pending: bool
) -> None:
    rng = random.Random(seed)
    rows = readings(seed)
    number = next(_numbers)
    world = await new_world(
        database, rates=None, limits=LIMITS, time_zone="Europe/London", name=f"Estate {number}"
    )
    spread = rng.choice([0, 3_600, 10**5, 10**8])
    arriving = sorted(rows, key=lambda row: row[0].timestamp() + rng.random() * spread)
    waiting = sorted(told, key=lambda _: rng.random())
    with pytest.MonkeyPatch.context() as patch:
        if is_pending:
            patch.setattr("mita.charging.operations.rerate.AT_ONCE_MAX", 0)
        while arriving or waiting:
            if waiting and (not arriving or rng.random() < 0.3):
                each = waiting.pop()
                await assign(world, each.document, role=each.role, effective_from=each.effective_from)
            else:
                size = rng.choice([1, 2, 5, 20])
                batch = [("M1", at, f"{v // MICRO}.{v % MICRO:06d}") for at, v in arriving[:size]]
                await world.charge(batch, now=NOW)
                arriving = arriving[size:]
        async with world.unit_of_work() as session:
            await charging.rerate_due(session, estate_id=world.estate_id, limit=9, now=NOW)
    costs = expected(told, timeline(rows))
    found = await incomes(world)
    assert {
        "supply": found.get("income:electricity", 0),
        "network": found.get("income:electricity:network", 0),
        "levy": found.get("income:electricity:levy", 0),
    } == {role: net for role, (net, _) in costs.items()}
    assert found.get("tax", 0) == sum(tax for _, tax in costs.values())
    assert await world.balances() == [-sum(net + tax for net, tax in costs.values())]
    assert await world.verified()


def test_the_rules_for_a_reading_by_hand() -> None:
    at = [START + timedelta(hours=hour) for hour in range(5)]
    rows = list(zip(at, [MICRO, 3 * MICRO, 2 * MICRO, 20 * MICRO, 8 * MICRO], strict=True))
    start = int(START.timestamp())
    assert timeline(rows) == [
        Interval(start, start + 3_600, 2 * MICRO),
        Interval(start + 3_600, start + 4 * 3_600, 5 * MICRO),
    ]
    assert [(a.end_s, b.start_s) for a, b in pairwise(timeline(rows))] == [(start + 3_600, start + 3_600)]
