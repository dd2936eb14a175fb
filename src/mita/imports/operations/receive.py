"""A file comes in: it is read, its rows are stored, and a job is asked to carry them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.identity.operations import record_change
from mita.imports import queries
from mita.imports.domain import KINDS, Fault, Mode, RowState, State, read_sheet, rows_of, twins
from mita.imports.models import ImportFile
from mita.kit import context
from mita.kit.enqueue import enqueue
from mita.kit.errors import KeyReused
from mita.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import Sheet

TASK = "imports:run_import"
_STORE = text(
    "INSERT INTO import_row (estate_id, import_id, row_number, cells, state, faults)"
    " SELECT :estate_id, :import_id, r.n, r.cells::jsonb, r.state, r.faults::jsonb"
    " FROM unnest(CAST(:numbers AS int[]), CAST(:cells AS text[]), CAST(:states AS text[]),"
    " CAST(:faults AS text[])) AS r (n, cells, state, faults)"
)


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to import, as it came, and how; the same ``key`` asks for it once."""

    kind: str
    file_name: str
    content: bytes
    mode: Mode
    is_dry_run: bool
    key: str


async def receive_file(
    session: AsyncSession, *, estate_id: int, new: NewFile, actor: str, now: datetime, with_job: bool = True
) -> tuple[ImportFile, bool]:
    """Store a file's rows and let a worker carry them; return the import, and whether it is a repeat.

    Without ``with_job`` the caller carries them. Rows that say the same as a row before them fail at once.

    :raises mita.imports.domain.FileRefused: if the file as a whole cannot be imported
    :raises mita.kit.errors.KeyReused: if the key belongs to another file, or the same in another way
    """
    sha256 = hashlib.sha256(new.content).digest()
    known = await queries.import_of_key(session, estate_id=estate_id, key=new.key)
    if known is not None:
        asked = (sha256, new.kind, new.mode, new.is_dry_run)
        if (known.sha256, known.kind, known.mode, known.is_dry_run) != asked:
            raise KeyReused(f"the key {new.key!r} belongs to another import")
        return known, True
    kind = KINDS[new.kind]
    sheet = read_sheet(new.content, kind=kind)
    same = twins(rows_of(sheet.columns, sheet.rows), kind=kind)
    row = ImportFile(
        estate_id=estate_id,
        import_id=new_id(),
        kind=new.kind,
        file_name=new.file_name,
        mode=new.mode,
        is_dry_run=new.is_dry_run,
        state=State.WAITING,
        encoding=sheet.encoding,
        separator=sheet.separator,
        columns=list(sheet.columns),
        notes=list(sheet.notes),
        sha256=sha256,
        size_bytes=len(new.content),
        total=len(sheet.rows),
        created=0,
        updated=0,
        unchanged=0,
        failed=len(same),
        withheld=0,
        tries=0,
        key=new.key,
        actor=actor,
        correlation_id=context.current().correlation_id,
        created_at=now,
        touched_at=now,
    )
    session.add(row)
    await session.flush()
    await _store_rows(session, row, sheet=sheet, same=same, key_columns=kind.key)
    facts = {"kind": row.kind, "mode": row.mode, "is_dry_run": row.is_dry_run, "rows": row.total}
    await record_change(
        session,
        estate_id=estate_id,
        subject=f"import:{row.import_id}",
        old=None,
        new={**facts, "file": row.file_name, "sha256": sha256.hex()},
        now=now,
        action="start_import",
    )
    if with_job:
        await enqueue(session, task=TASK, estate_id=estate_id, import_id=str(row.import_id))
    return row, False


async def _store_rows(
    session: AsyncSession,
    row: ImportFile,
    *,
    sheet: Sheet,
    same: Mapping[int, int],
    key_columns: tuple[str, ...],
) -> None:
    numbers = [number for number, _ in sheet.rows]
    await session.execute(
        _STORE,
        {
            "estate_id": row.estate_id,
            "import_id": row.import_id,
            "numbers": numbers,
            "cells": [json.dumps(cells) for _, cells in sheet.rows],
            "states": [RowState.FAILED if number in same else RowState.WAITING for number in numbers],
            "faults": [
                json.dumps([_twice(same[number], key_columns).shown] if number in same else [])
                for number in numbers
            ],
        },
    )


def _twice(first: int, key_columns: tuple[str, ...]) -> Fault:
    words = " and ".join(key_columns)
    return Fault(key_columns[0], "twice_in_file", f"row {first} has the same {words}")
