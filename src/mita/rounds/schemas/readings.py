"""Request and response shapes of readings by hand and their photos."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.kit.errors import Invalid
from mita.kit.quantity import BadValue, base_unit, value_micro
from mita.kit.shapes import Id, Instant, Money, PositiveAmount, Quantity, Shape, money, quantity
from mita.metering.domain import BASE_UNIT, ClassWord, ReadingClass
from mita.metering.schemas import RegisterName
from mita.rounds.models import ManualReading
from mita.rounds.operations import HandReading, TakenByHand

UnitWord = Literal["kWh", "Wh", "MWh", "m3", "kL", "L"]
PhotoWord = Literal["image/jpeg", "image/png", "image/webp"]
Note = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class ManualReadingIn(Shape):
    """What somebody read on a meter."""

    register_: RegisterName | None = Field(
        default=None,
        alias="register",
        description="May be left out where the meter has one only",
        examples=["import"],
    )
    value: PositiveAmount = Field(description="What the register shows", examples=["1234.5"])
    unit: UnitWord = Field(examples=["kWh"])
    taken_at: Instant | None = Field(default=None, description="Now, if not said")
    photo_id: UUID | None = Field(default=None, description="Of a photo that was uploaded before")
    note: Note = Field(default="", examples=["the glass is dirty"])

    def asked(self, *, meter_id: int, now: datetime) -> HandReading:
        """Return it for the operation.

        :raises Invalid: if no register can show the value
        """
        base, scale = base_unit(self.unit)
        try:
            micro = value_micro(Decimal(self.value), scale=scale)
        except BadValue as error:
            raise Invalid(str(error), problems=[{"path": "body.value", "message": str(error)}]) from error
        taken_at = (now if self.taken_at is None else self.taken_at).replace(microsecond=0)
        return HandReading(meter_id, self.register_, micro, base, taken_at, self.photo_id, self.note)


class ManualReadingOut(Shape):
    """What was read by hand, and what was answered then."""

    manual_reading_id: UUID
    meter_id: Id
    register_id: Id
    taken_at: Instant
    value: Quantity
    class_: ClassWord = Field(alias="class", description="When it was read; staff may have accepted it since")
    reason: str = Field(description="A sentence; empty if there is nothing to say", examples=[""])
    net: Money = Field(description="What it cost, without tax; minus is given back")
    tax: Money
    account_id: int | None = Field(description="Where it was booked, if by itself", examples=[7])
    seq: int | None = Field(description="The entry that it booked there", examples=[42])
    is_by_resident: bool
    read_by: str | None = Field(description="For who may read readings of the estate", examples=["person:7"])
    photo_id: UUID | None
    note: str = Field(examples=["the glass is dirty"])
    created_at: Instant


class ManualReadingDone(Shape):
    """What became of a reading by hand."""

    reading: ManualReadingOut
    meter: str = Field(examples=["E-1001"])
    register_: str = Field(alias="register", examples=["import"])
    waits_for_staff: bool = Field(description="It is held: staff looks at it, and it may be charged then")
    charged: Money = Field(description="Tax included; minus is given back")
    balance: Money | None = Field(description="Of the utility after it, for whoever may see the wallet")


class PhotoOut(Shape):
    """A photo of a meter."""

    photo_id: UUID
    media_type: PhotoWord
    size_bytes: int = Field(examples=[183204])
    created_at: Instant


def manual_reading_out(
    row: ManualReading, *, utility: str, currency: str, shows_reader: bool
) -> ManualReadingOut:
    """Return a reading by hand as JSON shows it."""
    return ManualReadingOut(
        manual_reading_id=row.manual_reading_id,
        meter_id=row.meter_id,
        register_id=row.register_id,
        taken_at=row.taken_at,
        value=quantity(row.value_micro, unit=BASE_UNIT[utility]),
        class_=ReadingClass(row.class_).shown,
        reason=row.reason,
        net=money(row.net_micro, currency=currency),
        tax=money(row.tax_micro, currency=currency),
        account_id=row.account_id,
        seq=row.seq,
        is_by_resident=row.is_by_resident,
        read_by=row.read_by if shows_reader else None,
        photo_id=row.photo_id,
        note=row.note,
        created_at=row.created_at,
    )


def done_out(taken: TakenByHand, *, currency: str, shows_reader: bool) -> ManualReadingDone:
    """Return what became of a reading by hand as JSON shows it."""
    row = taken.row
    return ManualReadingDone(
        reading=manual_reading_out(row, utility=taken.utility, currency=currency, shows_reader=shows_reader),
        meter=taken.meter,
        register_=taken.register,
        waits_for_staff=ReadingClass(row.class_).shown == "held",
        charged=money(row.net_micro + row.tax_micro, currency=currency),
        balance=None if taken.balance_micro is None else money(taken.balance_micro, currency=currency),
    )


def photo_out(row: Any) -> PhotoOut:
    """Return a stored photo as JSON shows it."""
    return PhotoOut(
        photo_id=row.document_id,
        media_type=row.media_type,
        size_bytes=row.size_bytes,
        created_at=row.created_at,
    )
