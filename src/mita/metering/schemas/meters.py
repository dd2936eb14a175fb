"""Request and response shapes of meters and readings."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from mita.kit.errors import Invalid
from mita.kit.money import format_micro
from mita.kit.quantity import VALUE_MICRO_MAX
from mita.kit.shapes import (
    Id,
    Instant,
    PositiveAmount,
    Quantity,
    Shape,
    Text,
    UtilityWord,
    micro,
    parse_instant,
    quantity,
    show_instant,
)
from mita.metering.domain import (
    BASE_UNIT,
    RATE_MICRO_MAX,
    ClassWord,
    Derivation,
    Limits,
    ReadingClass,
    Reason,
)
from mita.metering.models import Meter, Register, RejectedReading, SetAsideReading
from mita.metering.operations import NewMeter

RegisterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Serial = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
# a registered device is called driver:address, and an address may have the levels of a topic
_DEVICE = r"^([A-Za-z0-9][A-Za-z0-9_.:-]{0,99}|[a-z][a-z0-9_]{0,39}:[A-Za-z0-9_.:/-]{1,150})$"
Device = Annotated[str, StringConstraints(pattern=_DEVICE)]
_CURSOR = re.compile(r"(?P<at>[^~]{1,40})(~(?P<register>[0-9]{1,18})(~(?P<value>[0-9]{1,18}))?)?", re.ASCII)


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("names a register twice")
    return names


class MeterIn(Shape):
    """A meter to install in a unit."""

    unit_id: Id
    serial: Serial = Field(examples=["E-1001"])
    utility: UtilityWord = Field(examples=["electricity"])
    registers: Annotated[list[RegisterName], Field(min_length=1, max_length=8), AfterValidator(_distinct)] = (
        Field(default=["import"], examples=[["import"]], json_schema_extra={"uniqueItems": True})
    )
    device: Device | None = Field(
        default=None, description="What speaks for the meter on MQTT", examples=["wc-a101"]
    )
    max_rate: PositiveAmount | None = Field(
        default=None,
        description="Base units per hour; a faster rise is held. Absent: no limit",
        examples=["20"],
    )
    burst: PositiveAmount = Field(
        default="0", description="Base units allowed on top of max_rate", examples=["1.5"]
    )
    is_read_by_hand: bool = Field(default=False, description="People read it: it is part of reading rounds")

    def new_meter(self) -> NewMeter:
        """Return the meter for the operation.

        :raises Invalid: if a limit is out of range
        """
        max_rate = None if self.max_rate is None else micro(self.max_rate)
        burst = micro(self.burst)
        if max_rate is not None and not 0 < max_rate <= RATE_MICRO_MAX:
            raise _out_of_range("max_rate", f"must be above zero and at most {format_micro(RATE_MICRO_MAX)}")
        if burst > VALUE_MICRO_MAX:
            raise _out_of_range("burst", f"must be at most {format_micro(VALUE_MICRO_MAX)}")
        return NewMeter(
            self.unit_id,
            self.serial,
            self.utility,
            tuple(self.registers),
            self.device,
            Limits(max_rate, burst),
            self.is_read_by_hand,
        )


def _out_of_range(name: str, message: str) -> Invalid:
    return Invalid(f"{name} {message}", problems=[{"path": f"body.{name}", "message": message}])


class RegisterOut(Shape):
    """A cumulative counter of a meter; ``unit`` is its base unit."""

    register_id: Id
    name: str = Field(examples=["import"])
    unit: str = Field(examples=["kWh"])
    pulse_weight: str | None = Field(
        default=None, description="What a pulse is worth now, if it counts pulses", examples=["1000 imp/kWh"]
    )
    factor: str | None = Field(
        default=None, description="What the meter shows is multiplied by it now", examples=["200/5"]
    )
    is_virtual: bool = Field(default=False, description="It is made of other registers")


class MeterOut(Shape):
    """A meter without its registers."""

    meter_id: Id
    unit_id: Id
    serial: str = Field(examples=["E-1001"])
    utility: UtilityWord
    device: str | None = Field(examples=["wc-a101"])
    max_rate: Quantity | None = Field(description="Per hour")
    burst: Quantity
    is_read_by_hand: bool
    created_at: Instant


class MeterWithRegisters(MeterOut):
    """A meter and its registers."""

    registers: list[RegisterOut]


def _meter_fields(row: Meter) -> dict[str, Any]:
    unit = BASE_UNIT[row.utility]
    return {
        "meter_id": row.meter_id,
        "unit_id": row.unit_id,
        "serial": row.serial,
        "utility": row.utility,
        "device": row.device,
        "max_rate": None if row.max_rate_micro is None else quantity(row.max_rate_micro, unit=unit),
        "burst": quantity(row.burst_micro, unit=unit),
        "is_read_by_hand": row.is_read_by_hand,
        "created_at": row.created_at,
    }


def meter_out(row: Meter) -> MeterOut:
    """Return a meter as JSON shows it."""
    return MeterOut(**_meter_fields(row))


def meter_with_registers(
    row: Meter,
    *,
    registers: list[Register],
    derivations: Mapping[int, Derivation],
    virtual: Collection[int],
) -> MeterWithRegisters:
    """Return a meter and its registers as JSON shows them, with how each comes about."""
    shown = []
    for each in registers:
        made = derivations.get(each.register_id)
        shown.append(
            RegisterOut(
                register_id=each.register_id,
                name=each.name,
                unit=BASE_UNIT[row.utility],
                pulse_weight=made.pulses[-1].weight if made and made.pulses else None,
                factor=made.factors[-1].text if made and made.factors else None,
                is_virtual=each.register_id in virtual,
            )
        )
    return MeterWithRegisters(**_meter_fields(row), registers=shown)


class SetAsideIn(Shape):
    """Why a held reading is wrong."""

    reason: Text = Field(examples=["The meter was tested on the bench"])


class SetAsideOut(Shape):
    """Who said that a held reading is wrong, and why."""

    reason: str = Field(examples=["The meter was tested on the bench"])
    by: str = Field(examples=["person:7"])
    at: Instant


class ReadingOut(Shape):
    """A reading with its class, or what was rejected: then only what could be read of it is there."""

    class_: ClassWord = Field(alias="class")
    reason: str = Field(
        description="A sentence; empty if there is nothing to say",
        examples=["is below the highest accepted value"],
    )
    code: str | None = Field(
        default=None,
        description="Rejected, backwards and held only: stable word for the reason",
        examples=["implausible_rise"],
    )
    meter: str | None = Field(examples=["E-1001"])
    register_: str | None = Field(alias="register", examples=["import"])
    register_id: int | None = Field(default=None, examples=[7])
    utility: UtilityWord | None = None
    taken_at: Instant | None = None
    value: Quantity | None = None
    temperature: str | None = Field(
        default=None, description="Degrees Celsius, if it came with the reading", examples=["58.25"]
    )
    received_at: Instant
    times: int | None = Field(
        default=None, description="Duplicates and conflicts only: how often it came", examples=[None]
    )
    raw: str | None = Field(default=None, description="Rejected only: what came, shortened", examples=[None])
    set_aside: SetAsideOut | None = Field(
        default=None, description="Held only: who said that it is wrong; it waits for nobody then"
    )


def set_aside_out(row: SetAsideReading) -> SetAsideOut:
    """Return who set a reading aside, as JSON shows it."""
    return SetAsideOut(reason=row.reason, by=row.actor, at=row.set_aside_at)


_WITH_CODE = {ReadingClass.UNPRICED, ReadingClass.BACKWARDS, ReadingClass.HELD}


def stored_out(
    row: Any, *, temperature_centi: int | None = None, aside: SetAsideReading | None = None
) -> ReadingOut:
    """Return a stored reading, with its meter's serial and utility and register name, as JSON shows it."""
    reading, serial, utility, register = row
    return ReadingOut(
        class_=ReadingClass(reading.class_).shown,
        reason=Reason(reading.reason).sentence,
        code=Reason(reading.reason).name.lower() if reading.class_ in _WITH_CODE else None,
        set_aside=None if aside is None else set_aside_out(aside),
        meter=serial,
        register_=register,
        register_id=reading.register_id,
        utility=utility,
        taken_at=reading.taken_at,
        value=quantity(reading.value_micro, unit=BASE_UNIT[utility]),
        temperature=None if temperature_centi is None else _degrees(temperature_centi),
        received_at=reading.received_at,
    )


def _degrees(centi: int) -> str:
    whole, rest = divmod(abs(centi), 100)
    return f"{'-' if centi < 0 else ''}{whole}.{rest:02d}"


def repeat_out(row: Any) -> ReadingOut:
    """Return a duplicate or conflict as JSON shows it."""
    repeat, serial, utility, register = row
    is_conflict = repeat.class_ == ReadingClass.CONFLICT
    return ReadingOut(
        class_=ReadingClass(repeat.class_).shown,
        reason="the register already has another value for this instant, which stands" if is_conflict else "",
        meter=serial,
        register_=register,
        register_id=repeat.register_id,
        utility=utility,
        taken_at=repeat.taken_at,
        value=quantity(repeat.value_micro, unit=BASE_UNIT[utility]),
        received_at=repeat.last_received_at,
        times=repeat.times,
    )


def rejected_out(row: RejectedReading) -> ReadingOut:
    """Return something that was rejected as JSON shows it."""
    return ReadingOut(
        class_="rejected",
        reason=row.detail,
        code=row.code,
        meter=row.meter,
        register_=row.register,
        received_at=row.received_at,
        raw=row.raw,
    )


class Cursor:
    """A place in a list of readings: after ``register_id`` and ``value_micro`` at ``taken_at``."""

    def __init__(
        self, taken_at: datetime, register_id: int | None = None, value_micro: int | None = None
    ) -> None:
        self.taken_at = taken_at
        self.register_id = register_id
        self.value_micro = value_micro

    @property
    def key(self) -> tuple[datetime, int | None, int | None]:
        """The place as the queries take it."""
        return (self.taken_at, self.register_id, self.value_micro)

    def __str__(self) -> str:
        rest = [str(part) for part in (self.register_id, self.value_micro) if part is not None]
        return "~".join([show_instant(self.taken_at), *rest])


def parse_cursor(text: str) -> Cursor:
    """Return the place that ``before`` names: an instant, or the ``next`` of an earlier answer.

    :raises Invalid: if it is neither
    """
    match = _CURSOR.fullmatch(text)
    try:
        taken_at = parse_instant(match["at"] if match else None)
    except ValueError as error:
        message = "must be a date and time with its offset, or the `next` of an earlier answer"
        raise Invalid(f"before {message}", problems=[{"path": "query.before", "message": message}]) from error
    parts = match.groupdict() if match else {}
    register_id, value = parts.get("register"), parts.get("value")
    return Cursor(taken_at, int(register_id) if register_id else None, int(value) if value else None)


def rejected_cursor(text: str) -> int:
    """Return the place that ``before`` names in a list of rejections.

    :raises Invalid: if it is no number
    """
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        message = "must be the `next` of an earlier answer"
        raise Invalid(f"before {message}", problems=[{"path": "query.before", "message": message}])
    return int(text)


class SilenceRuleIn(Shape):
    """After how long an estate's meters are silent."""

    silent_hours: int | None = Field(
        ge=1, le=8760, description="Hours without a reading; null is never", examples=[24]
    )


class SilenceRuleOut(Shape):
    """After how long an estate's meters are silent; 24 hours where nobody said so."""

    silent_hours: int | None = Field(description="Hours without a reading; null is never", examples=[24])


class SilentMeterOut(Shape):
    """A meter that sends nothing."""

    meter_id: Id
    serial: str = Field(examples=["E-1001"])
    unit_id: Id
    silent_since: Instant = Field(description="Its last reading, or when it was installed")
