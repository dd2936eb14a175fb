"""Judge the DAIAD water year: 92 meters, cumulative litres, local time of Spain without an offset.

The repeated hour (30 October 2016, 02:00 to 02:59 local) as the file has it, by meter, in file order:

* no row (11 meters), one row (3): nothing to decide, one row is the first hour;
* the same time twice (59; 8 of them with a higher second value): first hour, then second hour;
* A B B with A before B (10) and A B A with A before B (9): the meter's minute moved by 1 to 998 seconds
  between the two hours. The row before is exactly one hour before the single time, the row after exactly one
  hour after the doubled time, and both copies always carry the same value: the doubled time is one reading of
  the second hour, written twice. In A B A its first copy stands before the first hour's reading.

Rule "copies" follows that. Rule "file_order" is what a reader without knowledge of the file can do: the
second hour begins with the first row that is not later than the one before it, and lasts.
"""

import argparse
import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from io import TextIOWrapper
from itertools import groupby, pairwise
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

from .exact import Bill, bill

ZONE = ZoneInfo("Europe/Madrid")
MEMBER = "swm_trialA.csv"
MICRO = 1_000_000
LITRE_MICRO = 1_000
ROWS_IN_REPEATED_HOUR_MAX = 3

Blocks = list[tuple[Fraction | None, Fraction]]


@dataclass(frozen=True)
class Reading:
    """A register value in millionths of m³ at a UTC second; `row` is its place in the file of the meter."""

    row: int
    taken_s: int
    value_micro: int


@dataclass(frozen=True)
class Labelled:
    meter: str
    reading: Reading
    label: str
    accepted_micro: int
    elapsed_s: int

    def as_json(self) -> dict[str, str | int]:
        taken_at = datetime.fromtimestamp(self.reading.taken_s, UTC)
        return {
            "meter": self.meter,
            "label": self.label,
            "taken_at": taken_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "value_micro": self.reading.value_micro,
            "rise_micro": self.reading.value_micro - self.accepted_micro,
            "elapsed_s": self.elapsed_s,
        }


@dataclass
class Verdict:
    """What the year must come to. `bills` is by (meter, local month such as 2016-10)."""

    classes: Counter[str] = field(default_factory=Counter)
    bills: dict[tuple[str, str], Bill] = field(default_factory=dict)
    labelled: list[Labelled] = field(default_factory=list)

    @property
    def total(self) -> Bill:
        return sum(self.bills.values(), Bill())

    @property
    def meters(self) -> dict[str, Bill]:
        return self._sums(0)

    @property
    def months(self) -> dict[str, Bill]:
        return dict(sorted(self._sums(1).items()))

    def _sums(self, part: int) -> dict[str, Bill]:
        sums: dict[str, Bill] = {}
        for key, one in self.bills.items():
            sums[key[part]] = sums.get(key[part], Bill()) + one
        return sums

    def as_json(self) -> dict[str, object]:
        return {
            "classes": dict(sorted(self.classes.items())),
            **self.total.as_json(),
            "months": {name: one.as_json() for name, one in self.months.items()},
            "meters": {name: one.as_json() for name, one in self.meters.items()},
            "labelled": [one.as_json() for one in self.labelled if one.label != "backwards"],
            "backwards_by_meter": Counter(one.meter for one in self.labelled if one.label == "backwards"),
        }


# reading the file


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive, archive.open(MEMBER) as raw:
            yield TextIOWrapper(raw, encoding="utf-8", newline="")
    else:
        with path.open(encoding="utf-8", newline="") as text:
            yield text


def _local(text: str) -> datetime:
    """`dd/mm/yyyy hh:mm:ss`, by hand because `strptime` takes most of a minute for the year."""
    day, month, year = int(text[0:2]), int(text[3:5]), int(text[6:10])
    return datetime(year, month, day, int(text[11:13]), int(text[14:16]), int(text[17:19]), tzinfo=ZONE)


def _value_micro(litres: str) -> int:
    micro = Decimal(litres) * LITRE_MICRO
    if micro != int(micro):
        raise ValueError(f"not a whole number of millionths of m³: {litres}")
    return int(micro)


def _is_repeated(local: datetime) -> bool:
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    if first is None or second is None or first < second:
        raise ValueError(f"this local time does not exist: {local}")
    return first > second


def _folds_by_copies(times: list[datetime]) -> list[int]:
    """0 or 1 per row of one meter in the repeated hour; see the text above."""
    if len(times) > ROWS_IN_REPEATED_HOUR_MAX:
        raise ValueError("the rule is proven for hourly meters only")
    if len(set(times)) == 1:
        return [0] + [1] * (len(times) - 1)
    return [1 if time == times[-1] else 0 for time in times]


def _folds_by_file_order(times: list[datetime]) -> list[int]:
    folds, fold = [0], 0
    for before, time in pairwise(times):
        if time <= before:
            fold = 1
        folds.append(fold)
    return folds


FOLD_RULES = {"copies": _folds_by_copies, "file_order": _folds_by_file_order}


def _meter_readings(rows: list[tuple[datetime, int]], *, repeated_hour: str) -> list[Reading]:
    inside = [place for place, (local, _) in enumerate(rows) if _is_repeated(local)]
    fold_of: dict[int, int] = {}
    if inside:
        # naive copies: comparing aware times of one zone looks at the wall clock, but say so
        walls = [rows[place][0].replace(tzinfo=None) for place in inside]
        fold_of = dict(zip(inside, FOLD_RULES[repeated_hour](walls), strict=True))
    return [
        Reading(place, int(local.replace(fold=fold_of.get(place, 0)).timestamp()), value_micro)
        for place, (local, value_micro) in enumerate(rows)
    ]


def meters_in_file(path: Path, *, repeated_hour: str = "copies") -> Iterator[tuple[str, list[Reading]]]:
    """Each meter's key and its readings, both in file order.

    :raises ValueError: if a meter's rows are not together, or a time or value makes no sense
    """
    seen: set[str] = set()
    with _opened(path) as text:
        next(text)
        lines = (line.rstrip("\r\n").split(";") for line in text)
        for meter, group in groupby(lines, key=lambda cells: cells[0]):
            if meter in seen:
                raise ValueError(f"the rows of {meter} are not together")
            seen.add(meter)
            rows = [(_local(cells[1]), _value_micro(cells[2])) for cells in group]
            yield meter, _meter_readings(rows, repeated_hour=repeated_hour)


# judging a register


@dataclass(frozen=True)
class Judged:
    """`rise_micro` counts over the `elapsed_s` before the reading if `accepted`."""

    reading: Reading
    label: str
    accepted: bool
    accepted_before_micro: int
    rise_micro: int
    elapsed_s: int


def _later_before(readings: list[Reading]) -> set[int]:
    """The rows which came after a row with a later instant."""
    late, latest = set(), -1
    for reading in readings:
        if reading.taken_s < latest:
            late.add(reading.row)
        latest = max(latest, reading.taken_s)
    return late


def _label(rise_micro: int, *, elapsed_s: int, max_rate_micro: int | None, burst_micro: int) -> str:
    if rise_micro < 0:
        return "backwards"
    if rise_micro == 0:
        return "unchanged"
    if max_rate_micro is not None and rise_micro > max_rate_micro * elapsed_s // 3600 + burst_micro:
        return "held"
    return "charged"


def judge_register(
    readings: list[Reading], *, max_rate_micro: int | None, burst_micro: int | None
) -> Iterator[Judged]:
    """Walk one register by time; on the same instant the row that stands first in the file counts."""
    late = _later_before(readings)
    first_at: dict[int, int] = {}
    accepted_micro = accepted_s = None
    for reading in sorted(readings, key=lambda one: (one.taken_s, one.row)):
        if reading.taken_s in first_at:
            same = first_at[reading.taken_s] == reading.value_micro
            yield Judged(reading, "duplicate" if same else "conflict", False, accepted_micro or 0, 0, 0)
            continue
        first_at[reading.taken_s] = reading.value_micro
        if accepted_micro is None or accepted_s is None:
            yield Judged(reading, "opening", True, reading.value_micro, 0, 0)
            accepted_micro, accepted_s = reading.value_micro, reading.taken_s
            continue
        rise_micro, elapsed_s = reading.value_micro - accepted_micro, reading.taken_s - accepted_s
        label = _label(
            rise_micro, elapsed_s=elapsed_s, max_rate_micro=max_rate_micro, burst_micro=burst_micro or 0
        )
        accepted = label in {"charged", "unchanged"}
        shown = "late" if accepted and reading.row in late else label
        yield Judged(reading, shown, accepted, accepted_micro, rise_micro, elapsed_s)
        if accepted:
            accepted_micro, accepted_s = reading.value_micro, reading.taken_s


# pricing


def _month_start(local: datetime) -> datetime:
    return datetime(local.year, local.month, 1, tzinfo=ZONE)


def _next_month(start: datetime) -> datetime:
    return datetime(start.year + start.month // 12, start.month % 12 + 1, 1, tzinfo=ZONE)


def split_by_month(*, quantity_micro: int, start_s: int, end_s: int) -> list[tuple[str, int]]:
    """Spread a consumption evenly over (start, end], floor in each local month, remainder in the last."""
    cuts, month = [start_s], _month_start(datetime.fromtimestamp(start_s, ZONE))
    names = [month.strftime("%Y-%m")]
    while (following := int(_next_month(month).timestamp())) < end_s:
        month = _next_month(month)
        cuts.append(following)
        names.append(month.strftime("%Y-%m"))
    cuts.append(end_s)
    lengths = [after - before for before, after in pairwise(cuts)]
    parts = [quantity_micro * length // (end_s - start_s) for length in lengths[:-1]]
    return list(zip(names, [*parts, quantity_micro - sum(parts)], strict=True))


def cost_of(quantity_micro: int, *, blocks: Blocks) -> Fraction:
    """Exact price in millionths of the currency of a month's quantity; each unit at its block's price."""
    cost, lower_micro = Fraction(0), Fraction(0)
    for up_to, price in blocks:
        upper_micro = Fraction(quantity_micro) if up_to is None else up_to * MICRO
        inside = min(Fraction(quantity_micro), upper_micro) - lower_micro
        if inside > 0:
            cost += inside * price
        lower_micro = upper_micro
    return cost


@dataclass
class Usage:
    """Every reading's class, and what each meter used in each local month: all but the price."""

    classes: Counter[str] = field(default_factory=Counter)
    labelled: list[Labelled] = field(default_factory=list)
    quantities: dict[tuple[str, str], int] = field(default_factory=dict)


def judge_usage(
    path: Path | str,
    *,
    max_rate_micro: int | None = None,
    burst_micro: int | None = None,
    repeated_hour: str = "copies",
) -> Usage:
    """Classify every reading of the file. Rate: millionths of m³ per hour.

    :raises ValueError: if the file is not what it is said to be
    """
    usage = Usage()
    for meter, readings in meters_in_file(Path(path), repeated_hour=repeated_hour):
        quantities: defaultdict[str, int] = defaultdict(int)
        for one in judge_register(readings, max_rate_micro=max_rate_micro, burst_micro=burst_micro):
            usage.classes[one.label] += 1
            if one.label not in {"charged", "unchanged", "opening"}:
                usage.labelled.append(
                    Labelled(meter, one.reading, one.label, one.accepted_before_micro, one.elapsed_s)
                )
            if one.accepted and one.rise_micro > 0:
                end_s = one.reading.taken_s
                for month, part_micro in split_by_month(
                    quantity_micro=one.rise_micro, start_s=end_s - one.elapsed_s, end_s=end_s
                ):
                    quantities[month] += part_micro
        usage.quantities |= {(meter, month): used for month, used in sorted(quantities.items())}
    return usage


def price_usage(usage: Usage, *, blocks: Blocks, tax: Fraction, inclusive: bool = False) -> Verdict:
    """Price every meter and local month; `blocks` are (up to m³ or None, price per m³), `tax` a ratio.

    :raises ValueError: if the blocks have an end
    """
    if not blocks or blocks[-1][0] is not None:
        raise ValueError("the last block has no end")
    bills = {
        key: bill(
            quantity_micro=quantity_micro,
            cost=cost_of(quantity_micro, blocks=blocks),
            tax=tax,
            inclusive=inclusive,
        )
        for key, quantity_micro in usage.quantities.items()
    }
    return Verdict(usage.classes, bills, usage.labelled)


def judge_water(
    path: Path | str,
    *,
    blocks: Blocks,
    tax: Fraction,
    inclusive: bool = False,
    max_rate_micro: int | None = None,
    burst_micro: int | None = None,
    repeated_hour: str = "copies",
) -> Verdict:
    """Classify and price the file: `judge_usage`, then `price_usage`.

    :raises ValueError: if the file is not what it is said to be, or the blocks have an end
    """
    usage = judge_usage(
        path, max_rate_micro=max_rate_micro, burst_micro=burst_micro, repeated_hour=repeated_hour
    )
    return price_usage(usage, blocks=blocks, tax=tax, inclusive=inclusive)


# command line


def blocks_from(text: str) -> Blocks:
    """`1.85` or `6:0.50,15:1.10,3.40`: the end of each block and its price; the last has no end."""
    blocks: Blocks = []
    for part in text.split(","):
        up_to, _, price = part.rpartition(":")
        blocks.append((Fraction(up_to) if up_to else None, Fraction(price)))
    return blocks


def _micro(text: str) -> int:
    return int(Decimal(text) * MICRO)


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.daiad")
    parser.add_argument("file", type=Path, help="swm_trialA.zip, or the CSV in it")
    parser.add_argument("--rates", type=blocks_from, required=True, help="1.85 or 6:0.50,15:1.10,3.40")
    parser.add_argument("--tax", default="0", help="percent")
    parser.add_argument("--inclusive", action="store_true", help="the prices contain the tax")
    parser.add_argument("--max-rate", type=_micro, help="m³ per hour; without it nothing is held")
    parser.add_argument("--burst", type=_micro, help="m³")
    parser.add_argument("--repeated-hour", choices=sorted(FOLD_RULES), default="copies")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    verdict = judge_water(
        chosen.file,
        blocks=chosen.rates,
        tax=Fraction(chosen.tax) / 100,
        inclusive=chosen.inclusive,
        max_rate_micro=chosen.max_rate,
        burst_micro=chosen.burst,
        repeated_hour=chosen.repeated_hour,
    )
    print(json.dumps(verdict.as_json(), indent=1))


if __name__ == "__main__":
    main()
