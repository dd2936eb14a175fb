"""Prices that follow a published benchmark at a discount, and what people save against it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from mita.kit.money import MICRO

from .document import Block, FixedCharge, PriceRule, RateTable, UsageCharge
from .problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from .document import Tax

K = TypeVar("K", int, str)

PERCENT_MAX_MICRO = 100 * MICRO
METER_STEP_MICRO = 10  # a meter takes five decimals
METER_PRICE_MAX_MICRO = {"GBP": MICRO}
METER_BLOCKS_MAX = 8
METER_RATES_MAX = 8
_QUARTER_MONTHS = (1, 4, 7, 10)


class BadBenchmark(ValueError):
    """A discount outside 0 to 100 percent, or benchmarks that are not quarters one after the other."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The published prices of a quarter from its first date: per day, and per kWh; in millionths."""

    first: date
    standing_micro: int
    unit_micro: int


@dataclass(frozen=True, slots=True)
class Saved:
    """What was paid beside what the benchmark would have cost; below zero: the benchmark was cheaper."""

    benchmark_micro: int
    actual_micro: int

    @property
    def saved_micro(self) -> int:
        """The benchmark's cost less the actual cost."""
        return self.benchmark_micro - self.actual_micro


def discounted_micro(benchmark_micro: int, *, discount_percent_micro: int) -> int:
    """Return a benchmark price less a discount (millionths of a percent), truncated to five decimals.

    :raises BadBenchmark: if the discount is not 0 to 100 percent, or the price is below zero
    """
    if not 0 <= discount_percent_micro <= PERCENT_MAX_MICRO:
        raise BadBenchmark(
            f"a discount of {discount_percent_micro} millionths of a percent is not 0 to 100 %"
        )
    if benchmark_micro < 0:
        raise BadBenchmark(f"a benchmark of {benchmark_micro} is below zero")
    kept = PERCENT_MAX_MICRO - discount_percent_micro
    return benchmark_micro * kept // (PERCENT_MAX_MICRO * METER_STEP_MICRO) * METER_STEP_MICRO


def benchmark_tables(
    benchmarks: Sequence[Benchmark],
    *,
    name: str,
    discount_percent_micro: int,
    currency: str = "GBP",
    utility: str = "electricity",
    tax: Tax | None = None,
) -> tuple[RateTable, ...]:
    """Return one rate table for each quarter of a benchmark: a standing charge a day and a unit price.

    ``tax`` says whether the published prices contain it. A discount of 0 gives the benchmark's own table.

    :raises BadBenchmark: for a discount outside 0 to 100 percent, a date that begins no quarter, or two alike
    """
    quarters = sorted(benchmarks, key=lambda each: each.first)
    for each in quarters:
        if each.first.day != 1 or each.first.month not in _QUARTER_MONTHS:
            raise BadBenchmark(f"{each.first} is not the first date of a quarter")
    for earlier, later in pairwise(quarters):
        if earlier.first == later.first:
            raise BadBenchmark(f"the quarter from {later.first} has two benchmarks")
    return tuple(
        RateTable(
            name=name,
            utility=utility,
            currency=currency,
            effective_from=each.first,
            tax=tax,
            charges=_charges(each, discount_percent_micro=discount_percent_micro),
        )
        for each in quarters
    )


def _charges(benchmark: Benchmark, *, discount_percent_micro: int) -> tuple[UsageCharge | FixedCharge, ...]:
    unit = discounted_micro(benchmark.unit_micro, discount_percent_micro=discount_percent_micro)
    standing = discounted_micro(benchmark.standing_micro, discount_percent_micro=discount_percent_micro)
    rule = PriceRule(season="", letter="", blocks=(Block(up_to_micro=None, price_micro=unit),))
    return (
        UsageCharge(name="Energy", register="import", rules=(rule,)),
        FixedCharge(name="Standing charge", per="day", price_micro=standing),
    )


def meter_warnings(table: RateTable) -> tuple[Problem, ...]:
    """Return what a prepayment meter cannot hold: its price limit, five decimals, 8 rates of 8 blocks."""
    found: list[Problem] = []
    most = METER_PRICE_MAX_MICRO.get(table.currency)
    for place, charge in enumerate(table.charges):
        path = f"charges[{place}]"
        if isinstance(charge, UsageCharge):
            prices = [block.price_micro for rule in charge.rules for block in rule.blocks]
            if most is not None and max(prices) > most:
                found.append(_warning(path, "price_above_meter_limit", "a meter takes at most 1.00 per unit"))
            if len(charge.rules) > METER_RATES_MAX:
                message = f"{len(charge.rules)} prices by season and letter; a meter holds {METER_RATES_MAX}"
                found.append(_warning(path, "too_many_rates", message))
            if max(len(rule.blocks) for rule in charge.rules) > METER_BLOCKS_MAX:
                message = f"a meter holds {METER_BLOCKS_MAX} blocks"
                found.append(_warning(path, "too_many_blocks", message))
        elif isinstance(charge, FixedCharge):
            prices = [charge.price_micro]
        else:
            found.append(_warning(path, "not_on_meters", "a meter knows no such charge"))
            continue
        if any(price % METER_STEP_MICRO for price in prices):
            found.append(_warning(path, "too_many_decimals", "a meter takes at most five decimals"))
    return tuple(found)


def saved(
    *, benchmark_micro: Mapping[K, Mapping[str, int]], actual_micro: Mapping[K, Mapping[str, int]]
) -> dict[K, dict[str, Saved]]:
    """Return what was saved in each month by circuit ("heat", "power", …), and as "total" over all of them.

    Costs are gross, by month and circuit; what one side does not name cost nothing there.
    """
    found: dict[K, dict[str, Saved]] = {}
    for month in sorted(benchmark_micro.keys() | actual_micro.keys()):
        published, paid = benchmark_micro.get(month, {}), actual_micro.get(month, {})
        circuits = sorted(published.keys() | paid.keys())
        rows = {each: Saved(published.get(each, 0), paid.get(each, 0)) for each in circuits}
        rows["total"] = Saved(sum(published.values()), sum(paid.values()))
        found[month] = rows
    return found


def _warning(path: str, code: str, message: str) -> Problem:
    return Problem(path=path, line=None, code=code, message=message)
