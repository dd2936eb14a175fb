"""Any split of a consumption costs the same, in any cut into batches, in any order: through the database."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.integration.world import FLAT, new_world
from tests.oracle.daiad import cost_of
from tests.oracle.exact import bill

if TYPE_CHECKING:
    from mita.kit.db import Database

MICRO = 1_000_000
BLOCKS = FLAT.replace(
    'price: "2.00"',
    'blocks: [{up_to: "1.5", price: "0.333333"}, {up_to: "4", price: "1.000001"}, {price: "7.77"}]',
)
SAME: list[tuple[Fraction | None, Fraction]] = [
    (Fraction("1.5"), Fraction("0.333333")),
    (Fraction(4), Fraction("1.000001")),
    (None, Fraction("7.77")),
]
# a day on each side of the local midnight at which March becomes April in Johannesburg
MIDNIGHT = datetime(2026, 3, 31, 22, tzinfo=UTC)
DAY_S = 86_400
NOW = datetime(2026, 4, 5, tzinfo=UTC)
METERS = 3
_numbers = itertools.count(1)


@st.composite
def splits(draw: st.DrawFn, *, quantity_micro: int) -> list[tuple[int, int]]:
    """Readings inside a day as (second, value), rising to the quantity at the day's end."""
    seconds = sorted(draw(st.sets(st.integers(1, DAY_S - 1), max_size=6)))
    values = sorted(draw(st.lists(st.integers(0, quantity_micro), min_size=6, max_size=6)))
    return [*zip(seconds, values, strict=False), (DAY_S, quantity_micro)]


@st.composite
def stories(draw: st.DrawFn) -> tuple[tuple[int, int], list[list[tuple[int, int]]], int]:
    """Two days' quantities, for each meter its own split of them, and a seed for the way they arrive."""
    march, april = (draw(st.integers(0, 9 * MICRO)) for _ in range(2))
    meters = []
    for _ in range(METERS):
        first = draw(splits(quantity_micro=march))
        second = [(DAY_S + s, march + v) for s, v in draw(splits(quantity_micro=april))]
        meters.append([(0, 0), *first, *second])
    return (march, april), meters, draw(st.integers(0, 2**32))


def gross_micro(quantity_micro: int) -> int:
    """What a month costs, by the judge of the real data."""
    cost = cost_of(quantity_micro, blocks=SAME)
    return bill(quantity_micro=quantity_micro, cost=cost, tax=Fraction(15, 100), inclusive=False).gross_micro


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stories())
async def test_any_split_in_any_batches_in_any_order_costs_the_same(database: Database, story) -> None:
    (march, april), meters, seed = story
    rng = random.Random(seed)
    world = await new_world(database, meters=METERS, rates=BLOCKS, name=f"Estate {next(_numbers)}")
    rows = [
        (f"M{place + 1}", MIDNIGHT + timedelta(seconds=second - DAY_S), f"{v // MICRO}.{v % MICRO:06d}")
        for place, readings in enumerate(meters)
        for second, v in readings
    ]
    # nearly in order, or not at all
    spread = rng.choice([0, 0, 3_600, 10**6])
    rows.sort(key=lambda row: row[1].timestamp() + rng.random() * spread)
    while rows:
        size = rng.choice([1, 3, 10, 100])
        await world.charge(rows[:size], now=NOW)
        rows = rows[size:]
    expected = -(gross_micro(march) + gross_micro(april))
    assert await world.balances() == [expected] * METERS
    assert await world.verified()


def test_the_judge_knows_a_month_by_hand() -> None:
    # 1.5 x 0.333333 + 2.5 x 1.000001 + 1 x 7.77 = 10.7700020 net, 1.6155003 tax, each rounded once
    assert gross_micro(5 * MICRO) == 10_770_002 + 1_615_500
