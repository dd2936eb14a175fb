"""What was charged stays charged: a rate table may not slip under it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.zones import zone
from mita.metering import queries as metering_queries
from mita.tariffs import queries as tariff_queries
from mita.tariffs.operations import PastAlreadyCharged

if TYPE_CHECKING:
    from datetime import date
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession


async def refuse_charged_past(
    session: AsyncSession, *, estate_id: int, utility: str, effective_from: date
) -> None:
    """Refuse a table just put in force if another one has judged consumption of the time it holds.

    That time ends where the next table begins. Readings held for want of a price are no hindrance: they
    waited for it. The caller holds the lane.

    :raises mita.tariffs.operations.PastAlreadyCharged: if there is such consumption
    """
    dates = await tariff_queries.dates_in_force(session, estate_id=estate_id, utility=utility)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    local = zone(estate.time_zone)
    following = dates[dates.index(effective_from) + 1 :]
    found = await metering_queries.first_priced(
        session,
        estate_id=estate_id,
        utility=utility,
        after=_midnight(effective_from, local=local),
        before=_midnight(following[0], local=local) if following else None,
    )
    if found is not None:
        serial, taken_at = found
        raise PastAlreadyCharged(
            f"meter {serial} was charged up to {taken_at.astimezone(local).isoformat()} by the table before:"
            f" {utility} cannot change its price from {effective_from.isoformat()} on"
        )


def _midnight(day: date, *, local: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=local).astimezone(UTC)
