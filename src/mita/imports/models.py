"""Tables of imports."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, SmallInteger, Text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Bytes, Instant, Json, UuidKey

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


class ReadingFile(Base):
    """A file of a head-end on its way to be charged; its content is gone when that came to its end.

    ``total`` new and known readings, of which ``done`` were looked at; ``found`` is what is in it.
    """

    __tablename__ = "reading_file"

    estate_id: Mapped[BigKey]
    reading_file_id: Mapped[UuidKey]
    file_name: Mapped[str]
    layout: Mapped[str]
    terms: Mapped[Json]
    mode: Mapped[str]
    is_dry_run: Mapped[bool]
    state: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(BYTEA, deferred=True)
    sha256: Mapped[Bytes]
    size_bytes: Mapped[int] = mapped_column(Integer)
    total: Mapped[int] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer)
    known: Mapped[int] = mapped_column(Integer)
    classes: Mapped[Json]
    net_micro: Mapped[Big]
    tax_micro: Mapped[Big]
    found: Mapped[Json]
    faults: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    fault_count: Mapped[int] = mapped_column(Integer)
    tries: Mapped[int] = mapped_column(SmallInteger)
    key: Mapped[str]
    actor: Mapped[str]
    correlation_id: Mapped[str]
    created_at: Mapped[Instant]
    touched_at: Mapped[Instant]
    finished_at: Mapped[datetime | None] = mapped_column(_TIME)
