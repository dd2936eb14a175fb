"""How often charges are posted: with each reading, or summed up each hour or local day. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo


class Cadence(StrEnum):
    """When an estate's charges become entries; in between they are live in the balance all the same."""

    EACH = "each"
    HOURLY = "hourly"
    DAILY = "daily"


def is_due(cadence: Cadence, *, booked_until: datetime, now: datetime, local: tzinfo) -> bool:
    """Tell whether an hour or a local day has begun since charges were last posted.

    An hour is that of UTC, so that a clock change neither loses nor repeats one.
    """
    if cadence is Cadence.EACH:
        return True
    if cadence is Cadence.HOURLY:
        begun = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    else:
        begun = datetime.combine(now.astimezone(local).date(), time(), tzinfo=local)
    return booked_until < begun <= now
