"""All that makes a past be charged again, at once, ends as in a clean run that knew everything before.

Late and held readings that a person accepts, rate tables of several roles for the estate, a unit, a meter or
a register, standing charges, demand and minimum bills, billing days inside a month, clocks that change.
"""

from __future__ import annotations

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mita.charging import operations as charging
from mita.metering.domain import Limits, ReadingClass
from mita.tariffs.domain import Scope
from tests.integration.charging.timed import assign, run
from tests.integration.world import World, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database

FIRST, END = datetime(2026, 2, 20, 7, tzinfo=UTC), datetime(2026, 5, 3, tzinfo=UTC)
# the clock goes forward on 29 March in London; on 5 April it goes back half an hour on Lord Howe
ZONES = ("Europe/London", "Australia/Lord_Howe")
MICRO = 1_000_000
HEAD = """
rate_table: 1
name: {name}
utility: electricity
currency: ZAR
effective_from: 2026-01-01
tax: {{name: VAT, percent: "{percent}", prices: {prices}}}
billing_day: {billing_day}
{clocks}charges:
{charges}
"""
CLOCKS = """clocks: {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO,
         sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
"""
USAGE = (
    '  - {name: Energy, kind: usage, price: "1.234567"}',
    '  - {name: Energy, kind: usage, allowance: "9", blocks: [{up_to: "40", price: "1.1"}, {price: "5"}]}',
    '  - {name: Energy, kind: usage, blocks_mode: volume, blocks: [{up_to: "50", price: "3"}, {price: "2"}]}',
)
BY_HOUR = '  - {name: Energy, kind: usage, price: {P: "4.4", S: "2.2", O: "1.000001"}}'
TIMED = (
    '  - {name: Service, kind: fixed, per: day, price: "0.333333"}',
    '  - {name: Line, kind: fixed, per: month, price: "45.67"}',
    '  - {name: Peak, kind: demand, interval_minutes: 30, unit: kW, price: "7.7"}',
    '  - {name: Least, kind: minimum, per: month, price: "150.00"}',
)
_numbers = itertools.count(1)


def table(rng: random.Random) -> str:
    """Return a table of one form of usage and some charges by time."""
    has_clocks = rng.random() < 0.3
    usage = BY_HOUR if has_clocks else rng.choice(USAGE)
    return HEAD.format(
        name=f"Table {next(_numbers)}",
        percent=rng.choice(["0", "15"]),
        prices=rng.choice(["inclusive", "exclusive"]),
        billing_day=rng.choice([1, 12, 28]),
        clocks=CLOCKS if has_clocks else "",
        charges="\n".join([usage, *(line for line in TIMED if rng.random() < 0.5)]),
    )


def orders(rng: random.Random, world: World) -> list[tuple[str, dict[str, object]]]:
    """Return what is assigned: supply from before the first reading on, then anything."""
    found: list[tuple[str, dict[str, object]]] = [(table(rng), {"effective_from": date(2026, 2, 1)})]
    for _ in range(rng.randint(2, 5)):
        scope = rng.choice(list(Scope))
        target = {Scope.ESTATE: 0, Scope.UNIT: world.unit_ids[0], Scope.METER: world.meter_ids[0]}
        first = date(2026, 2, 16) + timedelta(days=rng.randrange(70))
        until = None if rng.random() < 0.4 else first + timedelta(days=rng.randint(1, 40))
        order: dict[str, object] = {
            "role": rng.choice(["supply", "supply", "network", "levy"]),
            "scope": scope,
            # its meter's first register
            "target_id": target.get(scope, -1),
            "effective_from": first,
            "effective_until": until,
            "is_correction": True,
            "reason": "a story",
        }
        found.append((table(rng), order))
    return found


def readings(rng: random.Random) -> list[tuple[datetime, int]]:
    """Return rising readings, some of whose rises are held."""
    span = int((END - FIRST) / timedelta(minutes=1))
    minutes = sorted({0, span, *(rng.randrange(span) for _ in range(rng.randint(3, 12)))})
    values = sorted(rng.randrange(400 * MICRO) for _ in minutes)
    return [(FIRST + timedelta(minutes=m), v) for m, v in zip(minutes, values, strict=True)]


async def put(world: World, document: str, order: dict[str, object]) -> None:
    if order.get("target_id") == -1:
        order = {**order, "target_id": await register_id(world)}
    await assign(world, document, now=END, **order)


async def register_id(world: World) -> int:
    async with world.unit_of_work() as session:
        return int(await session.scalar(text("SELECT min(register_id) FROM register")) or 0)


async def read(world: World, rows: list[tuple[datetime, int]]) -> None:
    await world.charge([("M1", at, f"{value // MICRO}.{value % MICRO:06d}") for at, value in rows], now=END)


async def accept(world: World, rng: random.Random, *, most: int) -> None:
    """Accept held readings, in any order."""
    for _ in range(most):
        async with world.unit_of_work() as session:
            held = await session.scalars(
                text("SELECT taken_at FROM reading WHERE class = :held ORDER BY taken_at"),
                {"held": int(ReadingClass.HELD)},
            )
            instants = held.all()
            if not instants:
                return
            await charging.accept_held_reading(
                session,
                estate_id=world.estate_id,
                register_id=await register_id(world),
                taken_at=rng.choice(instants),
                actor="staff:ann",
                now=END,
            )


async def settle(world: World, rng: random.Random) -> None:
    """Let all that waits be done: reratings, held readings, what falls due."""
    left = 1
    while left:
        async with world.unit_of_work() as session:
            left = await charging.rerate_due(session, estate_id=world.estate_id, limit=1, now=END)
    await accept(world, rng, most=50)
    await run(world, END + timedelta(hours=2))


async def picture(world: World) -> dict[str, list[tuple[object, ...]]]:
    """Return running states, what is kept beside them, and each timed charge as it is now."""
    found = {}
    async with world.unit_of_work() as session:
        for name, statement in {
            "readings": "SELECT taken_at, run_quantity_micro, run_cost_micro, run_rest FROM reading"
            " WHERE class < 6 ORDER BY taken_at",
            "runs": "SELECT taken_at, role, numbers FROM reading_run ORDER BY taken_at, role",
            "timed": "SELECT * FROM (SELECT DISTINCT ON (payer_scope, role, charge, kind, first_day)"
            " payer_scope, role, charge, kind, first_day, new_net_micro, new_tax_micro FROM timed_charge"
            " ORDER BY payer_scope, role, charge, kind, first_day, timed_charge_id DESC) AS newest"
            " WHERE (new_net_micro, new_tax_micro) <> (0, 0)",
            "income": "SELECT code, posted_micro FROM account WHERE code LIKE 'income:%'"
            " AND posted_micro <> 0 ORDER BY code",
        }.items():
            found[name] = [tuple(row) for row in await session.execute(text(statement))]
    return found


@pytest.mark.parametrize("time_zone", ZONES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
async def test_everything_at_once_ends_as_the_clean_run(
    database: Database, time_zone: str, seed: int
) -> None:
    rng = random.Random(seed)
    limits = Limits(max_rate_micro=rng.choice([1, 2, 50]) * MICRO, burst_micro=MICRO)
    worlds = [
        await new_world(
            database, rates=None, limits=limits, time_zone=time_zone, name=f"Estate {next(_numbers)}"
        )
        for _ in range(2)
    ]
    world, clean = worlds
    state = rng.getstate()
    story = orders(rng, world)
    rng.setstate(state)
    same = orders(rng, clean)
    same = [(document, order) for (document, _), (_, order) in zip(story, same, strict=True)]
    rows = readings(rng)
    shuffled = rows[:]
    rng.shuffle(shuffled)
    works: list[object] = [*shuffled, *story[1:]]
    rng.shuffle(works)
    now = END - timedelta(days=1)
    with patch("mita.charging.operations.rerate.AT_ONCE_MAX", rng.choice([0, 20])):
        await put(world, *story[0])
        for work in works:
            if isinstance(work[0], str):
                await put(world, *work)
            else:
                await read(world, [work])
            if rng.random() < 0.3:
                await accept(world, rng, most=1)
            if rng.random() < 0.3:
                now += timedelta(minutes=rng.randint(0, 60))
                await run(world, now)
    await settle(world, rng)
    for document, order in same:
        await put(clean, document, order)
    await read(clean, rows)
    await settle(clean, rng)
    assert await picture(world) == await picture(clean)
    assert await world.balances() == await clean.balances()
    assert await world.verified()
