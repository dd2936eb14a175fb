"""Tokens of prepayment meters: how they are written, and what may become of one. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

TOKEN_DIGITS = 20
TOKEN_CHARS_MAX = 60
# IEC 62055-41: a token is 66 bits, written as a number
_TOKEN_END = 1 << 66
_SHOWN_DIGITS = 4
_GROUP = 4
_BETWEEN = " -\u00a0\u202f\u2010\u2011\u2013\t"

TokenState = Literal["waiting", "sent", "given", "failed"]
TokenReason = Literal["refused", "no_rise", "unanswered", "not_reached"]
OPEN_TOKEN_STATES: tuple[TokenState, ...] = ("waiting", "sent")
TOKEN_VALID_FOR = timedelta(days=1)
# somebody stands at the meter: it is tried often at first, and every half hour at the end
_DELAY_S, _DELAY_S_MAX, _DOUBLINGS_MAX = 30, 1_800, 10


class BadToken(ValueError):
    """These are not the digits of a token; the text says what is wrong and holds none of them."""


def read_token(text: str) -> str:
    """Return the 20 digits of a token as somebody typed it, with or without spaces and dashes.

    :raises BadToken: if it holds something else, not 20 digits, or a number that no token has
    """
    digits = "".join(each for each in text if each not in _BETWEEN)
    if not digits.isascii() or not digits.isdecimal():
        raise BadToken("a token has digits only, and perhaps spaces and dashes between them")
    if len(digits) != TOKEN_DIGITS:
        raise BadToken(f"a token has {TOKEN_DIGITS} digits, and this has {len(digits)}")
    if int(digits) >= _TOKEN_END:
        raise BadToken("no token has this number: a digit at the beginning is wrong")
    return digits


def grouped(digits: str) -> str:
    """Return digits as people read them: 1234-1234-1234-1234-1234."""
    return "-".join(digits[at : at + _GROUP] for at in range(0, len(digits), _GROUP))


def last_digits(digits: str) -> str:
    """Return the only digits that are shown of a token."""
    return digits[-_SHOWN_DIGITS:]


def masked(last_four: str) -> str:
    """Return a token of which only its last digits are known."""
    return grouped("*" * (TOKEN_DIGITS - _SHOWN_DIGITS) + last_four)


def token_later_s(attempts: int) -> int:
    """Return how long a meter that did not answer is left alone: 30 s, a minute, .. half an hour."""
    delay_s: int = _DELAY_S << min(max(attempts - 1, 0), _DOUBLINGS_MAX)
    return min(delay_s, _DELAY_S_MAX)
