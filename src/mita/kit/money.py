"""Money and other exact decimals as whole millionths (``*_micro``)."""

from __future__ import annotations

import re

MICRO_DECIMALS = 6
MICRO = 1_000_000
BIGINT_MAX = 2**63 - 1

_SYMBOLS = {"ZAR": "R", "GBP": "£", "EUR": "€", "USD": "$", "NGN": "₦", "KES": "KSh "}
_MINUS = "\N{MINUS SIGN}"
_DECIMAL = re.compile(r"([+-]?)([0-9]{1,15})(?:\.([0-9]+))?")


class NotExact(ValueError):
    """A text that is not a decimal number with at most six decimals."""


def parse_micro(text: str, *, what: str = "amount") -> int:
    """Return the decimal ``text`` in millionths.

    :raises NotExact: if it is no plain decimal, or has more than six significant decimals
    """
    match = _DECIMAL.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise NotExact(f"{what}: {str(text)[:40]!r} is not a decimal number such as 12.50")
    sign, whole, fraction = match.group(1), match.group(2), match.group(3) or ""
    kept = fraction.rstrip("0")
    if len(kept) > MICRO_DECIMALS:
        raise NotExact(f"{what}: {text[:40]!r} has more than six decimals")
    micro = int(whole) * MICRO + int(kept.ljust(MICRO_DECIMALS, "0"))
    if micro > BIGINT_MAX:
        raise NotExact(f"{what}: {text[:40]!r} is too large")
    return -micro if sign == "-" else micro


def format_micro(micro: int) -> str:
    """Return millionths as a decimal text with six decimals: ``12.345600``."""
    sign = "-" if micro < 0 else ""
    whole, rest = divmod(abs(int(micro)), MICRO)
    return f"{sign}{whole}.{rest:06d}"


def format_cents(micro: int) -> str:
    """Return a document's amount, rounded once, half up (away from zero): ``12.35``."""
    cents = (abs(int(micro)) + 5_000) // 10_000
    sign = "-" if micro < 0 and cents else ""
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def currency_symbol(currency: str) -> str:
    """Return what people write before an amount: ``R``, ``€``, or the code and a space."""
    return _SYMBOLS.get(currency, f"{currency} ")


def money_text(micro: int, *, currency: str) -> str:
    """Return an amount as people read it, rounded once to the cent: ``R12.35``."""
    text = format_cents(micro)
    sign = _MINUS if text.startswith("-") else ""
    return f"{sign}{currency_symbol(currency)}{text.removeprefix('-')}"
