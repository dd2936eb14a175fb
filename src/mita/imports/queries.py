"""Reads of imports and their rows, and of files of head-ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from mita.imports.models import ImportFile, ImportRow, ReadingFile
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.imports.domain import RowState


async def import_file(
    session: AsyncSession, *, estate_id: int, import_id: UUID, lock: bool = False
) -> ImportFile:
    """Return one import as it is now.

    :raises NotFound: if the estate has no such import
    """
    found = await session.get(
        ImportFile, (estate_id, import_id), populate_existing=True, with_for_update=lock or None
    )
    if found is None:
        raise NotFound(f"import {import_id} does not exist in estate {estate_id}")
    return found


async def import_of_key(session: AsyncSession, *, estate_id: int, key: str) -> ImportFile | None:
    """Return the import that an idempotency key asked for."""
    return await session.scalar(
        select(ImportFile).where(ImportFile.estate_id == estate_id, ImportFile.key == key)
    )


async def import_files(
    session: AsyncSession, *, estate_id: int, kind: str | None, before: UUID | None, limit: int
) -> Sequence[ImportFile]:
    """Return an estate's imports, the newest first; ``kind`` of None is any."""
    statement = select(ImportFile).where(ImportFile.estate_id == estate_id)
    if kind is not None:
        statement = statement.where(ImportFile.kind == kind)
    if before is not None:
        statement = statement.where(ImportFile.import_id < before)
    return (await session.scalars(statement.order_by(ImportFile.import_id.desc()).limit(limit))).all()


async def first_of_same_file(session: AsyncSession, *, file: ImportFile) -> UUID | None:
    """Return the first import that wrote the same file, of the same kind, before this one."""
    statement = (
        select(ImportFile.import_id)
        .where(
            ImportFile.estate_id == file.estate_id,
            ImportFile.sha256 == file.sha256,
            ImportFile.kind == file.kind,
            ImportFile.import_id < file.import_id,
            ~ImportFile.is_dry_run,
        )
        .order_by(ImportFile.import_id)
        .limit(1)
    )
    return await session.scalar(statement)


async def import_rows(
    session: AsyncSession,
    *,
    estate_id: int,
    import_id: UUID,
    state: RowState | None,
    after_line: int,
    limit: int,
) -> Sequence[ImportRow]:
    """Return rows of an import in their order, ``limit`` at most after a row; ``state`` of None is any."""
    statement = select(ImportRow).where(
        ImportRow.estate_id == estate_id,
        ImportRow.import_id == import_id,
        ImportRow.row_number > after_line,
    )
    if state is not None:
        statement = statement.where(ImportRow.state == state)
    ordered = statement.order_by(ImportRow.row_number).limit(limit)
    return (await session.scalars(ordered.execution_options(populate_existing=True))).all()


async def unfinished(session: AsyncSession, *, touched_before: datetime) -> list[tuple[int, UUID]]:
    """Return (estate_id, import_id) of imports that nobody has touched for a while, in any estate."""
    statement = text("SELECT estate_id, import_id FROM unfinished_imports(:touched_before)")
    rows = await session.execute(statement, {"touched_before": touched_before})
    return [(row.estate_id, row.import_id) for row in rows]


async def reading_file(session: AsyncSession, *, estate_id: int, reading_file_id: UUID) -> ReadingFile:
    """Return one file of a head-end as it is now, without its content.

    :raises NotFound: if the estate has no such file
    """
    found = await session.get(ReadingFile, (estate_id, reading_file_id), populate_existing=True)
    if found is None:
        raise NotFound(f"reading file {reading_file_id} does not exist in estate {estate_id}")
    return found


async def reading_file_of_key(session: AsyncSession, *, estate_id: int, key: str) -> ReadingFile | None:
    """Return the file of a head-end that came with an idempotency key."""
    return await session.scalar(
        select(ReadingFile).where(ReadingFile.estate_id == estate_id, ReadingFile.key == key)
    )


async def reading_files(
    session: AsyncSession, *, estate_id: int, before: UUID | None, limit: int
) -> Sequence[ReadingFile]:
    """Return an estate's files of head-ends, the newest first."""
    statement = select(ReadingFile).where(ReadingFile.estate_id == estate_id)
    if before is not None:
        statement = statement.where(ReadingFile.reading_file_id < before)
    return (await session.scalars(statement.order_by(ReadingFile.reading_file_id.desc()).limit(limit))).all()


async def unfinished_reading_files(
    session: AsyncSession, *, touched_before: datetime
) -> list[tuple[int, UUID]]:
    """Return (estate_id, reading_file_id) of files that nobody has touched for a while, in any estate."""
    statement = text("SELECT estate_id, reading_file_id FROM unfinished_reading_files(:touched_before)")
    rows = await session.execute(statement, {"touched_before": touched_before})
    return [(row.estate_id, row.reading_file_id) for row in rows]
