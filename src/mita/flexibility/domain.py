"""Flexibility events: hours for which units are asked to use less, and what becomes of each unit. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from mita.credit.domain import LIMIT_W_MAX

if TYPE_CHECKING:
    from datetime import datetime

Kind = Literal["limit", "shed"]
LASTS_MAX = timedelta(hours=24)
AHEAD_MAX = timedelta(days=366)
UNITS_MAX = 20_000
TITLE_MAX = 200
# of whose supplies something is held; the others were never asked, or are not any more
ASKED = ("asked", "confirmed", "failed")
UNIT_STATES = ("planned", *ASKED, "cannot", "protected", "declined", "left")
LIVE = ("planned", "running")


@dataclass(frozen=True, slots=True)
class Terms:
    """What an event asks, over [from, until): a power in watts; with None that supplies are off."""

    title: str
    limit_w: int | None
    from_at: datetime
    until_at: datetime

    @property
    def kind(self) -> Kind:
        """What is asked of a supply."""
        return "shed" if self.limit_w is None else "limit"

    def problems(self, *, now: datetime) -> list[tuple[str, str]]:
        """Return what is wrong with them: field and sentence."""
        found = []
        if not 1 <= len(self.title.strip()) <= TITLE_MAX:
            found.append(("title", f"must have from 1 to {TITLE_MAX} characters"))
        if self.limit_w is not None and not 0 < self.limit_w <= LIMIT_W_MAX:
            found.append(("limit_w", f"must be from 1 to {LIMIT_W_MAX} watts"))
        if self.until_at <= self.from_at:
            found.append(("until_at", "must be after from_at"))
        elif self.until_at - self.from_at > LASTS_MAX:
            found.append(("until_at", "an event lasts 24 hours at most"))
        if self.until_at <= now:
            found.append(("until_at", "must lie ahead"))
        if self.from_at - now > AHEAD_MAX:
            found.append(("from_at", "must be within a year"))
        return found


@dataclass(frozen=True, slots=True)
class Consent:
    """Whether a unit takes part; ``is_protected``: it is never asked, whatever was agreed."""

    takes_part: bool = False
    is_protected: bool = False


def left_out(consent: Consent, *, unable: str | None) -> tuple[str, str] | None:
    """Return why a unit is not asked: its state and a sentence; None if it is."""
    if consent.is_protected:
        return "protected", "the unit is protected"
    if not consent.takes_part:
        return "declined", "nobody of the unit has agreed to take part"
    if unable is not None:
        return "cannot", unable
    return None
