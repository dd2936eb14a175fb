"""How old arrears are. Pure."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta

AGE_WORDS = ("0-30", "31-60", "61-90", "over-90")
_AGES_DAYS = (30, 60, 90)


def age_of(since: datetime | None, *, now: datetime) -> str:
    """Return the word of how many days ago a balance went below nothing; None is before all that is kept."""
    if since is None:
        return AGE_WORDS[-1]
    return AGE_WORDS[bisect_left(_AGES_DAYS, (now - since) // timedelta(days=1))]
