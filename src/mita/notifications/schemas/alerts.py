"""Response shapes of alerts."""

from uuid import UUID

from pydantic import Field

from mita.kit.shapes import Id, Instant, Shape
from mita.notifications.domain import AlertKind, sentence
from mita.notifications.models import Alert


class AlertOut(Shape):
    """Something that a person or the estate's staff should know."""

    alert_id: UUID
    kind: AlertKind = Field(examples=["low_balance"])
    subject: str = Field(description="What it is about", examples=["wallet:7:electricity"])
    person_id: Id | None = Field(description="Whom it was raised to; null is the estate's staff")
    sentence: str = Field(examples=["The electricity balance of A101 is low: 12.340000 ZAR."])
    detail: dict[str, str] = Field(
        description="What the sentence names, for who writes it in another language; amounts are decimals",
        examples=[{"unit": "A101", "utility": "electricity", "balance": "12.34", "currency": "ZAR"}],
    )
    raised_at: Instant
    seen_at: Instant | None
    resolved_at: Instant | None = Field(description="When what it told of was over; null while it lasts")


def alert_out(row: Alert) -> AlertOut:
    """Return an alert as JSON shows it."""
    kind = AlertKind(row.kind)
    return AlertOut(
        alert_id=row.alert_id,
        kind=kind,
        subject=row.subject,
        person_id=row.person_id,
        sentence=sentence(kind, detail=row.detail),
        detail={name: str(value) for name, value in row.detail.items()},
        raised_at=row.raised_at,
        seen_at=row.seen_at,
        resolved_at=row.resolved_at,
    )
