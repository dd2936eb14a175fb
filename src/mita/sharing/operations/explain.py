"""Why an entry of shared generation has its amount."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.sharing import queries
from mita.sharing.domain import ExplainedMonth, LaterChange, MemberMonth

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession


async def explain_shared(
    session: AsyncSession, *, estate_id: int, account_id: int, seq: int
) -> ExplainedMonth | None:
    """Return what an entry of a wallet's account settled, and what the same month became later.

    None if the entry is no group's.
    """
    row = await queries.month_of_entry(session, estate_id=estate_id, account_id=account_id, seq=seq)
    if row is None:
        return None
    group = await queries.group(session, estate_id=estate_id, sharing_group_id=row.sharing_group_id)
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    return ExplainedMonth(
        group=group.name,
        month=row.month,
        until_on=row.until_on,
        currency=(await estate_queries.estate(session, estate_id=estate_id)).currency,
        old=MemberMonth(*row.old_micro),
        new=queries.month_of(row),
        later=tuple(
            LaterChange(
                each.seq,
                each.created_at.astimezone(zone),
                MemberMonth(*each.old_micro),
                queries.month_of(each),
            )
            for each in await queries.later_changes(session, row=row)
        ),
    )
