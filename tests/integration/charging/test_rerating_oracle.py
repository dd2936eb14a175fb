"""Readings and rate tables in any order end as in a clean run: first every table, then readings by time."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mita.charging import operations as charging
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import Scope, parse_document
from mita.tariffs.operations import Order
from tests.integration.world import BLOCKS_AND_HOURS, FLAT, World, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database

NOW = datetime(2026, 5, 5, tzinfo=UTC)
FIRST = datetime(2026, 2, 20, tzinfo=UTC)
METERS = 2
TABLES = (
    FLAT,
    FLAT.replace('"2.00"', '"3.333333"').replace("Flat", "Inclusive").replace("exclusive", "inclusive"),
    FLAT.replace('price: "2.00"', 'blocks: [{up_to: "40", price: "1.1"}, {price: "5"}]').replace(
        "Flat", "Steps"
    ),
    FLAT.replace('price: "2.00"', 'allowance: "25", price: "4"')
    .replace("charges:", "billing_day: 12\ncharges:")
    .replace("Flat", "Allowance"),
    BLOCKS_AND_HOURS,
)
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Assign:
    table: int
    scope: Scope
    meter: int
    first: date
    until: date | None


@dataclass(frozen=True)
class Read:
    """A batch of (meter, hours since FIRST, units)."""

    rows: tuple[tuple[int, int, int], ...]


Act = Assign | Read

_dates = st.dates(date(2026, 2, 16), date(2026, 4, 20))


@st.composite
def _assigns(draw: st.DrawFn) -> Assign:
    first = draw(_dates)
    length = draw(st.none() | st.integers(1, 40))
    return Assign(
        draw(st.integers(0, len(TABLES) - 1)),
        draw(st.sampled_from((Scope.ESTATE, Scope.ESTATE, Scope.UNIT, Scope.METER))),
        draw(st.integers(0, METERS - 1)),
        first,
        None if length is None else first + timedelta(days=length),
    )


@st.composite
def stories(draw: st.DrawFn) -> list[Act]:
    """Every meter's rising readings in batches of any order, with assignments in between."""
    rows = []
    for meter in range(METERS):
        hours = sorted(draw(st.sets(st.integers(0, 24 * 68), min_size=2, max_size=9)))
        values = sorted(draw(st.lists(st.integers(0, 200), min_size=len(hours), max_size=len(hours))))
        rows += [(meter, hour, value) for hour, value in zip(hours, values, strict=True)]
    rows = draw(st.permutations(rows))
    cuts = sorted(draw(st.sets(st.integers(1, len(rows) - 1), max_size=4)))
    batches = [Read(tuple(rows[a:b])) for a, b in itertools.pairwise([0, *cuts, len(rows)])]
    acts: list[Act] = [*batches, *draw(st.lists(_assigns(), min_size=1, max_size=4))]
    # mostly something is charged, with limits, before it changes
    base = Assign(draw(st.integers(2, 4)), Scope.ESTATE, 0, date(2026, 2, 15), None)
    return [base, *batches[:1], *draw(st.permutations(acts[1:]))]


async def _assign(world: World, act: Assign) -> None:
    async with world.unit_of_work() as session:
        table = parse_document(TABLES[act.table])
        row = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency="ZAR", table=table, now=NOW
        )
        target = {Scope.UNIT: world.unit_ids, Scope.METER: world.meter_ids}.get(act.scope)
        order = Order(
            row.rate_table_id,
            "staff:ann",
            scope=act.scope,
            target_id=target[act.meter] if target else 0,
            effective_from=act.first,
            effective_until=act.until,
            is_correction=True,
            reason="a story",
        )
        await tariffs.assign_rate_table(session, estate_id=world.estate_id, order=order, now=NOW)


async def _read(world: World, rows: list[tuple[int, int, int]]) -> None:
    await world.charge(
        [(f"M{meter + 1}", FIRST + timedelta(hours=hour), str(units)) for meter, hour, units in rows], now=NOW
    )


async def _picture(world: World) -> list[tuple[object, ...]]:
    """Return what the readings became, with their running totals."""
    async with world.unit_of_work() as session:
        rows = await session.execute(
            text(
                "SELECT m.serial, b.taken_at, CASE b.class WHEN 4 THEN 2 WHEN 3 THEN 2 ELSE b.class END,"
                " b.run_quantity_micro, b.run_cost_micro, b.run_rest FROM reading AS b"
                " JOIN register AS r USING (estate_id, register_id)"
                " JOIN meter AS m USING (estate_id, meter_id)"
                " ORDER BY m.serial, b.taken_at"
            )
        )
        return [tuple(row) for row in rows]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories(), st.sampled_from((0, 20)))
async def test_any_order_of_readings_and_tables_ends_as_the_clean_run(
    database: Database, story: list[Act], at_once_max: int
) -> None:
    world = await new_world(database, meters=METERS, rates=None, name=f"Estate {next(_numbers)}")
    clean = await new_world(database, meters=METERS, rates=None, name=f"Estate {next(_numbers)}")
    with patch("mita.charging.operations.rerate.AT_ONCE_MAX", at_once_max):
        for act in story:
            if isinstance(act, Assign):
                await _assign(world, act)
            else:
                await _read(world, list(act.rows))
    left = 1
    while left:
        async with world.unit_of_work() as session:
            left = await charging.rerate_due(session, estate_id=world.estate_id, limit=1, now=NOW)
    for act in story:
        if isinstance(act, Assign):
            await _assign(clean, act)
    rows = sorted(row for act in story if isinstance(act, Read) for row in act.rows)
    await _read(clean, rows)
    assert await world.balances() == await clean.balances()
    assert await _picture(world) == await _picture(clean)
    assert await world.verified()
