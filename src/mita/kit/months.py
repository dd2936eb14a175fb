"""Tables that are kept by month: which of the months ahead are missing, and what has gone astray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.kit.clock import coming_months

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

# the size and not the rows: the application role does not read a leaf past its parent
_LEAVES = text("""
    SELECT c.relname, pg_relation_size(c.oid) > 0 AS has_pages
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = CAST(:parent AS regclass)
""")


@dataclass(frozen=True, slots=True)
class MonthGaps:
    """What is wrong with a table's months: those ahead without a partition; rows in the default one."""

    missing: tuple[date, ...]
    has_strays: bool

    def __bool__(self) -> bool:
        """Tell whether anything is wrong."""
        return bool(self.missing) or self.has_strays


async def month_gaps(session: AsyncSession, *, parent: str, now: datetime) -> MonthGaps:
    """Return which of this month and the next three have no partition, and whether rows went astray.

    A row is astray in the default partition: its month had none when it came, and gets none meanwhile.
    """
    leaves = {row.relname: row.has_pages for row in await session.execute(_LEAVES, {"parent": parent})}
    missing = tuple(month for month in coming_months(now=now) if f"{parent}_{month:%Y_%m}" not in leaves)
    return MonthGaps(missing, leaves.get(f"{parent}_default", False))
