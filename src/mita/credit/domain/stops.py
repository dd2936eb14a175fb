"""Why a supply is off: each cause stops it by itself, and it is on when none of them does. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime


class Cause(StrEnum):
    """What stops a supply. The words are stored."""

    BALANCE = "balance"
    SPEND_LIMIT = "spend_limit"
    STAFF = "staff"
    EVENT = "event"

    @property
    def knows_friendly_hours(self) -> bool:
        """Whether this cause waits for the end of friendly hours.

        Staff knows what it does, and who takes part in an event agreed to its time.
        """
        return self not in (Cause.STAFF, Cause.EVENT)


def is_worth_stopping(*, due_at: datetime, until: datetime | None) -> bool:
    """Tell whether a stop that takes effect at ``due_at`` would do so before it ends by itself."""
    return until is None or due_at < until


def action_on_new(*, is_due: bool, others_in_effect: Collection[Cause]) -> str | None:
    """Return what a new stop asks of the supply: ``off`` if it is the first one in effect."""
    return "off" if is_due and not others_in_effect else None


def action_on_gone(*, was_in_effect: bool, others_in_effect: Collection[Cause]) -> str | None:
    """Return what a stop that goes asks of the supply: ``on`` if it was the last one in effect."""
    return "on" if was_in_effect and not others_in_effect else None
