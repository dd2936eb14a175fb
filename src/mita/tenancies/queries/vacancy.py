"""What vacant units cost by the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.charging import queries as charging_queries
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession


async def timed_costs(session: AsyncSession, *, estate_id: int, since: Mapping[int, date]) -> dict[int, int]:
    """Return what timed charges of days from each unit's date on came to, in micro-money, tax included."""
    if not since:
        return {}
    accounts = await wallet_queries.accounts(
        session, estate_id=estate_id, unit_ids=list(since), with_general=False
    )
    days = {each.account_id: since[each.unit_id] for each in accounts}
    sums = await charging_queries.timed_sums(session, estate_id=estate_id, since=days)
    found: dict[int, int] = {}
    for each in accounts:
        found[each.unit_id] = found.get(each.unit_id, 0) + sums.get(each.account_id, 0)
    return found
