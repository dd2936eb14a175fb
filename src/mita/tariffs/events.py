"""What tariffs tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from mita.tariffs.domain import Assignment


@dataclass(frozen=True, slots=True)
class RateTableAssigned:
    """From ``effective_from`` what the scope names is charged by another table.

    Everything assigned before has a smaller ``assignment_id``.
    """

    name: ClassVar[str] = "tariffs.rate_table.assigned"
    estate_id: int
    utility: str
    assignment: Assignment
