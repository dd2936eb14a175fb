"""Names that leave the database: time-ordered UUIDs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uuid6

from mita.kit.money import BIGINT_MAX

if TYPE_CHECKING:
    from uuid import UUID


_DIGITS_MAX = len(str(BIGINT_MAX))


def new_id() -> UUID:
    """Return a UUIDv7: unique, and sorted by creation so that indexes stay dense."""
    return uuid6.uuid7()


def read_number(text: str) -> int | None:
    """Return the number of a thing that somebody wrote in digits; None if it cannot be one (zero can)."""
    # the text of a number may itself be too long to be read
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS_MAX):
        return None
    number = int(text)
    return number if number <= BIGINT_MAX else None
