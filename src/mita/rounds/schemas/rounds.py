"""Response shapes of reading rounds."""

from datetime import UTC, date, datetime

from pydantic import Field

from mita.kit.money import format_micro
from mita.kit.shapes import Id, Instant, Page, Quantity, Shape, UtilityWord, quantity, show_instant
from mita.metering.domain import BASE_UNIT
from mita.rounds.queries import RoundMeter


class RoundRegisterOut(Shape):
    """A register to read: what it said last, and between which values it should stand now."""

    register_id: Id
    register_: str = Field(alias="register", examples=["import"])
    last_value: Quantity | None
    last_taken_at: Instant | None
    expected_low: Quantity | None
    expected_high: Quantity | None = Field(description="null where neither its past nor its limits say so")
    is_done: bool


class RoundMeterOut(Shape):
    """A meter of a round."""

    unit_id: Id
    unit: str = Field(examples=["A101"])
    door: str = Field(examples=["12"])
    meter_id: Id
    meter: str = Field(examples=["E-1001"])
    utility: UtilityWord
    registers: list[RoundRegisterOut]
    is_done: bool = Field(description="All its registers were read in the round")


class ReadingRoundOut(Page[RoundMeterOut]):
    """The meters that people read, in the order in which one walks."""

    from_on: date = Field(
        description="The round's first local date: of the reading window, else of the month"
    )
    last_on: date
    meters: int = Field(description="In the whole round", examples=[120])
    done: int = Field(description="How many of them are done", examples=[37])


def round_meter_out(meter: RoundMeter) -> RoundMeterOut:
    """Return a meter of a round as JSON shows it."""
    unit = BASE_UNIT[meter.utility]
    return RoundMeterOut(
        unit_id=meter.unit_id,
        unit=meter.unit,
        door=meter.door,
        meter_id=meter.meter_id,
        meter=meter.meter,
        utility=meter.utility,
        registers=[
            RoundRegisterOut(
                register_id=each.register_id,
                register_=each.register,
                last_value=_shown(each.last_micro, unit=unit),
                last_taken_at=None if each.last_s is None else _instant(each.last_s),
                expected_low=_shown(None if each.expected is None else each.expected.low_micro, unit=unit),
                expected_high=_shown(None if each.expected is None else each.expected.high_micro, unit=unit),
                is_done=each.is_done,
            )
            for each in meter.registers
        ],
        is_done=meter.is_done,
    )


def round_rows(meter: RoundMeter) -> list[list[str]]:
    """Return a meter of a round as rows of a file, one for each register."""
    return [
        [
            meter.unit,
            meter.door,
            str(meter.meter_id),
            meter.meter,
            meter.utility,
            each.register,
            BASE_UNIT[meter.utility],
            _cell(each.last_micro),
            "" if each.last_s is None else show_instant(_instant(each.last_s)),
            _cell(None if each.expected is None else each.expected.low_micro),
            _cell(None if each.expected is None else each.expected.high_micro),
            "yes" if each.is_done else "no",
        ]
        for each in meter.registers
    ]


def _shown(value_micro: int | None, *, unit: str) -> Quantity | None:
    return None if value_micro is None else quantity(value_micro, unit=unit)


def _cell(value_micro: int | None) -> str:
    return "" if value_micro is None else format_micro(value_micro)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)
