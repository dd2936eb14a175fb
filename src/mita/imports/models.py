"""Tables of imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import BigKey, Bytes, Instant, UuidKey

_TIME = TIMESTAMP(timezone=True)


class ImportFile(Base):
    """A file that is carried into an estate, and how far that is."""

    __tablename__ = "import_file"

    estate_id: Mapped[BigKey]
    import_id: Mapped[UuidKey]
    kind: Mapped[str]
    file_name: Mapped[str]
    mode: Mapped[str]
    is_dry_run: Mapped[bool]
    state: Mapped[str]
    encoding: Mapped[str]
    separator: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(ARRAY(Text))
    notes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    sha256: Mapped[Bytes]
    size_bytes: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(Integer)
    created: Mapped[int] = mapped_column(Integer)
    updated: Mapped[int] = mapped_column(Integer)
    unchanged: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    withheld: Mapped[int] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str]
    actor: Mapped[str]
    correlation_id: Mapped[str]
    created_at: Mapped[Instant]
    touched_at: Mapped[Instant]
    finished_at: Mapped[datetime | None] = mapped_column(_TIME)
    forgotten_at: Mapped[datetime | None] = mapped_column(_TIME)


class ImportRow(Base):
    """A row of such a file: its cells in the order of the columns, and what became of it."""

    __tablename__ = "import_row"

    estate_id: Mapped[BigKey]
    import_id: Mapped[UuidKey]
    row_number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    cells: Mapped[list[str]] = mapped_column(JSONB)
    state: Mapped[str]
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
