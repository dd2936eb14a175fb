"""Judge the Ausgrid solar year: average kW per half hour in, registers, readings and prices out.

The file has 48 rows every day and no clock change, so its times are Australian Eastern Standard Time all year
(UTC+10). A row starts at its time; the reading that closes it is taken half an hour later.
"""

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from . import tables
from .exact import Bill, bill

STANDARD_TIME = timezone(timedelta(hours=10))
HALF_HOUR = timedelta(minutes=30)
MICRO = 1_000_000
METER = "C12"
HALF_HOURS_A_DAY = 48


@dataclass(frozen=True)
class HalfHour:
    """Energy of [start, start + 30 min), start in UTC, in millionths of a kWh."""

    start: datetime
    import_micro: int
    export_micro: int


@dataclass
class Verdict:
    """The year: `bills` by register and local month, `letters` the import by season and letter."""

    bills: dict[tuple[str, str], Bill] = field(default_factory=dict)
    letters: Counter[tuple[str, str]] = field(default_factory=Counter)

    def register(self, name: str) -> Bill:
        return sum((one for (register, _), one in self.bills.items() if register == name), Bill())

    @property
    def total_money(self) -> tuple[int, int]:
        """Net and tax of both registers; their kWh are not to be added."""
        both = self.register("import") + self.register("export")
        return both.net_micro, both.tax_micro

    def as_json(self) -> dict[str, object]:
        net_micro, tax_micro = self.total_money
        return {
            "net_micro": net_micro,
            "tax_micro": tax_micro,
            "gross_micro": net_micro + tax_micro,
            "registers": {name: self.register(name).as_json() for name in ("import", "export")},
            "months": {f"{register} {month}": one.as_json() for (register, month), one in self.bills.items()},
            "letters": {
                f"{season} {letter}": micro for (season, letter), micro in sorted(self.letters.items())
            },
        }


def _energy_micro(kilowatts: str) -> int:
    """Half an hour at this power; the text has float noise past the sixth decimal.

    :raises ValueError: if half of it is not a whole millionth
    """
    power_micro = int((Decimal(kilowatts) * MICRO).to_integral_value())
    if power_micro % 2:
        raise ValueError(f"half of {kilowatts} kW is not a whole number of millionths")
    return power_micro // 2


def half_hours(path: Path | str) -> Iterator[HalfHour]:
    """The rows of the file in order.

    :raises ValueError: if a half hour is missing or doubled
    """
    expected: datetime | None = None
    with Path(path).open(encoding="utf-8", newline="") as text:
        rows = csv.reader(text)
        next(rows)
        for start_text, consumed, generated in rows:
            local = datetime.fromisoformat(start_text).replace(tzinfo=STANDARD_TIME)
            start = local.astimezone(UTC)
            if expected is not None and start != expected:
                raise ValueError(f"expected {expected}, found {start}")
            expected = start + HALF_HOUR
            yield HalfHour(start, _energy_micro(consumed), _energy_micro(generated))


# readings for the product


def _decimal_text(micro: int) -> str:
    return f"{micro // MICRO}.{micro % MICRO:06d}"


def _reading_rows(path: Path | str) -> Iterator[tuple[str, str, str, str, str]]:
    def rows_at(taken_at: datetime) -> Iterator[tuple[str, str, str, str, str]]:
        stamp = taken_at.strftime("%Y-%m-%dT%H:%M:%SZ")
        yield METER, "import", stamp, _decimal_text(import_micro), "kWh"
        yield METER, "export", stamp, _decimal_text(export_micro), "kWh"

    import_micro = export_micro = 0
    for place, one in enumerate(half_hours(path)):
        if place == 0:
            yield from rows_at(one.start)
        import_micro += one.import_micro
        export_micro += one.export_micro
        yield from rows_at(one.start + HALF_HOUR)


def write_readings_csv(path_in: Path | str, path_out: Path | str) -> int:
    """Write both registers as readings, by time, import before export; returns how many rows."""
    count = 0
    with Path(path_out).open("w", encoding="utf-8", newline="") as text:
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(("meter", "register", "taken_at", "value", "unit"))
        for row in _reading_rows(path_in):
            rows.writerow(row)
            count += 1
    return count


# pricing


def season_of(local: datetime, *, seasons: Mapping[str, tuple[str, str]]) -> str:
    """The one season (first and last day as mm-dd, both inside) that has this local date."""
    day = local.strftime("%m-%d")
    found = [
        name
        for name, (first, last) in seasons.items()
        if (first <= day <= last if first <= last else day >= first or day <= last)
    ]
    if len(found) != 1:
        raise ValueError(f"{day} lies in {found}")
    return found[0]


def letter_of(local: datetime, *, clock: Mapping[str, str]) -> str:
    """The letter of the half hour that begins at this wall clock time."""
    kind = {5: "saturday", 6: "sunday"}.get(local.weekday(), "weekday")
    letters = clock[kind]
    half_hour = local.hour * 2 + local.minute // 30
    return letters[half_hour * len(letters) // HALF_HOURS_A_DAY]


def judge_ausgrid(
    path: Path | str,
    *,
    zone: str = "Australia/Sydney",
    prices: Mapping[tuple[str, str], Fraction],
    clocks: Mapping[str, Mapping[str, str]],
    seasons: Mapping[str, tuple[str, str]],
    export_price: Fraction,
    tax: Fraction,
    inclusive: bool = False,
) -> Verdict:
    """Price every register and local month, one half hour after the other.

    Prices per kWh by (season, letter); `clocks` by season and day kind, 24 or 48 letters; `tax` a ratio.
    The export is a credit: its net and tax are negative.
    """
    local_zone, verdict = ZoneInfo(zone), Verdict()
    quantities: defaultdict[tuple[str, str], int] = defaultdict(int)
    costs: defaultdict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for one in half_hours(path):
        local = one.start.astimezone(local_zone)
        month, season = local.strftime("%Y-%m"), season_of(local, seasons=seasons)
        letter = letter_of(local, clock=clocks[season])
        quantities["import", month] += one.import_micro
        quantities["export", month] += one.export_micro
        costs["import", month] += one.import_micro * prices[season, letter]
        costs["export", month] -= one.export_micro * export_price
        verdict.letters[season, letter] += one.import_micro
    for key, quantity_micro in quantities.items():
        verdict.bills[key] = bill(
            quantity_micro=quantity_micro, cost=costs[key], tax=tax, inclusive=inclusive
        )
    return verdict


def judge_with_tables(path: Path | str, *, inclusive: bool = False) -> Verdict:
    """The verdict under `tables.AUSGRID_TOU`."""
    return judge_ausgrid(
        path,
        prices=tables.AUSGRID_PRICES,
        clocks=tables.AUSGRID_CLOCKS,
        seasons=tables.AUSGRID_SEASONS,
        export_price=tables.AUSGRID_EXPORT_PRICE,
        tax=tables.AUSGRID_TAX,
        inclusive=inclusive,
    )


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.ausgrid")
    parser.add_argument("file", type=Path, help="data_2011-2012.csv")
    parser.add_argument("--inclusive", action="store_true", help="the prices contain the tax")
    parser.add_argument("--readings", type=Path, help="write the readings here as CSV")
    chosen = parser.parse_args(None if arguments is None else list(arguments))
    if chosen.readings:
        write_readings_csv(chosen.file, chosen.readings)
    print(json.dumps(judge_with_tables(chosen.file, inclusive=chosen.inclusive).as_json(), indent=1))


if __name__ == "__main__":
    main()
