"""What `mita calculate` does: a consumption, money or units through the exact prices of a file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from mita.drivers.files import UnreadableFile
from mita.entrypoints.cli.calculating_report import (
    bill_report,
    print_bill,
    print_purchase,
    purchase_report,
)
from mita.entrypoints.cli.exit_status import BAD_INPUT
from mita.entrypoints.cli.problem_lines import problem_line
from mita.entrypoints.interval_files import BadRows, read_intervals
from mita.entrypoints.rate_files import read_versions
from mita.kit.money import MICRO, NotExact, parse_micro
from mita.kit.quantity import VALUE_MICRO_MAX
from mita.kit.zones import UnknownZone, zone
from mita.metering.domain import is_register_name
from mita.tariffs.domain import (
    DEFAULT_REGISTER,
    BadIntervals,
    BadPurchase,
    BadSpan,
    Bill,
    BuysWithoutEnd,
    ChargeTooLarge,
    DaysNeeded,
    IntervalsMissing,
    NotPriced,
    Purchase,
    RateTable,
    RateTableInvalid,
    Terms,
    TimesNeeded,
    assumes_power_factor_one,
    calculate_bill,
    only_version,
    purchase_of,
    units_for,
    whole_period,
)

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

_POWER_FACTOR_ONE = "kVA are taken to be kW: nothing is known of the register apparent"
_FINEST_STEP = "0.000001"
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_OF_A_PURCHASE = ("arrears_percent", "arrears", "standing_due", "used", "unit_step")
_ALL_MICRO = 100 * MICRO
Days = tuple[date, date]


class UsedWrongly(ValueError):
    """Options that do not go together, or a value that is none."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options as they were written."""

    timezone: str
    quantity: str | None
    intervals: Path | None
    amount: str | None
    units: str | None
    first: str | None
    until: str | None
    register: str
    arrears_percent: str | None
    arrears: str | None
    standing_due: str | None
    used: str | None
    unit_step: str | None

    @property
    def is_purchase(self) -> bool:
        """Whether units are bought, not a consumption priced."""
        return self.amount is not None or self.units is not None


def run(rates: Path, asked: Asked, *, as_json: bool) -> None:
    """Carry out `mita calculate`."""
    try:
        _check(asked)
        versions = read_versions(rates)
        local = zone(asked.timezone)
        days = _days(asked)
        if asked.is_purchase:
            table, days, bought = _bought(versions, asked, days)
            report = purchase_report(table, bought, days=days)
        else:
            days, found, assumed = _calculated(versions, asked, days, local)
            report = bill_report(versions, found, days=days, assumed=assumed)
    except RateTableInvalid as error:
        _stop([problem_line(rates, each) for each in error.problems], error)
    except BadRows as error:
        more = error.count - len(error.reasons)
        rest = [f"{error.name}: and {more} more"] if more else []
        _stop([f"{error.name}: {reason}" for reason in error.reasons] + rest, error)
    except DaysNeeded as error:
        _stop([f"{error}, with --from and --to"], error)
    except (
        *(UsedWrongly, UnreadableFile, NotExact, UnknownZone, NotPriced, TimesNeeded, IntervalsMissing),
        *(BadIntervals, BadSpan, BadPurchase, BuysWithoutEnd, ChargeTooLarge),
    ) as error:
        _stop([str(error)], error)
    if as_json:
        typer.echo(json.dumps(report))
    elif asked.is_purchase:
        print_purchase(Console(), report)
    else:
        print_bill(Console(), report)


def _stop(sentences: list[str], error: Exception) -> NoReturn:
    errors = Console(stderr=True)
    for sentence in sentences:
        errors.print(f"[red]error:[/red] {escape(sentence)}", highlight=False, soft_wrap=True)
    raise typer.Exit(BAD_INPUT) from error


def _check(asked: Asked) -> None:
    ways = {
        "--quantity": asked.quantity,
        "--intervals": asked.intervals,
        "--amount": asked.amount,
        "--units": asked.units,
    }
    given = [name for name, value in ways.items() if value is not None]
    if len(given) > 1:
        raise UsedWrongly(f"{given[0]} and {given[1]} do not go together: give one of them")
    if not given and asked.first is None and asked.until is None:
        raise UsedWrongly("give --quantity, --intervals, --amount or --units, or --from and --to alone")
    if not asked.is_purchase:
        for name in _OF_A_PURCHASE:
            if getattr(asked, name) is not None:
                raise UsedWrongly(f"--{name.replace('_', '-')} goes with --amount or --units")
    if not is_register_name(asked.register):
        raise UsedWrongly(f"--register: {asked.register[:40]!r} is no name of a register, such as import")
    if asked.is_purchase and asked.register != DEFAULT_REGISTER:
        raise UsedWrongly(f"--register {asked.register} does not go with {given[0]}: units are of import")


def _days(asked: Asked) -> Days | None:
    if asked.first is None and asked.until is None:
        return None
    if asked.first is None or asked.until is None:
        raise UsedWrongly("--from and --to go together: the first date, and the date after the last one")
    first, until = _date(asked.first, what="--from"), _date(asked.until, what="--to")
    if first >= until:
        raise UsedWrongly(f"--from {first} must be before --to {until}, the date after the last one")
    return first, until


def _date(text: str, *, what: str) -> date:
    try:
        if _DATE.fullmatch(text.strip()):
            return date.fromisoformat(text.strip())
    except ValueError:
        pass
    raise UsedWrongly(f"{what}: {text[:40]!r} is not a date such as 2025-07-01")


def _bought(
    versions: tuple[RateTable, ...], asked: Asked, days: Days | None
) -> tuple[RateTable, Days, Purchase]:
    if days is None:
        versions = (only_version(versions),)
        days = whole_period(versions[0])
    # units are sold at the prices of the last day; standing charges at those of their own days
    begun = tuple(table for table in versions if table.effective_from < days[1])
    if not begun:
        begins = versions[0].effective_from
        raise UsedWrongly(f"the rate table begins on {begins}: {days[0]} is before it")
    table = begun[-1]
    terms: Terms = {
        "days": days,
        "standing_due_micro": _micro(asked.standing_due, what="--standing-due"),
        "arrears_percent_micro": _percent_micro(asked),
        "arrears_micro": _micro(asked.arrears, what="--arrears"),
        "already_micro": _micro(asked.used, what="--used") or 0,
        "step_micro": parse_micro(
            _FINEST_STEP if asked.unit_step is None else asked.unit_step, what="--unit-step"
        ),
        "earlier": begun[:-1],
    }
    if asked.units is not None:
        bought = purchase_of(table, quantity_micro=parse_micro(asked.units, what="--units"), **terms)
    else:
        bought = units_for(table, amount_micro=parse_micro(asked.amount or "", what="--amount"), **terms)
    return table, days, bought


def _micro(text: str | None, *, what: str) -> int | None:
    return None if text is None else parse_micro(text, what=what)


def _percent_micro(asked: Asked) -> int:
    """Return the share that goes to the arrears: all of it where only what they are is given."""
    if asked.arrears_percent is None:
        return 0 if asked.arrears is None else _ALL_MICRO
    return parse_micro(asked.arrears_percent, what="--arrears-percent")


def _calculated(
    versions: tuple[RateTable, ...], asked: Asked, days: Days | None, local: ZoneInfo
) -> tuple[Days, Bill, str | None]:
    uses = quantity = None
    if asked.intervals is not None:
        uses = read_intervals(asked.intervals, zone=local, register=asked.register)
    if asked.quantity is not None:
        quantity = parse_micro(asked.quantity, what="--quantity")
        if not 0 <= quantity <= VALUE_MICRO_MAX:
            raise UsedWrongly("--quantity must not be negative, nor larger than any register")
    found, days = calculate_bill(
        versions, zone=local, uses=uses, quantity_micro=quantity, register=asked.register, days=days
    )
    registers = {asked.register} if uses is None else uses.keys()
    assumed = _POWER_FACTOR_ONE if assumes_power_factor_one(versions, registers=registers) else None
    return days, found, assumed
