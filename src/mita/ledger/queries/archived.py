"""Months whose entries were archived: they lie in files, and in tables that are no part of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.kit.clock import month_named
from mita.kit.errors import Conflict
from mita.kit.zones import next_month
from mita.ledger.domain.export import Opening

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

_ARCHIVED = text("""
    SELECT max(substr(relname, 7, 7)) FROM pg_class
    WHERE relnamespace = CAST('public' AS regnamespace) AND relname ~ '^entry_[0-9]{4}_[0-9]{2}_detached$'
""")
# the newest state that was written down at or before a month
_OPENINGS = text("""
    SELECT DISTINCT ON (account_id) account_id, seq, opening_micro, hash FROM account_opening
    WHERE estate_id = :estate_id AND period <= :since ORDER BY account_id, period DESC
""")


class MonthArchived(Conflict):
    """The month's entries were archived: they are in files."""

    code = "month_archived"
    title = "The month was archived"


async def archived_through(session: AsyncSession) -> date | None:
    """Return the newest month whose entries were archived, if any was; so were all before it."""
    found = await session.scalar(_ARCHIVED)
    return None if found is None else month_named(found.replace("_", "-"))


async def openings(session: AsyncSession, *, estate_id: int, since: date) -> dict[int, Opening]:
    """Return where the chains of an estate stood at the start of ``since``, in the order of account ids.

    As closes wrote it down; accounts without an entry before are not in it.
    """
    rows = await session.execute(_OPENINGS, {"estate_id": estate_id, "since": since})
    return {
        row.account_id: Opening(row.seq, row.opening_micro, bytes(row.hash)) for row in rows if row.seq > 0
    }


async def kept_openings(session: AsyncSession, *, estate_id: int) -> dict[int, Opening]:
    """Return where the chains of an estate begin, for those that do not begin with entry 1."""
    archived = await archived_through(session)
    if archived is None:
        return {}
    return await openings(session, estate_id=estate_id, since=next_month(archived))


async def refuse_archived(session: AsyncSession, *, period: date) -> None:
    """Let months pass that are not archived.

    :raises MonthArchived: if the month was
    """
    archived = await archived_through(session)
    if archived is not None and period <= archived:
        raise MonthArchived(f"{period:%Y-%m} was archived: its entries are in files")
