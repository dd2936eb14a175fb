"""Money that stands on a clearing account too long is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.kit.events import publish
from mita.ledger import queries
from mita.ledger.events import ClearingChecked

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def check_clearings(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Tell of every clearing account whether its money stands there too long; return how many do."""
    found = await queries.clearings(session, estate_id=estate_id)
    for each in found:
        event = ClearingChecked(estate_id, each.method, each.balance_micro, each.is_overdue(now))
        await publish(session, event, now=now)
    return sum(each.is_overdue(now) for each in found)
