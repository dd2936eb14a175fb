"""What estates tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class EstateCreated:
    """A new estate exists; its books and its charging lane can be opened."""

    name: ClassVar[str] = "estates.estate.created"
    estate_id: int
    currency: str


@dataclass(frozen=True, slots=True)
class EstateArchived:
    """An estate was archived, or brought back: whether it takes readings has changed."""

    name: ClassVar[str] = "estates.estate.archived"
    estate_id: int
    is_archived: bool


@dataclass(frozen=True, slots=True)
class ResidentCame:
    """A person lives in a unit from now on, and since when; told again when that begins anew."""

    name: ClassVar[str] = "estates.resident.came"
    estate_id: int
    unit_id: int
    person_id: int
    since: datetime
