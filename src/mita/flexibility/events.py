"""What flexibility tells the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class FlexibilityStarted:
    """An event began: units are being asked."""

    name: ClassVar[str] = "flexibility.event.started"
    estate_id: int
    flexibility_event_id: UUID


@dataclass(frozen=True, slots=True)
class FlexibilityEnded:
    """An event is over, or was cancelled after it had begun."""

    name: ClassVar[str] = "flexibility.event.ended"
    estate_id: int
    flexibility_event_id: UUID
