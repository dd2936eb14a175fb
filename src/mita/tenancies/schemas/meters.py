"""Request and response shapes of meter swaps, of meters over time, and of documents."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from mita.kit.errors import Invalid
from mita.kit.quantity import VALUE_MICRO_MAX
from mita.kit.shapes import (
    Id,
    Instant,
    Money,
    PositiveAmount,
    Quantity,
    Shape,
    Text,
    UtilityWord,
    micro,
    money,
    quantity,
)
from mita.metering.domain import BASE_UNIT, RATE_MICRO_MAX, Limits
from mita.metering.schemas import Device, RegisterName, Serial
from mita.tenancies.operations import NewPart, SwapOrder, Swapped

SubjectWord = Literal["estate", "unit", "meter", "person"]
MediaWord = Literal["image/jpeg", "image/png", "image/webp", "application/pdf"]
StatusWord = Literal["active", "faulty", "removed"]
Readouts = Annotated[dict[RegisterName, PositiveAmount], Field(max_length=8)]


class SwapIn(Shape):
    """The meter that takes the place, and what both show when they are swapped, by register."""

    serial: Serial = Field(description="Of the new meter", examples=["E-2001"])
    device: Device | None = Field(
        default=None,
        description="What speaks for the new meter; as before, if it is not said",
        examples=["wc-a101"],
    )
    max_rate: PositiveAmount | None = Field(
        default=None, description="As before, if not said", examples=["20"]
    )
    burst: PositiveAmount | None = Field(default=None, examples=["1.5"])
    swapped_at: Instant
    reason: Text = Field(examples=["the display is broken"])
    closing: Readouts = Field(description="Last values of the old meter", examples=[{"import": "1234.5"}])
    opening: Readouts = Field(description="First values of the new one", examples=[{"import": "0"}])

    def order(self, *, meter_id: int) -> SwapOrder:
        """Return the order for the operation.

        :raises Invalid: if a value or a limit is out of range
        """
        limits = None
        if self.max_rate is not None:
            limits = Limits(_inside("max_rate", self.max_rate, most=RATE_MICRO_MAX) or 1, 0)
        if self.burst is not None:
            burst = _inside("burst", self.burst, most=VALUE_MICRO_MAX)
            limits = Limits(None if limits is None else limits.max_rate_micro, burst)
        return SwapOrder(
            meter_id,
            NewPart(self.serial, _values("opening", self.opening), self.device, limits),
            self.swapped_at.replace(microsecond=0),
            self.reason,
            _values("closing", self.closing),
        )


def _values(name: str, values: dict[str, str]) -> dict[str, int]:
    return {
        register: _inside(f"{name}.{register}", value, most=VALUE_MICRO_MAX)
        for register, value in values.items()
    }


def _inside(name: str, value: str, *, most: int) -> int:
    amount = micro(value)
    if amount > most:
        message = "is too large"
        raise Invalid(f"{name} {message}", problems=[{"path": f"body.{name}", "message": message}])
    return amount


class SwapOut(Shape):
    """A meter took another's place."""

    swap_id: UUID
    unit_id: Id
    utility: UtilityWord
    old_meter_id: Id
    new_meter_id: Id
    swapped_at: Instant
    reason: str = Field(examples=["the display is broken"])
    closing: dict[str, Quantity] = Field(examples=[{"import": {"amount": "1234.500000", "unit": "kWh"}}])
    opening: dict[str, Quantity] = Field(examples=[{"import": {"amount": "0.000000", "unit": "kWh"}}])
    actor: str = Field(examples=["staff:console"])


class SwapDone(SwapOut):
    """A swap, and what the last values of the old meter cost; nothing in a repeat."""

    charged: Money


def swap_fields(row: Any) -> dict[str, object]:
    """Return what JSON shows of a swap."""
    unit = BASE_UNIT[row.utility]
    return {
        **{name: getattr(row, name) for name in set(SwapOut.model_fields) - {"closing", "opening"}},
        "closing": {name: quantity(value, unit=unit) for name, value in row.closing.items()},
        "opening": {name: quantity(value, unit=unit) for name, value in row.opening.items()},
    }


def swap_done(done: Swapped, *, currency: str) -> SwapDone:
    """Return a swap as JSON shows it."""
    return SwapDone.model_validate(
        {**swap_fields(done.row), "charged": money(done.charged_micro, currency=currency)}
    )


class PlacementOut(Shape):
    """In which unit a meter measured."""

    unit_id: Id
    from_at: Instant
    until_at: Instant | None


class MeterHistory(Shape):
    """A meter over time."""

    meter_id: Id
    serial: str = Field(examples=["E-1001"])
    status: StatusWord
    notes: str = Field(examples=["the seal is broken"])
    is_read_by_hand: bool
    removed_at: Instant | None
    version: int = Field(examples=[1])
    placements: list[PlacementOut]
    swaps: list[SwapOut]


class MeterPatch(Shape):
    """What people say of a meter; what is not named stays."""

    is_faulty: bool | None = Field(default=None, examples=[True])
    notes: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")] | None = Field(
        default=None, examples=["the seal is broken"]
    )
    is_read_by_hand: bool | None = Field(default=None, description="People read it", examples=[True])
    device: Device | Literal[""] | None = Field(
        default=None,
        description="What speaks for the meter from now on; empty: nothing does",
        examples=["wc-a101"],
    )


def placement_out(row: Any) -> PlacementOut:
    """Return a placement as JSON shows it."""
    return PlacementOut(unit_id=row.unit_id, from_at=row.from_at, until_at=row.until_at)


class DocumentOut(Shape):
    """A file about an estate, a unit, a meter or a person."""

    document_id: UUID
    subject: SubjectWord
    subject_id: Id
    name: str = Field(examples=["meter.jpg"])
    media_type: MediaWord
    size_bytes: int = Field(examples=[48213])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    actor: str = Field(examples=["staff:console"])
    created_at: Instant
    for_residents: bool = Field(description="Whoever it concerns may see it")


def document_out(row: Any) -> DocumentOut:
    """Return a document as JSON shows it."""
    names = set(DocumentOut.model_fields) - {"sha256"}
    return DocumentOut(sha256=bytes(row.sha256).hex(), **{name: getattr(row, name) for name in names})
