"""What tariffs tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import date


@dataclass(frozen=True, slots=True)
class RateTableAssigned:
    """From ``effective_from`` an estate charges a utility by another table."""

    name: ClassVar[str] = "tariffs.rate_table.assigned"
    estate_id: int
    utility: str
    effective_from: date
