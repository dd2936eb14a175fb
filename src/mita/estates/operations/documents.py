"""Documents are stored under the hash of what they hold, and archived."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates.models import Document, DocumentFile
from mita.kit.errors import Invalid
from mita.kit.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

# how a file of each kind begins; what a caller calls it is not believed
_BEGINNINGS = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/webp": (b"RIFF",),
    "application/pdf": (b"%PDF-",),
}
MEDIA_TYPES = tuple(_BEGINNINGS)


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A file to store about something: an estate, a unit, a meter or a person.

    ``for_residents``: whoever lives there may see it, and the person whom it is about.
    """

    subject: str
    subject_id: int
    unit_id: int | None
    name: str
    media_type: str
    content: bytes
    for_residents: bool = False


async def store_document(
    session: AsyncSession, *, estate_id: int, new: NewDocument, actor: str, now: datetime
) -> Document:
    """Store a document; the same file is kept once.

    :raises Invalid: if the file is not what its type says
    """
    is_webp = new.media_type == "image/webp"
    begins = new.content.startswith(_BEGINNINGS[new.media_type])
    # RIFF is the beginning of sounds and films as well
    if not begins or (is_webp and new.content[8:12] != b"WEBP"):
        message = f"is no {new.media_type}"
        raise Invalid(f"the file {message}", problems=[{"path": "body", "message": message}])
    sha256 = hashlib.sha256(new.content).digest()
    held = {"estate_id": estate_id, "sha256": sha256, "content": new.content}
    await session.execute(pg_insert(DocumentFile).values(held).on_conflict_do_nothing())
    row = Document(
        estate_id=estate_id,
        document_id=new_id(),
        subject=new.subject,
        subject_id=new.subject_id,
        unit_id=new.unit_id,
        name=new.name,
        media_type=new.media_type,
        sha256=sha256,
        size_bytes=len(new.content),
        actor=actor,
        created_at=now,
        for_residents=new.for_residents,
    )
    session.add(row)
    await session.flush()
    return row


async def archive_document(session: AsyncSession, *, document: Document, now: datetime) -> None:
    """Take a document out of every list; its file stays as evidence."""
    document.archived_at = now
    await session.flush()
