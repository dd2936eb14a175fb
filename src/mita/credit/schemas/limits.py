"""Request and response shapes of load limits."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import Field

from mita.credit.models import LoadLimit, SupplyLimit
from mita.kit.shapes import Id, Instant, Shape, UtilityWord

from .supplies import Watts

LimitCauseWord = Literal["balance", "staff", "event"]


class LimitIn(Shape):
    """Staff limits a supply."""

    limit_w: Watts
    until: Instant | None = Field(
        default=None, description="When it ends by itself; without one it holds until it is lifted"
    )


class LimitOut(Shape):
    """One cause for which a supply is held to a power; the lowest one holds."""

    cause: LimitCauseWord
    limit_w: Watts
    reason: str = Field(examples=["limited by staff"])
    set_by: str = Field(examples=["person:7"])
    since: Instant
    until: Instant | None = Field(description="When it ends by itself, if it does")


class SupplyLimits(Shape):
    """What a supply is to be held to, and what its device says that it holds it to."""

    unit_id: Id
    utility: UtilityWord
    limits: list[LimitOut]
    wanted_w: Watts | None = Field(description="The lowest of the limits")
    held_w: int | None = Field(
        examples=[2000],
        description="By the device's own word; null: it holds it to nothing, or never said",
    )
    held_since: datetime | None = Field(examples=["2026-03-01T10:00:00Z"])
    command_id: UUID | None = Field(description="The command behind what it holds it to")


def supply_limits(
    *, unit_id: int, utility: str, rows: list[LoadLimit], known: SupplyLimit | None
) -> SupplyLimits:
    """Return the limits of a supply as JSON shows them."""
    return SupplyLimits(
        unit_id=unit_id,
        utility=utility,
        limits=[
            LimitOut(
                cause=row.cause,
                limit_w=row.limit_w,
                reason=row.reason,
                set_by=row.set_by,
                since=row.since,
                until=row.until,
            )
            for row in rows
        ],
        wanted_w=min((row.limit_w for row in rows), default=None),
        held_w=None if known is None else known.limit_w,
        held_since=None if known is None else known.since,
        command_id=None if known is None else known.command_id,
    )
