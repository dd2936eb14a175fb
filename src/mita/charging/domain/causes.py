"""Why a past was charged again: the words that are kept with a rerating, and what they mean. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

CauseCode = Literal[
    "late_reading",
    "reading_accepted",
    "rate_table",
    "basis_changed",
    "settled_again",
    "credited_again",
    "other",
]

LATE = "late reading"
ACCEPTED = "held reading accepted by "
OF_TABLE = "rate table "
BASIS_CHANGED = "what it follows from has changed"
SETTLED_AGAIN = "settled again"
CREDITED_AGAIN = "credited again"
_BETWEEN = "; "
_PLAIN: dict[str, CauseCode] = {
    LATE: "late_reading",
    BASIS_CHANGED: "basis_changed",
    SETTLED_AGAIN: "settled_again",
    CREDITED_AGAIN: "credited_again",
}
_DAY = r"\d{4}-\d\d-\d\d"
_TABLE = re.compile(rf"{OF_TABLE}(\d+) from ({_DAY})(?: until ({_DAY}))?")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a past was charged again; ``text`` is how it is kept.

    Of ``rate_table``: which one, for the local dates [from_on, until_on), the last None where it has no end.
    """

    code: CauseCode
    text: str
    rate_table_id: int | None = None
    from_on: date | None = None
    until_on: date | None = None


def of_table(rate_table_id: int, *, from_on: date, until_on: date | None) -> str:
    """Return the words for a rate table that was assigned for a time that is past."""
    until = f" until {until_on}" if until_on else ""
    return f"{OF_TABLE}{rate_table_id} from {from_on}{until}"


def joined(causes: list[str]) -> str:
    """Return several causes in one text, each once."""
    return _BETWEEN.join(dict.fromkeys(causes))


def causes_of(text: str) -> tuple[Cause, ...]:
    """Return what a text says, cause by cause; nothing where it is empty."""
    return tuple(_cause(each) for each in text.split(_BETWEEN) if each)


def _cause(text: str) -> Cause:
    if text in _PLAIN:
        return Cause(_PLAIN[text], text)
    if text.startswith(ACCEPTED):
        return Cause("reading_accepted", text)
    if found := _TABLE.fullmatch(text):
        number, first, last = found.groups()
        return Cause(
            "rate_table",
            text,
            rate_table_id=int(number),
            from_on=date.fromisoformat(first),
            until_on=date.fromisoformat(last) if last else None,
        )
    return Cause("other", text)
