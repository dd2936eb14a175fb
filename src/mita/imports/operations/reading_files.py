"""A file of a head-end comes in, is taken by a worker, and what became of it is written down."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text, update

from mita.identity.operations import record_change
from mita.imports import queries
from mita.imports.domain import (
    FAULTS_MAX,
    Mode,
    ReadingFileRefused,
    ReadingTerms,
    State,
    check_zone,
    chosen_layout,
    found_of,
    shown_fault,
)
from mita.imports.models import ReadingFile
from mita.imports.operations.progress import TOPIC, TRIES_MAX
from mita.kit import context
from mita.kit.enqueue import enqueue
from mita.kit.errors import KeyReused
from mita.kit.ids import new_id
from mita.kit.live import hint

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.drivers.files import Fault
    from mita.imports.domain import Brought, Matched

READINGS_TASK = "imports:run_reading_file"
_KNOWN = "duplicate"
# the row of one that runs is touched with each portion; whoever finds it untouched takes it over
_TAKE = text(
    "UPDATE reading_file SET state = 'running', touched_at = :now"
    " WHERE estate_id = :estate_id AND reading_file_id = :number AND finished_at IS NULL"
    " AND (state = 'waiting' OR touched_at < :touched_before) RETURNING content"
)


@dataclass(frozen=True, slots=True)
class NewReadingFile:
    """A file of a head-end as it came, and how it is to be taken; the same ``key`` asks for it once.

    The layout of its terms may be ``auto`` or ``smip`` as well.
    """

    file_name: str
    content: bytes
    terms: ReadingTerms
    mode: Mode
    is_dry_run: bool
    key: str


async def receive_reading_file(
    session: AsyncSession, *, estate_id: int, new: NewReadingFile, actor: str, now: datetime
) -> tuple[ReadingFile, bool]:
    """Keep a file and let a worker take it; return it, and whether it is a repeat.

    :raises ReadingFileRefused: if nobody can tell its format, or it cannot be read as it is asked
    :raises mita.kit.errors.KeyReused: if the key belongs to another file, or the same in another way
    """
    if not new.content:
        raise ReadingFileRefused("the file is empty", problems=[{"path": "body", "message": "is empty"}])
    check_zone(new.terms.file_zone)
    layout, profile = chosen_layout(
        new.content, name=new.file_name, asked=new.terms.layout, profile=new.terms.profile
    )
    terms = {**new.terms.stored, "layout": layout, "profile": profile}
    sha256 = hashlib.sha256(new.content).digest()
    known = await queries.reading_file_of_key(session, estate_id=estate_id, key=new.key)
    if known is not None:
        asked = (sha256, terms, new.mode, new.is_dry_run)
        if (known.sha256, known.terms, known.mode, known.is_dry_run) != asked:
            raise KeyReused(f"the key {new.key!r} belongs to another file")
        return known, True
    row = ReadingFile(
        estate_id=estate_id,
        reading_file_id=new_id(),
        file_name=new.file_name,
        layout=layout,
        terms=terms,
        mode=new.mode,
        is_dry_run=new.is_dry_run,
        state=State.WAITING,
        content=new.content,
        sha256=sha256,
        size_bytes=len(new.content),
        **dict.fromkeys(("total", "done", "known", "net_micro", "tax_micro", "fault_count", "tries"), 0),
        classes={},
        found={},
        faults=[],
        key=new.key,
        actor=actor,
        correlation_id=context.current().correlation_id,
        created_at=now,
        touched_at=now,
    )
    session.add(row)
    await session.flush()
    facts = {"format": layout, "mode": row.mode, "is_dry_run": row.is_dry_run, "bytes": row.size_bytes}
    await record_change(
        session,
        estate_id=estate_id,
        subject=f"reading_file:{row.reading_file_id}",
        old=None,
        new={**facts, "file": row.file_name, "sha256": sha256.hex()},
        now=now,
        action="send_reading_file",
    )
    await enqueue(session, task=READINGS_TASK, estate_id=estate_id, reading_file_id=str(row.reading_file_id))
    return row, False


async def take_reading_file(
    session: AsyncSession, *, estate_id: int, reading_file_id: UUID, touched_before: datetime, now: datetime
) -> bytes | None:
    """Take a file to work on it; return its content, None if it is finished or another worker has it.

    One that is under way is another worker's, unless nobody has touched it since ``touched_before``.
    """
    keys = {"estate_id": estate_id, "number": reading_file_id}
    found = await session.scalar(_TAKE, {**keys, "touched_before": touched_before, "now": now})
    return None if found is None else bytes(found)


async def note_plan(
    session: AsyncSession, *, file: ReadingFile, matched: Matched, brought: Brought, now: datetime
) -> None:
    """Write down what a file brings, and what of it is of no meter of the estate or faulty.

    Begun again after a crash, what was done before is known, and stands where it was counted.
    """
    faults = sorted([*matched.strangers, *brought.faults], key=lambda each: each.line)
    count = brought.fault_count + len(matched.strangers)
    changes: dict[str, Any] = {
        "total": brought.known_count + brought.count,
        "done": brought.known_count,
        "known": brought.known_count,
        "found": found_of(matched, brought),
        "faults": [shown_fault(each) for each in faults[:FAULTS_MAX]],
        "fault_count": count,
    }
    await _update(session, file=file, changes={**changes, "touched_at": now})


async def note_portion(
    session: AsyncSession,
    *,
    file: ReadingFile,
    count: int,
    classes: Counter[str],
    net_micro: int,
    tax_micro: int,
    now: datetime,
) -> None:
    """Count what became of some readings; money in micro, above zero when customers pay."""
    row = await queries.reading_file(session, estate_id=file.estate_id, reading_file_id=file.reading_file_id)
    changes: dict[str, Any] = {
        "done": row.done + count,
        "classes": _added(row.classes, classes),
        "net_micro": row.net_micro + net_micro,
        "tax_micro": row.tax_micro + tax_micro,
        "touched_at": now,
    }
    await _update(session, file=file, changes=changes)


def _added(before: Mapping[str, int], classes: Counter[str]) -> dict[str, int]:
    # what turned out to be there already is told as known
    names = {*before, *(name for name, count in classes.items() if count)} - {_KNOWN}
    return {name: before.get(name, 0) + classes[name] for name in sorted(names)}


async def finish_reading_file(
    session: AsyncSession,
    *,
    file: ReadingFile,
    state: State,
    now: datetime,
    faults: Sequence[Fault] = (),
) -> None:
    """End a file's way; its content goes. ``faults`` are those of one that could not even be read."""
    row = await queries.reading_file(session, estate_id=file.estate_id, reading_file_id=file.reading_file_id)
    changes: dict[str, Any] = {"state": state, "content": None, "touched_at": now, "finished_at": now}
    if faults:
        changes |= {"faults": [shown_fault(each) for each in faults], "fault_count": len(faults)}
    if state is State.DONE:
        changes["done"] = row.total
        if not row.is_dry_run:
            changes["known"] = max(0, row.total - sum(row.classes.values()))
    await _update(session, file=file, changes=changes)


async def note_reading_trouble(
    session: AsyncSession, *, estate_id: int, reading_file_id: UUID, now: datetime
) -> State:
    """Count that something inside Mita went wrong; after some times the file is stopped."""
    file = await queries.reading_file(session, estate_id=estate_id, reading_file_id=reading_file_id)
    if file.finished_at is not None:
        return State(file.state)
    await _update(session, file=file, changes={"tries": file.tries + 1, "touched_at": now})
    if file.tries + 1 < TRIES_MAX:
        return State(file.state)
    await finish_reading_file(session, file=file, state=State.STOPPED, now=now)
    return State.STOPPED


async def _update(session: AsyncSession, *, file: ReadingFile, changes: Mapping[str, Any]) -> None:
    await session.execute(
        update(ReadingFile)
        .where(ReadingFile.estate_id == file.estate_id, ReadingFile.reading_file_id == file.reading_file_id)
        .values(dict(changes))
        .execution_options(synchronize_session=False)
    )
    await hint(session, estate_id=file.estate_id, topic=TOPIC)
