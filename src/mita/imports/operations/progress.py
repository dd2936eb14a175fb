"""How far an import is; rows are carried once, whatever happens to the worker."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import delete, text, update

from mita.imports import queries
from mita.imports.domain import RowState, State
from mita.imports.events import ImportFinished
from mita.imports.models import ImportFile, ImportRow
from mita.kit.events import publish
from mita.kit.live import hint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import CursorResult
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import Outcome

TOPIC = "imports"
TRIES_MAX = 3
_NOTE = text(
    "UPDATE import_row AS i SET state = r.state, faults = r.faults::jsonb"
    " FROM unnest(CAST(:numbers AS int[]), CAST(:states AS text[]), CAST(:faults AS text[]))"
    " AS r (n, state, faults)"
    " WHERE i.estate_id = :estate_id AND i.import_id = :import_id AND i.row_number = r.n"
)
# two halves of a UUID are one lock; it goes with the transaction, however that ends
_CLAIM = text("SELECT pg_try_advisory_xact_lock(:high, :low)")


async def claim(session: AsyncSession, *, import_id: UUID) -> bool:
    """Take an import for this transaction; False: another worker carries it just now."""
    number = import_id.int
    halves = {"high": _signed(number >> 32), "low": _signed(number)}
    return bool(await session.scalar(_CLAIM, halves))


def _signed(number: int) -> int:
    return (number & 0xFFFFFFFF) - 0x80000000


async def note_outcomes(
    session: AsyncSession, *, file: ImportFile, outcomes: Sequence[Outcome], now: datetime
) -> None:
    """Write down what became of rows, count them, and hint at it."""
    values = {
        "estate_id": file.estate_id,
        "import_id": file.import_id,
        "numbers": [each.number for each in outcomes],
        "states": [each.state.value for each in outcomes],
        "faults": [json.dumps([fault.shown for fault in each.faults]) for each in outcomes],
    }
    await session.execute(_NOTE, values)
    counts = Counter(each.state.value for each in outcomes)
    changes: dict[Any, Any] = {name: getattr(ImportFile, name) + count for name, count in counts.items()}
    await _update(session, file=file, changes={**changes, "state": State.RUNNING, "touched_at": now})
    await hint(session, estate_id=file.estate_id, topic=TOPIC)


async def begin_again(session: AsyncSession, *, file: ImportFile, now: datetime) -> None:
    """Let every row wait again, but those that failed before anything was tried: what was done is undone."""
    await session.execute(
        update(ImportRow)
        .where(
            ImportRow.estate_id == file.estate_id,
            ImportRow.import_id == file.import_id,
            ImportRow.state != RowState.WAITING,
            ~ImportRow.faults.contains([{"code": "twice_in_file"}]),
        )
        .values(state=RowState.WAITING, faults=[])
        .execution_options(synchronize_session=False)
    )
    failed = text(
        "SELECT count(*) FROM import_row WHERE estate_id = :estate_id AND import_id = :import_id"
        " AND state = 'failed'"
    )
    left = await session.scalar(failed, {"estate_id": file.estate_id, "import_id": file.import_id})
    zero = dict.fromkeys(("created", "updated", "unchanged", "withheld"), 0)
    await _update(
        session, file=file, changes={**zero, "failed": left, "state": State.RUNNING, "touched_at": now}
    )


async def finish(session: AsyncSession, *, file: ImportFile, state: State, now: datetime) -> None:
    """End an import, and tell so; of one that is ``refused`` every good row is withheld."""
    changes: dict[str, Any] = {"state": state, "touched_at": now, "finished_at": now}
    if state is State.REFUSED:
        withheld = await session.execute(
            update(ImportRow)
            .where(
                ImportRow.estate_id == file.estate_id,
                ImportRow.import_id == file.import_id,
                ImportRow.state != RowState.FAILED,
            )
            .values(state=RowState.WITHHELD)
            .execution_options(synchronize_session=False)
        )
        count = cast("CursorResult[Any]", withheld).rowcount
        changes |= {"created": 0, "updated": 0, "unchanged": 0, "withheld": count}
    await _update(session, file=file, changes=changes)
    await hint(session, estate_id=file.estate_id, topic=TOPIC)
    if not file.is_dry_run:
        found = await queries.import_file(session, estate_id=file.estate_id, import_id=file.import_id)
        told = ImportFinished(
            file.estate_id, file.import_id, file.kind, state, rows=found.total, failed=found.failed
        )
        await publish(session, told, now=now)


async def note_trouble(session: AsyncSession, *, estate_id: int, import_id: UUID, now: datetime) -> State:
    """Count that something inside Mita went wrong; after some times the import stops."""
    file = await queries.import_file(session, estate_id=estate_id, import_id=import_id, lock=True)
    if file.finished_at is not None:
        return State(file.state)
    await _update(session, file=file, changes={"tries": file.tries + 1, "touched_at": now})
    if file.tries + 1 < TRIES_MAX:
        return State(file.state)
    await finish(session, file=file, state=State.STOPPED, now=now)
    return State.STOPPED


async def forget_rows(session: AsyncSession, *, estate_id: int, before: datetime, now: datetime) -> int:
    """Delete the rows of imports that ended before an instant, as they name people; return of how many."""
    old = (
        await session.scalars(
            text(
                "SELECT import_id FROM import_file WHERE estate_id = :estate_id AND finished_at < :before"
                " AND forgotten_at IS NULL"
            ),
            {"estate_id": estate_id, "before": before},
        )
    ).all()
    if old:
        mine = (ImportRow.estate_id == estate_id, ImportRow.import_id.in_(old))
        await session.execute(delete(ImportRow).where(*mine).execution_options(synchronize_session=False))
        files = (ImportFile.estate_id == estate_id, ImportFile.import_id.in_(old))
        await session.execute(
            update(ImportFile)
            .where(*files)
            .values(forgotten_at=now)
            .execution_options(synchronize_session=False)
        )
    return len(old)


async def _update(session: AsyncSession, *, file: ImportFile, changes: dict[Any, Any]) -> None:
    await session.execute(
        update(ImportFile)
        .where(ImportFile.estate_id == file.estate_id, ImportFile.import_id == file.import_id)
        .values(changes)
        .execution_options(synchronize_session=False)
    )
