"""What handovers tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Onboarded:
    """Somebody moved into a unit."""

    name: ClassVar[str] = "tenancies.tenant.onboarded"
    estate_id: int
    handover_id: UUID
    unit_id: int
    occupancy_id: int
    person_id: int
    wallet_id: int


@dataclass(frozen=True, slots=True)
class Offboarded:
    """Somebody moved out of a unit; ``balance_micro`` is what was left: below zero a debt."""

    name: ClassVar[str] = "tenancies.tenant.offboarded"
    estate_id: int
    handover_id: UUID
    unit_id: int
    occupancy_id: int
    person_id: int
    wallet_id: int
    balance_micro: int


@dataclass(frozen=True, slots=True)
class HandoverUndone:
    """A handover was undone, as if nobody had moved."""

    name: ClassVar[str] = "tenancies.handover.undone"
    estate_id: int
    handover_id: UUID
    unit_id: int
    kind: str
