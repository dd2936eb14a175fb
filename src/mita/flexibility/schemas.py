"""Request and response shapes of flexibility."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from mita.credit.domain import LIMIT_W_MAX
from mita.flexibility.domain import UNITS_MAX, Terms
from mita.flexibility.models import FlexibilityConsent, FlexibilityEvent, FlexibilityUnit
from mita.kit.shapes import Id, Instant, Shape, Text

EventState = Literal["planned", "running", "over", "cancelled"]
UnitState = Literal["planned", "asked", "confirmed", "failed", "cannot", "protected", "declined", "left"]
Watts = Annotated[int, Field(ge=1, le=LIMIT_W_MAX, examples=[2000])]


class FlexibilityEventIn(Shape):
    """Hours for which units are asked to use less."""

    title: Text = Field(examples=["Evening peak"])
    limit_w: Watts | None = Field(
        default=None, description="The power that each unit is held to; without one their supplies are off"
    )
    from_at: Instant = Field(examples=["2026-03-02T16:00:00Z"])
    until_at: Instant = Field(
        examples=["2026-03-02T18:00:00Z"], description="Before this instant; 24 hours later at most"
    )
    unit_ids: list[Id] | None = Field(
        default=None,
        min_length=1,
        max_length=UNITS_MAX,
        description="Which units; without them every one that has electricity",
    )

    def terms(self) -> Terms:
        """Return what is asked, for the operation."""
        return Terms(self.title, self.limit_w, self.from_at, self.until_at)


class UnitCounts(Shape):
    """How many units got how far."""

    planned: int = Field(default=0, examples=[0])
    asked: int = Field(default=0, examples=[2])
    confirmed: int = Field(default=0, examples=[17], description="Their devices said that they do so")
    failed: int = Field(default=0, examples=[1])
    cannot: int = Field(default=0, examples=[3], description="No device of theirs can")
    protected: int = Field(default=0, examples=[1])
    declined: int = Field(default=0, examples=[12], description="Nobody agreed to take part")
    left: int = Field(default=0, examples=[0], description="Opted out of this event")


class FlexibilityEventOut(Shape):
    """An event, and how many of its units got how far."""

    flexibility_event_id: UUID
    title: str = Field(examples=["Evening peak"])
    kind: Literal["limit", "shed"]
    limit_w: Watts | None
    from_at: Instant
    until_at: Instant
    state: EventState
    created_by: str = Field(examples=["person:7"])
    created_at: Instant
    changed_at: Instant
    units: UnitCounts


class FlexibilityUnitOut(Shape):
    """A unit of an event."""

    unit_id: Id
    state: UnitState
    reason: str = Field(examples=["device modbus:flat-1 cannot limit, as it is set up"])
    changed_at: Instant


class ConsentIn(Shape):
    """Whether a unit takes part in events."""

    takes_part: bool
    is_protected: bool | None = Field(
        default=None,
        description="Staff only: never asked, whatever was agreed, as where somebody depends on a machine;"
        " without it nothing changes",
    )


class ConsentOut(Shape):
    """Whether a unit takes part in events."""

    unit_id: Id
    takes_part: bool
    is_protected: bool
    changed_by: str | None = Field(examples=["person:7"])
    changed_at: datetime | None = Field(examples=["2026-03-01T10:00:00Z"])


def event_out(row: FlexibilityEvent, *, counts: dict[str, int]) -> FlexibilityEventOut:
    """Return an event as JSON shows it."""
    return FlexibilityEventOut(
        flexibility_event_id=row.flexibility_event_id,
        title=row.title,
        kind=row.kind,
        limit_w=row.limit_w,
        from_at=row.from_at,
        until_at=row.until_at,
        state=row.state,
        created_by=row.created_by,
        created_at=row.created_at,
        changed_at=row.changed_at,
        units=UnitCounts(**counts),
    )


def unit_out(row: FlexibilityUnit) -> FlexibilityUnitOut:
    """Return a unit of an event as JSON shows it."""
    return FlexibilityUnitOut(
        unit_id=row.unit_id, state=row.state, reason=row.reason, changed_at=row.changed_at
    )


def consent_out(row: FlexibilityConsent | None, *, unit_id: int) -> ConsentOut:
    """Return whether a unit takes part, as JSON shows it; one that never said so does not."""
    return ConsentOut(
        unit_id=unit_id,
        takes_part=row is not None and row.takes_part,
        is_protected=row is not None and row.is_protected,
        changed_by=None if row is None else row.changed_by,
        changed_at=None if row is None else row.changed_at,
    )
