"""What credit control tells the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class SupplyAsked:
    """A supply command was written; whoever speaks to devices carries it out."""

    name: ClassVar[str] = "credit.supply.asked"
    estate_id: int
    command_id: UUID
    unit_id: int
    utility: str
    action: str


@dataclass(frozen=True, slots=True)
class CreditRuleChanged:
    """An estate's rule for a utility is another; workers read its lines again."""

    name: ClassVar[str] = "credit.rule.changed"
    estate_id: int
    utility: str


@dataclass(frozen=True, slots=True)
class CutDeferred:
    """A supply would have been cut; friendly hours defer that, and money in between spares it."""

    name: ClassVar[str] = "credit.cut.deferred"
    estate_id: int
    unit_id: int
    utility: str
    cause: str
    until: datetime


@dataclass(frozen=True, slots=True)
class SupplyChanged:
    """A device confirmed that it switched a supply."""

    name: ClassVar[str] = "credit.supply.changed"
    estate_id: int
    command_id: UUID
    unit_id: int
    utility: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class SupplyUnchanged:
    """A supply command failed: its time is over without the device's word, or the device said otherwise."""

    name: ClassVar[str] = "credit.supply.unchanged"
    estate_id: int
    command_id: UUID
    unit_id: int
    utility: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class SupplyLimited:
    """A device says that it holds a supply to another power than before (watts); None: to nothing."""

    name: ClassVar[str] = "credit.supply.limited"
    estate_id: int
    command_id: UUID | None
    unit_id: int
    utility: str
    limit_w: int | None
