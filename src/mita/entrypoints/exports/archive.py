"""A locked month goes to files, is checked there, and leaves the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mita.entrypoints.exports.read import check_export
from mita.entrypoints.exports.write import Span, write_csv
from mita.estates import queries as estate_queries
from mita.kit.zones import next_month
from mita.ledger import operations, queries
from mita.ledger.domain import LEAF, CheckpointKind
from mita.ledger.operations import MonthNotArchivable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date, datetime
    from pathlib import Path

    from mita.kit.db import Database
    from mita.ledger.domain import Signer
    from mita.ledger.domain.export import Opening


async def archive_month(
    database: Database,
    *,
    owner: Database,
    month: date,
    directory: Path,
    signer: Signer,
    is_forced: bool,
    tell: Callable[[str], None],
    now: datetime,
) -> list[Path]:
    """Write every estate's entries of a locked month to a file each, check the files, detach the month.

    ``owner`` is the database as its owner sees it. Nothing is detached unless everything verifies, before and
    in the files. ``tell`` is told what is being done. Returns the files.

    :raises mita.ledger.operations.MonthNotArchivable: if the month is not the oldest one, not locked, or
        something does not verify
    :raises mita.entrypoints.exports.whole.FileIsThere: if a file would be overwritten
    """
    async with owner.unit_of_work(estates=[]) as session:
        found = await operations.month_to_archive(session, month=month)
    files = []
    for estate_id, entries in found.entries.items():
        tell(f"Verifying estate {estate_id}")
        await _verify(database, estate_id=estate_id)
        async with database.unit_of_work(estates=[estate_id]) as session:
            await operations.write_openings(session, estate_id=estate_id, period=month)
        tell(f"Archiving {entries:,} entries of estate {estate_id}")
        path = directory / f"entries-{month:%Y-%m}-estate-{estate_id}.csv"
        await _write(
            database,
            estate_id=estate_id,
            month=month,
            path=path,
            signer=signer,
            is_forced=is_forced,
            now=now,
        )
        _check(path, entries=entries, signer=signer)
        files.append(path)
    async with owner.unit_of_work(estates=[]) as session:
        # the month takes no entry: what was counted is still what is there
        await operations.detach_month(session, month=month)
    return files


async def _verify(database: Database, *, estate_id: int) -> None:
    async with database.snapshot(estates=[estate_id]) as session:
        verification = await queries.verify(session, estate_id=estate_id)
    if not verification.is_verified:
        broken = verification.breaks[0]
        raise MonthNotArchivable(f"estate {estate_id} does not verify: {broken.place}: {broken.detail}")


async def _write(
    database: Database,
    *,
    estate_id: int,
    month: date,
    path: Path,
    signer: Signer,
    is_forced: bool,
    now: datetime,
) -> None:
    async with database.snapshot(estates=[estate_id]) as session:
        estate = await estate_queries.estate(session, estate_id=estate_id)
        after = await queries.openings(session, estate_id=estate_id, since=next_month(month))
        before = await queries.openings(session, estate_id=estate_id, since=month)
        span = Span(
            first=month,
            last=month,
            leaves=_leaves(after, estate_id=estate_id),
            openings=before,
            kind=CheckpointKind.CLOSE,
            closed=month,
        )
        await write_csv(
            session,
            estate=estate,
            span=span,
            path=path,
            signer=signer,
            is_forced=is_forced,
            progress=lambda _: None,
            now=now,
        )


def _leaves(after: Mapping[int, Opening], *, estate_id: int) -> bytes:
    """Return the leaves of the accounts as they were at the end of the month, but for what was held then."""
    leaves = np.zeros(len(after), dtype=LEAF)
    for at, (account_id, opening) in enumerate(sorted(after.items())):
        leaves[at] = (estate_id, account_id, opening.seq, np.void(opening.hash), opening.balance_micro, 0)
    return leaves.tobytes()


def _check(path: Path, *, entries: int, signer: Signer) -> None:
    checked = check_export(path, key=signer.key)
    if checked.breaks:
        broken = checked.breaks[0]
        raise MonthNotArchivable(f"{path} does not verify: {broken.place}: {broken.detail}")
    if checked.entries != entries:
        raise MonthNotArchivable(f"{path} has {checked.entries} entries, the month has {entries}")
