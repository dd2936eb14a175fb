"""Net metering, whatever came when: the balance is the bill of a run that knew everything."""

from __future__ import annotations

import itertools
import random
from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import Interval, bill, parse_document
from tests.integration.charging.test_standing_clean_run import (
    MICRO,
    ZONE,
    gross_after,
    midnight,
    readings,
)
from tests.integration.charging.timed import assign, run
from tests.integration.world import new_world

if TYPE_CHECKING:
    from datetime import datetime

    from mita.kit.db import Database

HEAD = """
rate_table: 1
name: {name}
utility: electricity
currency: GBP
effective_from: {first}
tax: {{name: VAT, percent: "{percent}", prices: {prices}}}
clocks: {{weekday: {face}, saturday: {face}, sunday: {face}}}
charges:
  - {{name: Energy, kind: usage, blocks: [{{up_to: "{limit}", price: "{low}"}}, {{price: "3"}}]{mode}}}
  - {{name: Net, kind: netting, surplus_price: "{surplus}"{carried}}}
"""
LEAST = '  - {name: Least, kind: minimum, per: month, price: "19.99"}\n'
PLAIN = """
rate_table: 1
name: {name}
utility: electricity
currency: GBP
effective_from: {first}
charges:
  - {{name: Energy, kind: usage, price: "1.234567"}}
  - {{name: Given away, kind: usage, register: export, price: "0.00"}}
"""
_numbers = itertools.count(1)


def table(rng: random.Random, *, first: date) -> str:
    """Return a table with netting, or rarely one without."""
    values = {"name": f"Netted {next(_numbers)}", "first": first.isoformat()}
    if rng.random() < 0.15:
        return PLAIN.format(**values)
    document = HEAD.format(
        **values,
        percent=rng.choice(["0", "15", "17.5"]),
        prices=rng.choice(["inclusive", "exclusive"]),
        face=rng.choice(["A" * 24, "A" * 9 + "B" * 8 + "A" * 7]),
        limit=rng.randint(1, 60),
        low=f"{rng.randint(0, 2)}.{rng.randint(0, 999_999):06d}",
        mode=rng.choice(["", "", ", blocks_mode: volume", ", blocks_per_letter: true"]),
        surplus=f"0.{rng.randint(0, 999_999):06d}",
        carried=rng.choice(
            ["", ", surplus: carried, carried_until: 03-10", ", surplus: carried, carried_until: 12-31"]
        ),
    )
    return document + LEAST if rng.random() < 0.4 else document


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
async def test_the_balance_is_the_bill_of_a_run_that_knew_everything(database: Database, seed: int) -> None:
    rng = random.Random(seed)
    first_day, end = date(2026, 1, 1), date(2026, 4, 1)
    documents = [table(rng, first=first_day)]
    if rng.random() < 0.7:
        documents.append(table(rng, first=date(2026, rng.choice([2, 3]), rng.randint(1, 28))))
    world = await new_world(
        database,
        rates=None,
        time_zone=ZONE,
        currency="GBP",
        name=f"Netted {next(_numbers)}",
        registers=("import", "export"),
    )
    begin = midnight(first_day)
    timelines = {
        name: readings(rng, first=begin + timedelta(minutes=rng.randint(0, 50_000)), end=midnight(end))
        for name in ("M1", "M1/export")
    }
    works: list[tuple[datetime, str, int]] = [
        (at, name, value) for name, timeline in timelines.items() for at, value in timeline
    ]
    works += [(midnight(parse_document(each).effective_from), each, 0) for each in documents]
    spread = rng.choice([3600, 10 * 86_400, 10**8])
    works.sort(key=lambda work: work[0].timestamp() + rng.random() * spread)
    latest = begin
    for at, name, value in works:
        latest = max(latest, at)
        if name in timelines:
            await world.charge([(name, at, f"{value // MICRO}.{value % MICRO:06d}")], now=latest)
        else:
            await assign(world, name, now=latest)
        if rng.random() < 0.4:
            latest = min(latest + timedelta(hours=rng.randint(0, 200)), midnight(end))
            await run(world, latest)
    await run(world, midnight(end))
    versions = [parse_document(each) for each in documents]
    uses = {
        name: [
            Interval(int(a.timestamp()), int(b.timestamp()), after - before)
            for (a, before), (b, after) in itertools.pairwise(timelines[key])
        ]
        for name, key in (("import", "M1"), ("export", "M1/export"))
    }
    # a payer owes from its first reading on: no table here charges by days but the minimum
    day = min(timeline[0][0] for timeline in timelines.values()).astimezone(ZoneInfo(ZONE)).date()
    wanted = bill(versions, zone=ZoneInfo(ZONE), uses=uses, first=day, until=end)
    (balance,) = await world.balances()
    assert -balance - await gross_after(world, end) == wanted.gross_micro
    assert await run(world, midnight(end)) == 0
    assert await world.verified()
