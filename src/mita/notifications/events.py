"""What notifications tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from uuid import UUID

    from mita.notifications.domain import AlertKind


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """An alert is there; whoever delivers it by mail or otherwise starts here."""

    name: ClassVar[str] = "notifications.alert.raised"
    estate_id: int
    alert_id: UUID
    kind: AlertKind
    subject: str
    person_id: int | None
