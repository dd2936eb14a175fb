"""The plain values of a URDB rate: exact numbers, tables of 12 months by 24 hours."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from mita.kit.money import MICRO, MICRO_DECIMALS
from mita.tariffs.domain.document import decimal_text
from mita.tariffs.domain.problems import Path, Problem, Report, path_text, shown

TEXT_CHARS_MAX = 4 * 1024 * 1024
MONTHS, HOURS = 12, 24
_NO_LIMIT = Decimal("1e37")
_UNITS_MAX = 10**9
_DIGITS_MAX = 60
_SINGLE_BITS, _DOUBLE_BITS = 24, 53
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS_S = 10**10

Hours = tuple[int, ...]


@dataclass(slots=True)
class Findings:
    """What is found while a rate is read: ``report`` ends the reading, the others go into the draft."""

    report: Report = field(default_factory=Report)
    warnings: list[Problem] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)

    def refuse(self, path: Path, code: str, message: str) -> None:
        """Record a fault of the file."""
        self.report.add(path, code, message)

    def warn(self, path: Path, code: str, message: str) -> None:
        """Record something to know."""
        self.warnings.append(Problem(path_text(path), None, code, message))

    def leave_out(self, path: Path, code: str, message: str) -> None:
        """Record a part that no rate table can say."""
        self.left_out.append(Problem(path_text(path), None, code, message))


def read_items(text: str, *, report: Report) -> list[dict[str, Any]]:
    """Return the rates of a file: one, a list, ``items``, or any of these as JSON inside a JSON text."""
    value = _read_json(text, report=report)
    if isinstance(value, str):
        value = _read_json(value, report=report)
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        value = value["items"]
    items = value if isinstance(value, list) else [value]
    if report.problems:
        return []
    if not items or not all(isinstance(each, dict) for each in items):
        report.add((), "wrong_type", f"expected a rate or a list of rates, found {shown(value)}")
        return []
    return items


def _read_json(text: str, *, report: Report) -> Any:
    def refuse(word: str) -> Any:
        raise ValueError(word)

    if len(text) > TEXT_CHARS_MAX:
        report.add((), "too_large", f"the file has more than {TEXT_CHARS_MAX:,} characters")
        return None
    try:
        # as written: 0.1 is a tenth
        return json.loads(text, parse_float=Decimal, parse_constant=refuse)
    except (ValueError, RecursionError, ArithmeticError):
        report.add((), "not_json", "the text is not JSON")
        return None


def read_micro(findings: Findings, value: Any, *, path: Path) -> int | None:
    """Return a number in millionths, exactly; it may be below zero."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        findings.refuse(path, "not_a_number", f"expected a number, found {shown(value)}")
        return None
    number = Decimal(value)
    # adjusted() first: 1e999999 must not be expanded
    if number.adjusted() > _DIGITS_MAX or len(number.as_tuple().digits) > _DIGITS_MAX:
        findings.refuse(path, "out_of_range", "the number is larger or longer than any price")
        return None
    if number and number.adjusted() < -_DIGITS_MAX:
        findings.refuse(path, "too_many_decimals", _decimals_message(number))
        return None
    exact = Fraction(number) * MICRO
    micro = int(exact) if exact.denominator == 1 else None
    if micro is None:
        micro = pictured_micro(Fraction(number))
        if micro is None:
            findings.refuse(path, "too_many_decimals", _decimals_message(number))
            return None
        written = decimal_text(micro, places=0)
        findings.warn(path, "binary_number", f"{number} is the binary picture of {written}, which is taken")
    if abs(micro) > _UNITS_MAX * MICRO:
        findings.refuse(path, "out_of_range", f"{number} is larger than any price")
        return None
    return micro


def _decimals_message(number: Decimal) -> str:
    return f"{str(number)[:40]} has more than six decimals; prices are never rounded"


def pictured_micro(value: Fraction) -> int | None:
    """Return the millionths that a binary number was made of, to its last bit; None if it was made of none.

    Programs that keep prices as 32- or 64-bit numbers write 0.07076899707317352 for 0.070769 and
    13.869999999999999 for 13.87. The shortest decimal with that picture is what was meant: it is found again,
    nothing is rounded.
    """
    size = abs(value)
    picture = _binary(size, bits=_DOUBLE_BITS)
    for places in range(MICRO_DECIMALS + 1):
        scaled = size * 10**places
        nearest = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
        short = Fraction(nearest, 10**places)
        if nearest and picture in (_binary(short, bits=bits) for bits in (_SINGLE_BITS, _DOUBLE_BITS)):
            micro = int(short * MICRO)
            return micro if value > 0 else -micro
    return None


def _binary(value: Fraction, *, bits: int) -> Fraction:
    """Return the nearest binary number with so many significant bits, ties to even."""
    shift = bits - value.numerator.bit_length() + value.denominator.bit_length()
    while value * Fraction(2) ** shift >= 2**bits:
        shift -= 1
    scaled = value * Fraction(2) ** shift
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    doubled = 2 * rest
    up = doubled > scaled.denominator or (doubled == scaled.denominator and whole % 2 == 1)
    return (whole + up) * Fraction(2) ** -shift


def is_no_limit(value: Any) -> bool:
    """Say whether a ``max`` means none: 9.99e+37 and the like."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool) and value >= _NO_LIMIT


def read_whole(findings: Findings, value: Any, *, path: Path, below: int) -> int | None:
    """Return a whole number from 0, which may be written as 1.0."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 <= value < below:
        whole = int(value)
        if whole == value:
            return whole
    findings.refuse(path, "not_whole", f"{shown(value)} is not a whole number from 0 to {below - 1}")
    return None


def read_schedule(findings: Findings, value: Any, *, path: Path, periods: int) -> tuple[Hours, ...] | None:
    """Return the period of each hour of each month, [12][24]."""
    if not isinstance(value, list) or len(value) != MONTHS:
        findings.refuse(path, "bad_schedule", f"expected {MONTHS} months, found {_counted(value)}")
        return None
    months = []
    for month, hours in enumerate(value):
        if not isinstance(hours, list) or len(hours) != HOURS:
            message = f"expected {HOURS} hours, found {_counted(hours)}"
            findings.refuse((*path, month), "bad_schedule", message)
            return None
        found = [
            read_whole(findings, each, path=(*path, month, hour), below=periods)
            for hour, each in enumerate(hours)
        ]
        months.append(tuple(period for period in found if period is not None))
    return tuple(months) if all(len(hours) == HOURS for hours in months) else None


def read_months(findings: Findings, value: Any, *, path: Path, periods: int) -> Hours | None:
    """Return the period of each month, [12]."""
    if not isinstance(value, list) or len(value) != MONTHS:
        findings.refuse(path, "bad_schedule", f"expected {MONTHS} months, found {_counted(value)}")
        return None
    found = [
        read_whole(findings, each, path=(*path, month), below=periods) for month, each in enumerate(value)
    ]
    months = tuple(period for period in found if period is not None)
    return months if len(months) == MONTHS else None


def _counted(value: Any) -> str:
    return f"{len(value)}" if isinstance(value, list) else shown(value)


def read_unix_date(findings: Findings, value: Any, *, path: Path) -> date | None:
    """Return the date of a Unix time, in UTC."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and -_YEARS_S < value < _YEARS_S:
        return (_EPOCH + timedelta(seconds=int(value))).date()
    findings.refuse(path, "not_a_date", f"{shown(value)} is not a Unix time in seconds")
    return None


def unix_time(day: date) -> int:
    """Return the Unix time at which a date begins, in UTC."""
    return (datetime(day.year, day.month, day.day, tzinfo=UTC) - _EPOCH) // timedelta(seconds=1)
