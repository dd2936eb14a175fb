"""Whatever came when, and whenever a worker looked: the balance is the bill of a run that knew everything."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from mita.tariffs.domain import Interval, bill, parse_document
from tests.integration.charging.timed import assign, run
from tests.integration.world import World, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database

ZONE = "Europe/London"
MICRO = 1_000_000
TABLE = """
rate_table: 1
name: {name}
utility: electricity
currency: GBP
effective_from: {first}
tax: {{name: VAT, percent: "{percent}", prices: {prices}}}
billing_day: {billing_day}
charges:
{charges}
"""
CHARGES = (
    '  - {name: Service, kind: fixed, per: day, price: "%s"}',
    '  - {name: Line, kind: fixed, per: month, price: "%s"}',
    '  - {name: Peak, kind: demand, interval_minutes: 60, unit: kW, price: "%s"}',
    '  - {name: Least, kind: minimum, per: month, price: "%s9.99"}',
)
_numbers = itertools.count(1)


def table(rng: random.Random, *, first: date, billing_day: int) -> str:
    """Return a table with some of the charges, of random prices."""
    low = f"{rng.randint(0, 2)}.{rng.randint(0, 999_999):06d}"
    blocks = f'[{{up_to: "{rng.randint(1, 60)}", price: "{low}"}}, {{price: "3"}}]'
    charges = [f"  - {{name: Energy, kind: usage, blocks: {blocks}}}"]
    charges += [
        line
        % (f"{rng.randint(0, 9)}.{rng.randint(0, 9999):04d}" if "Least" not in line else rng.randint(1, 30))
        for line in CHARGES
        if rng.random() < 0.7
    ]
    return TABLE.format(
        name=f"Table {next(_numbers)}",
        first=first.isoformat(),
        percent=rng.choice(["0", "15", "17.5"]),
        prices=rng.choice(["inclusive", "exclusive"]),
        billing_day=billing_day,
        charges="\n".join(charges),
    )


def midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def readings(rng: random.Random, *, first: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """Return a timeline of whole minutes, the last reading at the end."""
    span = int((end - first) / timedelta(minutes=1))
    minutes = sorted({0, span, *(rng.randrange(span) for _ in range(rng.randint(3, 25)))})
    values = sorted(rng.randrange(120 * MICRO) for _ in minutes)
    return [(first + timedelta(minutes=m), v) for m, v in zip(minutes, values, strict=True)]


async def gross_after(world: World, day: date) -> int:
    """Return what is booked of the timed charges that begin on or after a date."""
    async with world.unit_of_work() as session:
        found = await session.scalar(
            text(
                "SELECT sum(new_net_micro + new_tax_micro - old_net_micro - old_tax_micro) FROM timed_charge"
                " WHERE first_day >= :day"
            ),
            {"day": day},
        )
        return int(found or 0)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
async def test_the_balance_is_the_bill_of_a_run_that_knew_everything(database: Database, seed: int) -> None:
    rng = random.Random(seed)
    billing_day = rng.choice([1, 1, 15])
    # the clock goes forward on 29 March
    first_day, end = date(2026, 2, rng.randint(15, 28)), date(2026, 4, billing_day)
    documents = [table(rng, first=date(2026, 1, 1), billing_day=billing_day)]
    if rng.random() < 0.7:
        change = date(2026, 3, rng.randint(2, 31))
        documents.append(table(rng, first=change, billing_day=billing_day))
        if change < date(2026, 3, billing_day):
            # blocks shrink by the days of the whole period, in a bill by those that it is asked for
            first_day = date(2026, 2, 15)
    world = await new_world(
        database, rates=None, time_zone=ZONE, currency="GBP", name=f"Estate {next(_numbers)}"
    )
    begin = midnight(first_day) + timedelta(minutes=rng.randint(0, 1439))
    timeline = readings(rng, first=begin, end=midnight(end))
    works: list[object] = [*timeline, *documents]
    spread = rng.choice([3600, 10 * 86_400, 10**8])
    works.sort(key=lambda work: _time_of(work).timestamp() + rng.random() * spread)
    latest = begin
    for work in works:
        if isinstance(work, str):
            await assign(world, work, now=latest)
        else:
            at, value = work
            latest = max(latest, at)
            await world.charge([("M1", at, f"{value // MICRO}.{value % MICRO:06d}")], now=latest)
        if rng.random() < 0.4:
            latest = min(latest + timedelta(hours=rng.randint(0, 200)), midnight(end))
            await run(world, latest)
    await run(world, midnight(end))
    versions = [parse_document(each) for each in documents]
    uses = [
        Interval(int(a.timestamp()), int(b.timestamp()), after - before)
        for (a, before), (b, after) in itertools.pairwise(timeline)
    ]
    wanted = bill(versions, zone=ZoneInfo(ZONE), uses={"import": uses}, first=first_day, until=end)
    (balance,) = await world.balances()
    assert -balance - await gross_after(world, end) == wanted.gross_micro
    assert await run(world, midnight(end)) == 0
    assert await world.verified()


def _time_of(work: object) -> datetime:
    if isinstance(work, str):
        return midnight(parse_document(work).effective_from)
    return work[0]
