"""Whatever the order of readings and runs, a community ends as if all had been known at once."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from .community import FEED_IN, GRID, march, midnight, new_community

if TYPE_CHECKING:
    from mita.kit.db import Database

    from .community import Community

BLOCKS = GRID.replace(
    'price: "2.00"', 'blocks: [{up_to: "30", price: "1.13"}, {up_to: "60", price: "2.37"}, {price: "4.01"}]'
).replace("charges:", "billing_day: 12\ncharges:")
FIRST = date(2026, 2, 20)
NOW = march(19)
METERS = ("M1/export", "M2", "M3")
Row = tuple[str, datetime, str]


def readings(rng: random.Random) -> list[Row]:
    """Return readings of all meters at odd times over the turn of a month."""
    rows: list[Row] = []
    for meter in METERS:
        value, at = 0, midnight(FIRST)
        while at < midnight(date(2026, 3, 9)):
            rows.append((meter, at, f"{value // 10**6}.{value % 10**6:06}"))
            value += rng.randrange(0, 9_000_001)
            at += timedelta(seconds=rng.choice([3_601, 7_200, 40_001, 86_400]))
    return rows


async def made(database: Database, rng: random.Random, *, name: str = "Clean") -> Community:
    roof = await new_community(
        database, country="ES", rule="static", feed_in=FEED_IN, grid=BLOCKS, first_on=FIRST, name=name
    )
    keys = [rng.randrange(0, 500_001) for _ in range(2)]
    await roof.join(
        roof.member(2, key_micro=keys[0], from_on=FIRST),
        roof.member(3, key_micro=keys[1], from_on=FIRST + timedelta(days=rng.randrange(0, 9))),
    )
    return roof


async def state(roof: Community) -> tuple[object, ...]:
    assert await roof.sums_to_zero()
    return (
        await roof.days(),
        [await roof.month(date(2026, number, 1)) for number in (2, 3)],
        await roof.world.balances(),
        await roof.system(),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_ends_as_the_clean_run(database: Database, seed: int) -> None:
    rows = readings(random.Random(seed))
    clean = await made(database, random.Random(seed))
    await clean.read(*sorted(rows, key=lambda row: row[1]), now=NOW)
    await clean.settle(now=NOW)
    expected = await state(clean)
    assert all(expected[1]), "both months are settled"

    rng = random.Random(seed + 1000)
    mixed = await made(database, random.Random(seed), name="Mixed")
    # the last ones of each meter come early, so that there is something to correct
    rows.sort(key=lambda row: (rng.random() < 0.5, row[1]))
    for start in range(0, len(rows), 12):
        await mixed.read(*rows[start : start + 12], now=NOW)
        await mixed.settle(now=NOW)
    await mixed.settle(now=NOW)
    assert await state(mixed) == expected
    assert (await mixed.settle(now=NOW)).changed == 0
