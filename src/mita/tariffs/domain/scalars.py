"""The small values of a rate table document: text, decimals, dates, words from a list."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from mita.kit.money import MICRO, parse_micro

from .problems import did_you_mean, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .document import MonthDay
    from .problems import Path, Report

NAME_CHARS_MAX = 200
URL_CHARS_MAX = 2_000
_DECIMALS_MAX = 6
YEAR_MIN, YEAR_MAX = 1970, 2199

_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# control characters, halves of characters, and what breaks a line
_NOT_IN_TEXT = ("Cc", "Cs", "Zl", "Zp")
REGISTER_NAME = r"[a-z][a-z0-9_]{0,39}"


def read_text(report: Report, value: Any, *, path: Path, chars_max: int = NAME_CHARS_MAX) -> str | None:
    """Return a text that is not empty, not too long and free of control characters, or None."""
    if not isinstance(value, str):
        report.add(path, "wrong_type", f"expected text, found {shown(value)}; put it in quotes")
    elif not any(each.isprintable() and not each.isspace() for each in value):
        report.add(path, "empty", "the text is empty; write something people recognise")
    elif len(value) > chars_max:
        report.add(path, "too_long", f"the text has {len(value)} characters; at most {chars_max} are allowed")
    elif any(unicodedata.category(character) in _NOT_IN_TEXT for character in value):
        report.add(
            path, "control_character", "the text contains control characters or line breaks; remove them"
        )
    else:
        return value.strip()
    return None


def read_word(report: Report, value: Any, *, path: Path, words: Iterable[str]) -> str | None:
    """Return ``value`` if it is one of ``words``, else None."""
    if isinstance(value, str) and value in words:
        return value
    report.add(path, "not_one_of", f"{shown(value)} is not accepted here; {did_you_mean(value, words)}")
    return None


def read_flag(report: Report, value: Any, *, path: Path) -> bool:
    """Return true or false; what is neither is reported, and false."""
    if not isinstance(value, bool):
        message = f"expected true or false, found {shown(value)}; write true or false without quotes"
        report.add(path, "wrong_type", message)
    return value is True


def read_register(report: Report, value: Any, *, path: Path) -> str | None:
    """Return the name of a register, or None."""
    if isinstance(value, str) and re.fullmatch(REGISTER_NAME, value):
        return value
    message = f"{shown(value)} is no register name; write import, export or another word in small letters"
    report.add(path, "bad_name", message)
    return None


def read_decimal(
    report: Report, value: Any, *, path: Path, what: str, units_max: int, positive: bool = False
) -> int | None:
    """Return a decimal text in millionths, 0 (or more than 0) to ``units_max`` whole units, or None."""
    if not isinstance(value, str):
        report.add(
            path,
            "not_text",
            f'{what}: expected text such as "2.50", found {shown(value)}; '
            "write it as a string with a decimal point (unquoted numbers lose digits)",
        )
        return None
    if not _DECIMAL.fullmatch(value):
        message = f'{what}: {shown(value)} is not a plain decimal such as "2.50"; {_cure(value)}'
        report.add(path, "not_decimal", message)
        return None
    whole, _, decimals = value.partition(".")
    if len(decimals) > _DECIMALS_MAX:
        report.add(
            path,
            "too_many_decimals",
            f"{what}: {shown(value)} has more than six decimals; prices are never rounded, write at most six",
        )
        return None
    too_large = len(whole.lstrip("0")) > len(str(units_max))
    micro = units_max * MICRO + 1 if too_large else parse_micro(f"{whole.lstrip('0') or '0'}.{decimals or 0}")
    if micro > units_max * MICRO or (positive and micro == 0):
        least = "more than 0" if positive else "0 or more"
        message = f"{what}: {shown(value)} is out of range; write {least}, and {units_max:,} at most"
        report.add(path, "out_of_range", message)
        return None
    return micro


def _cure(text: str) -> str:
    if "," in text:
        return "write a decimal point, and nothing between thousands"
    if text.lstrip().startswith("-"):
        return "nothing here is below zero (what is paid to the customer is usage on the register export)"
    return "write digits and a decimal point only, without a unit, spaces or an exponent"


def read_date(report: Report, value: Any, *, path: Path) -> date | None:
    """Return a date of the years Mita knows, from a date or a text ``2025-04-01``, or None."""
    found = value if isinstance(value, date) and not isinstance(value, datetime) else None
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            found = date.fromisoformat(value)
        except ValueError:
            found = None
    if found is None:
        report.add(path, "not_a_date", f"{shown(value)} is not a date; write it as 2025-04-01")
    elif not YEAR_MIN <= found.year <= YEAR_MAX:
        report.add(path, "out_of_range", f"the year {found.year} is outside {YEAR_MIN} to {YEAR_MAX}")
        return None
    return found


def read_month_day(report: Report, value: Any, *, path: Path) -> MonthDay | None:
    """Return (month, day) of a leap year from a text ``06-01``, or None."""
    match = _MONTH_DAY.fullmatch(value) if isinstance(value, str) else None
    if match:
        month, day = int(match.group(1)), int(match.group(2))
        try:
            # 2000 is a leap year: 02-29 is a date
            date(2000, month, day)
        except ValueError:
            match = None
        else:
            return month, day
    report.add(
        path, "not_a_day", f'{shown(value)} is not a month and day; write it as "06-01" (month, then day)'
    )
    return None
