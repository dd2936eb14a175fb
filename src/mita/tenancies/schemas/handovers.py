"""Request and response shapes of handovers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from mita.estates.domain import NO_NAMES, Names
from mita.estates.schemas.people import Day, EstatePersonIn
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
from mita.metering.domain import BASE_UNIT, ClassWord
from mita.metering.schemas import RegisterName, Serial
from mita.tenancies.domain import (
    Handed,
    KindWord,
    MeterValue,
    Newcomer,
    Offboarding,
    Onboarding,
    OutcomeWord,
    Shown,
)
from mita.tenancies.models import Handover, HandoverUndo

Reason = Annotated[Text, Field(examples=["moved in a week early"])]


class ValueIn(Shape):
    """A value of a register of one of the unit's meters."""

    meter: Serial = Field(examples=["E1"])
    register_: RegisterName = Field(default="import", alias="register", examples=["import"])
    value: PositiveAmount = Field(description="Base units", examples=["1234.5"])
    taken_at: Instant | None = Field(default=None, description="Now, if it is not said")

    def meter_value(self, *, place: int, now: datetime) -> MeterValue:
        """Return the value for the operation.

        :raises Invalid: if no register counts so far
        """
        value = micro(self.value)
        if value > VALUE_MICRO_MAX:
            message = "is larger than any register"
            path = f"body.readings.{place}.value"
            raise Invalid(f"value {message}", problems=[{"path": path, "message": message}])
        at = (self.taken_at or now).replace(microsecond=0)
        return MeterValue(self.meter, self.register_, value, at)


def _values(readings: list[ValueIn], *, now: datetime) -> list[MeterValue]:
    return [each.meter_value(place=place, now=now) for place, each in enumerate(readings)]


Values = Annotated[list[ValueIn], Field(max_length=50)]


class OnboardIn(Shape):
    """Who moves in: a person by number, or a new one; from which local day, with which values."""

    person_id: Id | None = Field(default=None, description="Somebody who is known", examples=[None])
    person: EstatePersonIn | None = Field(default=None, description="Or somebody new")
    from_on: Day | None = Field(default=None, description="Today, if it is not said", examples=["2025-03-01"])
    until_on: Day | None = Field(default=None, examples=[None])
    readings: Values = Field(default=[], description="What the meters show; used before is the vacancy's")
    is_told: bool = Field(default=True, description="Queue a message to the person")
    dry_run: bool = Field(default=False, description="Only answer what would happen")

    def asked(self, *, unit_id: int, now: datetime) -> Onboarding:
        """Return what is asked of the operation.

        :raises Invalid: if neither or both name the person, or a value is out of range
        """
        if (self.person_id is None) == (self.person is None):
            message = "either person_id or person is needed"
            raise Invalid(message, problems=[{"path": "body.person_id", "message": message}])
        new = self.person
        newcomer = Newcomer(self.person_id) if new is None else Newcomer(None, new.name, new.email, new.phone)
        values = _values(self.readings, now=now)
        return Onboarding(unit_id, newcomer, self.from_on, self.until_on, values, is_told=self.is_told)


class OffboardIn(Shape):
    """That the main occupant moves out: with which values, and where what is left goes."""

    until_on: Day | None = Field(
        default=None, description="The first day that is not theirs any more; today, if it is not said"
    )
    readings: Values = Field(default=[], description="What the meters show")
    method: Literal["eft", "cash"] = Field(default="eft", description="How a refund is paid")
    reference: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = Field(
        default="", examples=["ABSA 123"]
    )
    carry_to_person_id: Id | None = Field(
        default=None,
        description="Carry it to the wallet of another unit that this person lives in",
        examples=[None],
    )
    dry_run: bool = Field(default=False, description="Only answer what would happen")

    def asked(self, *, unit_id: int, now: datetime) -> Offboarding:
        """Return what is asked of the operation.

        :raises Invalid: if a value is out of range
        """
        values = _values(self.readings, now=now)
        return Offboarding(
            unit_id, self.until_on, values, self.method, self.reference, self.carry_to_person_id
        )


class UndoIn(Shape):
    """Why a handover is undone."""

    reason: Reason


class ValueOut(Shape):
    """A value as it was taken."""

    meter: str = Field(examples=["E1"])
    register_: str = Field(alias="register", examples=["import"])
    utility: UtilityWord
    value: Quantity
    taken_at: Instant
    class_: ClassWord = Field(alias="class")


class MovedOut(Shape):
    """What left an account of the wallet: a utility, general, emergency or debt; below zero it was owed."""

    account: str = Field(examples=["electricity"])
    amount: Money


class HandoverOut(Shape):
    """What a handover did; in a dry run, what it would do: then it has no number."""

    handover_id: UUID | None
    kind: KindWord
    unit_id: Id
    occupancy_id: int | None = Field(description="None in a dry run of moving in", examples=[3])
    person_id: int | None = Field(description="None in a dry run with a new person", examples=[7])
    wallet_id: Id
    from_on: date
    until_on: date | None
    readings: list[ValueOut]
    charged: Money = Field(description="What was used up to these values, together")
    moved: list[MovedOut]
    total: Money = Field(description="What left the wallet, together; below zero it was owed")
    outcome: OutcomeWord = Field(
        description="Where it went: refunded, a debt of the leaver, carried, or the unit's own vacancy"
    )
    given_to: list[int] = Field(description="Persons who have access to the wallet now", examples=[[7]])
    taken_from: list[int] = Field(description="Persons who have none any more", examples=[[]])
    messages: list[str] = Field(description="How the person is told", examples=[["email"]])


class HandoverRow(HandoverOut):
    """A handover of the past."""

    unit_name: str | None = Field(
        default=None, description="Of the unit as it is called now", examples=["A101"]
    )
    person_name: str | None = Field(default=None, examples=["Thandi Nkosi"])
    created_at: Instant
    actor: str = Field(examples=["staff:console"])
    undone_at: Instant | None
    undone_because: str | None = Field(examples=[None])


def handover_out(handed: Handed, *, currency: str) -> HandoverOut:
    """Return a handover as JSON shows it."""
    shown = handed.shown
    fields = _fields(shown, currency=currency)
    if handed.handover_id is None:
        # what a dry run made is not there any more
        fields["person_id"] = None if shown.is_new_person else shown.person_id
        fields["occupancy_id"] = None if shown.kind == "onboard" else shown.occupancy_id
        fields["given_to"] = [] if shown.is_new_person else shown.given_to
    return HandoverOut(handover_id=handed.handover_id, **fields)


def handover_row(
    row: Handover, *, undo: HandoverUndo | None, currency: str, names: Names = NO_NAMES
) -> HandoverRow:
    """Return a handover of the past as JSON shows it."""
    shown = Shown(**row.shown)
    return HandoverRow(
        handover_id=row.handover_id,
        **_fields(shown, currency=currency),
        unit_name=names.units.get(shown.unit_id),
        person_name=names.persons.get(shown.person_id),
        created_at=row.created_at,
        actor=row.actor,
        undone_at=None if undo is None else undo.created_at,
        undone_because=None if undo is None else undo.reason,
    )


def _fields(shown: Shown, *, currency: str) -> dict[str, Any]:
    return {
        "kind": shown.kind,
        "unit_id": shown.unit_id,
        "occupancy_id": shown.occupancy_id,
        "person_id": shown.person_id,
        "wallet_id": shown.wallet_id,
        "from_on": shown.from_on,
        "until_on": shown.until_on,
        "readings": [_value_out(each) for each in shown.readings],
        "charged": money(shown.charged_micro, currency=currency),
        "moved": [
            MovedOut(account=each["account"], amount=money(each["amount_micro"], currency=currency))
            for each in shown.moved
        ],
        "total": money(shown.total_micro, currency=currency),
        "outcome": shown.outcome,
        "given_to": shown.given_to,
        "taken_from": shown.taken_from,
        "messages": shown.messages,
    }


def _value_out(each: dict[str, Any]) -> ValueOut:
    return ValueOut(
        meter=each["meter"],
        register_=each["register"],
        utility=each["utility"],
        value=quantity(each["value_micro"], unit=BASE_UNIT[each["utility"]]),
        taken_at=each["taken_at"],
        class_=each["class"],
    )
