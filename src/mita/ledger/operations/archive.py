"""A locked month leaves the ledger for files: what must hold before, and the step itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession

_LEAVES = text("""
    SELECT c.relname, pg_relation_size(c.oid) > 0 AS has_pages
    FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent = CAST('entry' AS regclass) ORDER BY c.relname
""")
_ENTRIES = text(
    "SELECT estate_id, count(*) AS entries FROM entry WHERE period = :month GROUP BY 1 ORDER BY 1"
)
_NOT_LOCKED = text("""
    SELECT estate_id FROM unnest(CAST(:estate_ids AS bigint[])) AS e (estate_id)
    WHERE NOT EXISTS (
        SELECT FROM period AS p WHERE p.estate_id = e.estate_id AND p.period >= :month AND p.state = 2
    ) ORDER BY estate_id
""")


class MonthNotArchivable(RuntimeError):
    """A month that cannot be archived; says why."""


@dataclass(frozen=True, slots=True)
class MonthToArchive:
    """A month that can be archived, and how many entries each estate has in it."""

    month: date
    entries: dict[int, int]


async def month_to_archive(session: AsyncSession, *, month: date) -> MonthToArchive:
    """Return what an owner's session finds in a month that is locked everywhere and the oldest one kept.

    :raises MonthNotArchivable: if it is not
    """
    leaves = {row.relname: row.has_pages for row in await session.execute(_LEAVES)}
    name = f"entry_{month:%Y_%m}"
    if name not in leaves:
        raise MonthNotArchivable(f"{month:%Y-%m} has no partition in the ledger")
    if leaves.get("entry_default", False):
        raise MonthNotArchivable("there are entries in the default partition: they belong to a month first")
    older = [each for each in leaves if each < name and leaves[each] and each != "entry_default"]
    if older:
        raise MonthNotArchivable(f"archive {older[0].removeprefix('entry_').replace('_', '-')} first")
    entries = {row.estate_id: row.entries for row in await session.execute(_ENTRIES, {"month": month})}
    parameters = {"estate_ids": list(entries), "month": month}
    open_in = (await session.scalars(_NOT_LOCKED, parameters)).all()
    if open_in:
        raise MonthNotArchivable(f"{month:%Y-%m} is not locked in estate {open_in[0]}")
    return MonthToArchive(month, entries)


async def detach_month(session: AsyncSession, *, month: date) -> None:
    """Take a month out of the ledger, in an owner's session; its rows stay as ``entry_…_detached``.

    Whoever reads or writes entries waits for a moment; gives up if it would have to wait long itself.
    """
    name = f"entry_{month:%Y_%m}"
    await session.execute(text("SET LOCAL lock_timeout = '5s'"))
    await session.execute(text(f"ALTER TABLE entry DETACH PARTITION {name}"))
    await session.execute(text(f"ALTER TABLE {name} RENAME TO {name}_detached"))
    # the row trigger came from the parent and went with it
    events, action = "BEFORE UPDATE OR DELETE", "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    await session.execute(text(f"CREATE TRIGGER append_only {events} ON {name}_detached {action}"))
