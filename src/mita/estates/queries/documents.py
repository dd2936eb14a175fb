"""Reads of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.estates.models import Document, DocumentFile
from mita.kit.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def documents(
    session: AsyncSession,
    *,
    estate_id: int,
    subject: str | None = None,
    subject_id: int | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[Document]:
    """Return documents that are not archived, newest first, ``limit`` at most older than ``before``."""
    statement = select(Document).where(Document.estate_id == estate_id, Document.archived_at.is_(None))
    if subject is not None:
        statement = statement.where(Document.subject == subject)
    if subject_id is not None:
        statement = statement.where(Document.subject_id == subject_id)
    if before is not None:
        statement = statement.where(Document.document_id < before)
    return (await session.scalars(statement.order_by(Document.document_id.desc()).limit(limit))).all()


async def document(session: AsyncSession, *, estate_id: int, document_id: UUID) -> Document:
    """Return one document that is not archived, without what it holds.

    :raises NotFound: if the estate has no such document
    """
    found = await session.get(Document, (estate_id, document_id))
    if found is None or found.archived_at is not None:
        raise NotFound(f"document {document_id} does not exist in estate {estate_id}")
    return found


async def content(session: AsyncSession, *, document: Document) -> bytes:
    """Return what a document holds."""
    found = await session.get(DocumentFile, (document.estate_id, document.sha256))
    assert found is not None, "a foreign key"
    return bytes(found.content)
