"""Request and response shapes of pulse counters, factors and virtual meters."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from mita.kit.shapes import Id, Instant, PositiveAmount, Quantity, Shape, Text, micro, quantity
from mita.metering.domain import BASE_UNIT, MixKind, MixReading
from mita.metering.models import PulseCounter, RegisterFactor, VirtualMeter, VirtualPart
from mita.metering.operations import NewCounter, NewFactor, NewVirtualMeter
from mita.metering.queries import RegisterInfo, instant, mix_of, pulse_span_of

_COUNT_MAX = 2**48 - 1
_PARTS_MAX = 1_000
_MINUTE_S = 60
_DAY_MINUTES = 1_440
Cause = Literal["set", "rolled_over", "reset"]
Share = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,6}(/[0-9]{1,6}|\.[0-9]{1,6})?$")]


class PulseCounterIn(Shape):
    """What the pulses of a register's counter are worth, from an instant on."""

    weight: Annotated[str, StringConstraints(min_length=1, max_length=40)] = Field(
        description="As it stands on the meter", examples=["1000 imp/kWh"]
    )
    width_bits: Literal[8, 16, 24, 32, 48] | None = Field(
        default=None, description="After so many bits the counter begins again at zero. Absent: never"
    )
    from_at: Instant | None = Field(default=None, description="Absent: from the next reading on")
    count: int | None = Field(
        default=None,
        ge=0,
        le=_COUNT_MAX,
        description="What the counter shows then; needed once the register was read",
        examples=[250],
    )
    value: PositiveAmount | None = Field(
        default=None,
        description="Where the register stands then, in base units. Absent: it goes on from where it is",
        examples=["1234.5"],
    )

    def new(self) -> NewCounter:
        """Return it for the operation."""
        value_micro = None if self.value is None else micro(self.value)
        return NewCounter(self.weight, self.width_bits, self.from_at, self.count, value_micro)


class PulseCounterRestart(Shape):
    """That a counter began again, and why."""

    cause: Literal["reset", "rolled_over"] = Field(examples=["reset"])


class PulseCounterSpan(Shape):
    """What counts are from ``from_at`` until the next span: at ``count`` the register stands at ``value``."""

    from_at: Instant
    cause: Cause
    weight: str = Field(examples=["1000 imp/kWh"])
    width_bits: int | None = Field(examples=[16])
    count: int = Field(examples=[250])
    value: Quantity
    actor: str = Field(examples=["staff:anna"])


class PulseCounterOut(Shape):
    """A register's pulse counter, the newest span first; none: it counts no pulses."""

    register_id: Id
    spans: list[PulseCounterSpan]


class FactorIn(Shape):
    """What a register's source is multiplied by, from an instant on."""

    factor: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(
        description="A number, or what stands on transformers: `200/5`, `200/5 x 11000/110`",
        examples=["200/5"],
    )
    reason: Text = Field(examples=["current transformers 200/5"])
    from_at: Instant | None = Field(default=None, description="Absent: from the next reading on")
    shown: PositiveAmount | None = Field(
        default=None,
        description="What the meter itself shows then; needed once the register was read",
        examples=["12.7"],
    )
    dry_run: bool = Field(default=False, description="Answer what would be kept, and keep nothing")

    def new(self) -> NewFactor:
        """Return it for the operation."""
        shown_micro = None if self.shown is None else micro(self.shown)
        return NewFactor(self.factor, self.reason, self.from_at, shown_micro)


class FactorOut(Shape):
    """A factor: where the meter shows ``shown`` the register stands at ``value``, and rises by the factor."""

    from_at: Instant
    factor: str = Field(examples=["200/5"])
    shown: Quantity
    value: Quantity
    reason: str = Field(examples=["current transformers 200/5"])
    actor: str = Field(examples=["staff:anna"])


class Factors(Shape):
    """A register's factors, the newest first; before the first of them it is one."""

    register_id: Id
    factors: list[FactorOut]


class ShareIn(Shape):
    """A register that is made, and its share of the whole."""

    register_id: Id
    share: Share = Field(default="1", examples=["1/3"])


class VirtualMeterIn(Shape):
    """Registers that are made of others, from an instant on."""

    of: list[Id] = Field(
        min_length=1, max_length=_PARTS_MAX, description="Registers that are added", examples=[[1, 2]]
    )
    less: list[Id] = Field(
        default=[], max_length=_PARTS_MAX, description="Registers that are taken away", examples=[[]]
    )
    into: list[ShareIn] = Field(
        min_length=1,
        max_length=_PARTS_MAX,
        description="Registers that are made; shares add up to one at most",
    )
    step_minutes: int | None = Field(
        default=None,
        ge=1,
        le=_DAY_MINUTES,
        description="How often there is a value, on the line between readings. Absent: where all are read",
        examples=[60],
    )
    from_at: Instant
    replaces: Id | SkipJsonSchema[None] = Field(
        default=None, description="A virtual meter that is over when this one begins: how one is changed"
    )

    def new(self) -> NewVirtualMeter:
        """Return it for the operation."""
        return NewVirtualMeter(
            tuple(self.of),
            tuple(self.less),
            tuple((each.register_id, each.share) for each in self.into),
            None if self.step_minutes is None else self.step_minutes * _MINUTE_S,
            self.from_at,
            self.replaces,
        )


class VirtualMeterEnd(Shape):
    """When registers are made of others no more."""

    until_at: Instant


class ShareOut(Shape):
    """A register that is made, and its share of the whole."""

    register_id: Id
    share: str = Field(examples=["1/3"])


class VirtualRegister(Shape):
    """A register of a virtual meter, as people know it."""

    register_id: Id
    meter_id: Id
    meter: str = Field(description="Serial number", examples=["E-1001"])
    register_name: str = Field(alias="register", examples=["import"])
    unit_id: Id
    unit: str = Field(description="What it counts in", examples=["kWh"])


class VirtualMeterOut(Shape):
    """Registers that are made of others; ``opened_at`` is the first time at which all those had a value."""

    virtual_meter_id: Id
    kind: MixKind
    of: list[Id]
    less: list[Id]
    into: list[ShareOut]
    step_minutes: int | None = Field(examples=[60])
    from_at: Instant
    until_at: Instant | None
    opened_at: Instant | None
    is_waiting: bool = Field(description="Its registers were read, and it is worked out soon")
    registers: list[VirtualRegister] = Field(default=[], description="All that it names, by id")


class VirtualValue(Shape):
    """What a register that is made would show; below zero or an earlier value it would not be charged."""

    register_id: Id
    taken_at: Instant
    value: Quantity
    is_estimated: bool = Field(description="On the line between two readings")


class VirtualPreview(Shape):
    """What a virtual meter would show: its opening and the last values."""

    values: list[VirtualValue]


def span_out(row: PulseCounter, *, unit: str) -> PulseCounterSpan:
    """Return a span of a pulse counter as JSON shows it."""
    at_micro = pulse_span_of(row).value_micro(row.first_count)
    return PulseCounterSpan(
        from_at=row.from_at,
        cause=row.cause,
        weight=row.weight,
        width_bits=row.width_bits,
        count=row.first_count,
        value=quantity(at_micro, unit=unit),
        actor=row.actor,
    )


def factor_out(row: RegisterFactor, *, unit: str) -> FactorOut:
    """Return a factor as JSON shows it."""
    return FactorOut(
        from_at=row.from_at,
        factor=row.factor,
        shown=quantity(row.since_micro, unit=unit),
        value=quantity(row.base_micro, unit=unit),
        reason=row.reason,
        actor=row.actor,
    )


def virtual_meter_out(
    row: VirtualMeter, parts: list[VirtualPart], *, infos: Mapping[int, RegisterInfo]
) -> VirtualMeterOut:
    """Return a virtual meter as JSON shows it; ``infos`` has its registers by id."""
    sources = [each for each in parts if each.share is None]
    return VirtualMeterOut(
        virtual_meter_id=row.virtual_meter_id,
        kind=mix_of(row, parts=parts).kind,
        of=[each.register_id for each in sources if not each.is_less],
        less=[each.register_id for each in sources if each.is_less],
        into=[
            ShareOut(register_id=each.register_id, share=each.share)
            for each in parts
            if each.share is not None
        ],
        step_minutes=None if row.step_s is None else row.step_s // _MINUTE_S,
        from_at=row.from_at,
        until_at=row.until_at,
        opened_at=row.opened_at,
        is_waiting=row.due_since is not None,
        registers=[
            _register_out(infos[register_id])
            for register_id in sorted({each.register_id for each in parts})
            if register_id in infos
        ],
    )


def _register_out(info: RegisterInfo) -> VirtualRegister:
    return VirtualRegister(
        register_id=info.register_id,
        meter_id=info.meter_id,
        meter=info.meter,
        register_name=info.register,
        unit_id=info.unit_id,
        unit=unit_of(info),
    )


def virtual_value(reading: MixReading, *, unit: str) -> VirtualValue:
    """Return a value of a preview as JSON shows it."""
    return VirtualValue(
        register_id=reading.register_id,
        taken_at=instant(reading.taken_s),
        value=quantity(reading.value_micro, unit=unit),
        is_estimated=reading.is_estimated,
    )


def unit_of(info: RegisterInfo) -> str:
    """Return the base unit of a register."""
    return BASE_UNIT[info.utility]
