"""Tables of estates."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CHAR, TEXT, BigInteger, Computed
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Bytes, Instant, NewKey, UuidKey


class Organisation(Base):
    """Whoever runs estates; belongs to no estate."""

    __tablename__ = "organisation"

    organisation_id: Mapped[NewKey]
    name: Mapped[str]
    created_at: Mapped[Instant]
    version: Mapped[int] = mapped_column(default=1)
    archived_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class Estate(Base):
    """A site with one currency and one time zone."""

    __tablename__ = "estate"

    estate_id: Mapped[NewKey]
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(CHAR(3))
    time_zone: Mapped[str]
    created_at: Mapped[Instant]
    organisation_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(default="building")
    address: Mapped[str] = mapped_column(default="")
    languages: Mapped[list[str]] = mapped_column(ARRAY(TEXT), default=lambda: ["en"])
    contact_name: Mapped[str | None]
    contact_email: Mapped[str | None]
    contact_phone: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    archived_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class Unit(Base):
    """A flat, house or shop of an estate."""

    __tablename__ = "unit"

    estate_id: Mapped[BigKey]
    unit_id: Mapped[NewKey]
    name: Mapped[str]
    created_at: Mapped[Instant]
    kind: Mapped[str] = mapped_column(default="flat")
    door: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    floor_area_micro: Mapped[int | None] = mapped_column(BigInteger)
    participation_micro: Mapped[int | None] = mapped_column(BigInteger)
    notes: Mapped[str] = mapped_column(default="")
    is_out_of_use: Mapped[bool] = mapped_column(default=False)
    version: Mapped[int] = mapped_column(default=1)
    archived_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    search: Mapped[str | None] = mapped_column(
        TSVECTOR,
        Computed("search_words(name || ' '::text || door || ' '::text || address)", persisted=True),
        deferred=True,
    )


class EstatePerson(Base):
    """Whom an estate knows: whoever has, or had, something in it."""

    __tablename__ = "estate_person"

    estate_id: Mapped[BigKey]
    person_id: Mapped[BigKey]
    linked_at: Mapped[Instant]


class Occupancy(Base):
    """Who lives in a unit, on local days from one until before another."""

    __tablename__ = "occupancy"

    estate_id: Mapped[BigKey]
    occupancy_id: Mapped[NewKey]
    unit_id: Mapped[Big]
    person_id: Mapped[Big]
    is_main: Mapped[bool]
    from_on: Mapped[dt.date]
    until_on: Mapped[dt.date | None]
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str]
    created_at: Mapped[Instant]
    voided_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    from_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class Ownership(Base):
    """Who owns a share of a unit, on local days from one until before another."""

    __tablename__ = "ownership"

    estate_id: Mapped[BigKey]
    ownership_id: Mapped[NewKey]
    unit_id: Mapped[Big]
    person_id: Mapped[Big]
    share_micro: Mapped[Big]
    from_on: Mapped[dt.date]
    until_on: Mapped[dt.date | None]
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str]
    created_at: Mapped[Instant]
    voided_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class DocumentFile(Base):
    """What a document holds, kept once under its hash."""

    __tablename__ = "document_file"

    estate_id: Mapped[BigKey]
    sha256: Mapped[bytes] = mapped_column(primary_key=True)
    content: Mapped[Bytes]


class Document(Base):
    """A file about an estate, a unit, a meter or a person."""

    __tablename__ = "document"

    estate_id: Mapped[BigKey]
    document_id: Mapped[UuidKey]
    subject: Mapped[str]
    subject_id: Mapped[Big]
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str]
    media_type: Mapped[str]
    sha256: Mapped[Bytes]
    size_bytes: Mapped[int]
    actor: Mapped[str]
    created_at: Mapped[Instant]
    archived_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    for_residents: Mapped[bool] = mapped_column(default=False)
