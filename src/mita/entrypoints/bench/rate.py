"""A year of half hours of many meters under a rate table, beside a loop over Decimal in the same run."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from mita.entrypoints.memory import peak_mb
from mita.kit.money import MICRO
from mita.tariffs.domain import build_slots, parse_document, rate_totals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    import numpy.typing as npt

    from mita.tariffs.domain import RateTable

ROUNDS = 3
METERS = 10_000
_CHUNK = 200  # meters made and rated at once: 14 MB
_STEP_S = 1_800
_ZONE = ZoneInfo("Africa/Johannesburg")
_FIRST = datetime(2025, 1, 1, tzinfo=_ZONE)
_STEPS = 365 * 48
_MONTHS = 12
_HIGHEST_MICRO = 900_000
_SEED = 20_250_101
_TABLE = """
rate_table: 1
name: Bench
utility: electricity
currency: ZAR
effective_from: 2020-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
seasons:
  high: {from: 06-01, to: 08-31}
  low: {from: 09-01, to: 05-31}
clocks:
  high: {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO,
         sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
  low: {weekday: OOOOOOSPPSSSSSSSSSPPPSOO, saturday: OOOOOOOSSSSSOOOOOOSSOOOO,
        sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
charges:
  - name: Energy
    kind: usage
"""
_LETTERS = """
    price: {high: {P: "6.9143", S: "2.2086", O: "1.6175"}, low: {P: "3.3471", S: "2.1009", O: "1.6175"}}
"""
_BLOCKS = """
    blocks:
      high:
        P: [{up_to: "350", price: "6.9143"}, {price: "7.4210"}]
        S: [{up_to: "350", price: "2.2086"}, {price: "2.5107"}]
        O: [{up_to: "350", price: "1.6175"}, {price: "1.8033"}]
      low:
        P: [{up_to: "350", price: "3.3471"}, {price: "3.6144"}]
        S: [{up_to: "350", price: "2.1009"}, {price: "2.2840"}]
        O: [{up_to: "350", price: "1.6175"}, {price: "1.7921"}]
"""
TABLES = {"letters": _TABLE + _LETTERS, "blocks": _TABLE + _BLOCKS}


@dataclass
class Run:
    """What was measured of each table, one number for each round; equal: both ways give the same money."""

    meters: int
    threads: int
    seconds: dict[str, list[float]] = field(default_factory=dict)
    decimal_per_s: dict[str, list[float]] = field(default_factory=dict)
    is_equal: dict[str, bool] = field(default_factory=dict)
    peak_mb: int | None = None

    @property
    def intervals(self) -> int:
        """How many half hours all meters have together."""
        return self.meters * _STEPS

    @property
    def is_same(self) -> bool:
        """Whether both ways gave the same money everywhere."""
        return all(self.is_equal.values())


@dataclass(frozen=True, slots=True)
class _Year:
    """The season and letter, and the month, of each half hour, by the wall clock."""

    place: list[tuple[str, str]]
    month: list[int]


def run(*, meters: int, tell: Callable[[str], None]) -> Run:
    """Rate every meter's year in rounds, a chunk at a time; one meter of each chunk over Decimal too."""
    found = Run(meters, threads=min(2, os.cpu_count() or 1))
    tables = {name: parse_document(text) for name, text in TABLES.items()}
    year = _year(tables["letters"])
    with ThreadPoolExecutor(found.threads) as pool:
        for number in range(ROUNDS):
            for name, table in tables.items():
                tell(f"{name}, {number + 1} of {ROUNDS}…")
                _measure(found, name, table, year, pool=pool)
    found.peak_mb = peak_mb()
    return found


def _measure(found: Run, name: str, table: RateTable, year: _Year, *, pool: Executor) -> None:
    start_s = int(_FIRST.timestamp())
    slots = build_slots(
        [table], zone=_ZONE, register="import", start_s=start_s, end_s=start_s + _STEPS * _STEP_S
    )
    numbers = np.random.default_rng(_SEED)
    seconds = decimal_seconds = 0.0
    is_equal, chunks = True, 0
    for first in range(0, found.meters, _CHUNK):
        count = min(_CHUNK, found.meters - first)
        quantity = numbers.integers(0, _HIGHEST_MICRO, (count, _STEPS), dtype=np.int32)
        began = time.perf_counter()
        sums = rate_totals(slots, quantity_micro=quantity, start_s=start_s, step_s=_STEP_S, pool=pool)
        seconds += time.perf_counter() - began
        took, expected = _over_decimal(table, quantity[0], year)
        decimal_seconds += took
        is_equal &= expected == list(zip(sums.net_micro[0].tolist(), sums.tax_micro[0].tolist(), strict=True))
        chunks += 1
    found.seconds.setdefault(name, []).append(seconds)
    found.decimal_per_s.setdefault(name, []).append(chunks * _STEPS / decimal_seconds)
    found.is_equal[name] = found.is_equal.get(name, True) and is_equal


def _year(table: RateTable) -> _Year:
    place, month = [], []
    for step in range(_STEPS):
        local = (_FIRST.astimezone(UTC) + timedelta(seconds=step * _STEP_S)).astimezone(_ZONE)
        season = next(each.name for each in table.seasons if each.contains((local.month, local.day)))
        clock = next(each for each in table.clocks if each.season == season)
        letters = clock.day({5: "saturday", 6: "sunday"}.get(local.weekday(), "weekday"))
        place.append((season, letters[local.hour]))
        month.append(local.month - 1)
    return _Year(place, month)


def _over_decimal(
    table: RateTable, quantity_micro: npt.NDArray[np.int32], year: _Year
) -> tuple[float, list[tuple[int, int]]]:
    """Return the seconds, and (net, tax) of each month, of a loop over ready Decimals."""
    quantities = [Decimal(each).scaleb(-6) for each in quantity_micro.tolist()]
    blocks = {place: _blocks(table, *place) for place in set(year.place)}
    began = time.perf_counter()
    if table.usage[0].in_blocks:
        nets = _in_blocks(quantities, blocks, year)
    else:
        nets = _at_prices(quantities, {place: some[0][1] for place, some in blocks.items()}, year)
    ratio = Decimal(table.tax_percent_micro).scaleb(-8)
    charges = [(_micro(net), _micro(net * ratio)) for net in nets]
    return time.perf_counter() - began, charges


def _blocks(table: RateTable, season: str, letter: str) -> list[tuple[Decimal, Decimal]]:
    return [
        (
            Decimal("Infinity") if block.up_to_micro is None else Decimal(block.up_to_micro).scaleb(-6),
            Decimal(block.price_micro).scaleb(-6),
        )
        for block in table.usage[0].blocks(season=season, letter=letter)
    ]


def _at_prices(
    quantities: Sequence[Decimal], prices: dict[tuple[str, str], Decimal], year: _Year
) -> list[Decimal]:
    nets = [Decimal(0)] * _MONTHS
    for quantity, place, month in zip(quantities, year.place, year.month, strict=True):
        nets[month] += quantity * prices[place]
    return nets


def _in_blocks(
    quantities: Sequence[Decimal],
    blocks: dict[tuple[str, str], list[tuple[Decimal, Decimal]]],
    year: _Year,
) -> list[Decimal]:
    nets = [Decimal(0)] * _MONTHS
    reached = [Decimal(0)] * _MONTHS
    for quantity, place, month in zip(quantities, year.place, year.month, strict=True):
        before = reached[month]
        after = reached[month] = before + quantity
        for limit, price in blocks[place]:
            if after <= limit:
                nets[month] += (after - before) * price
                break
            if before < limit:
                nets[month] += (limit - before) * price
                before = limit
    return nets


def _micro(amount: Decimal) -> int:
    return int((amount * MICRO).to_integral_value(ROUND_HALF_UP))
