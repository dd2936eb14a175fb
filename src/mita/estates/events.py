"""What estates tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


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
