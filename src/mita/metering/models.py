"""Tables of metering."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Computed, Integer, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.types import Big, BigKey, Bytes, Instant, InstantKey, NewKey, UuidKey


class DeviceRoute(Base):
    """Which estate a device on the wire belongs to; the only map that spans estates."""

    __tablename__ = "device_route"

    device: Mapped[str] = mapped_column(primary_key=True)
    estate_id: Mapped[Big]
    is_registered: Mapped[bool] = mapped_column(default=False)


class Meter(Base):
    """A meter of a unit; measures one utility."""

    __tablename__ = "meter"

    estate_id: Mapped[BigKey]
    meter_id: Mapped[NewKey]
    unit_id: Mapped[Big]
    serial: Mapped[str]
    utility: Mapped[str]
    device: Mapped[str | None]
    max_rate_micro: Mapped[int | None] = mapped_column(BigInteger)
    burst_micro: Mapped[Big]
    created_at: Mapped[Instant]
    status: Mapped[str] = mapped_column(default="active")
    notes: Mapped[str] = mapped_column(default="")
    removed_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    version: Mapped[int] = mapped_column(default=1)
    is_read_by_hand: Mapped[bool] = mapped_column(default=False)
    search: Mapped[str | None] = mapped_column(
        TSVECTOR,
        Computed("search_words(serial || ' '::text || coalesce(device, ''::text))", persisted=True),
        deferred=True,
    )


class MeterPlacement(Base):
    """In which unit a meter measured, from when until when."""

    __tablename__ = "meter_placement"

    estate_id: Mapped[BigKey]
    meter_id: Mapped[BigKey]
    from_at: Mapped[InstantKey]
    unit_id: Mapped[Big]
    until_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class MeterSwap(Base):
    """One meter took another's place: the last values of the old, the first of the new, by register."""

    __tablename__ = "meter_swap"

    estate_id: Mapped[BigKey]
    swap_id: Mapped[UuidKey]
    unit_id: Mapped[Big]
    utility: Mapped[str]
    old_meter_id: Mapped[Big]
    new_meter_id: Mapped[Big]
    swapped_at: Mapped[Instant]
    reason: Mapped[str]
    closing: Mapped[dict[str, int]] = mapped_column(JSONB)
    opening: Mapped[dict[str, int]] = mapped_column(JSONB)
    actor: Mapped[str]
    key: Mapped[str]
    body_hash: Mapped[Bytes]
    created_at: Mapped[Instant]


class BulkMeter(Base):
    """A meter that measures again what others measure: those of ``sub_meter``, or a whole estate's."""

    __tablename__ = "bulk_meter"

    estate_id: Mapped[BigKey]
    bulk_meter_id: Mapped[NewKey]
    meter_id: Mapped[Big]
    is_whole_estate: Mapped[bool]
    from_on: Mapped[dt.date]
    until_on: Mapped[dt.date | None]
    created_by: Mapped[str]
    created_at: Mapped[Instant]


class SubMeter(Base):
    """A meter behind a bulk meter."""

    __tablename__ = "sub_meter"

    estate_id: Mapped[BigKey]
    bulk_meter_id: Mapped[BigKey]
    meter_id: Mapped[BigKey]


class Register(Base):
    """A cumulative counter of a meter, such as ``import`` or ``export``."""

    __tablename__ = "register"

    estate_id: Mapped[BigKey]
    register_id: Mapped[NewKey]
    meter_id: Mapped[Big]
    name: Mapped[str]
    created_at: Mapped[Instant]


class Reading(Base):
    """A register's value at an instant, with the register's running state after it."""

    __tablename__ = "reading"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    taken_at: Mapped[InstantKey]
    received_at: Mapped[Instant]
    value_micro: Mapped[Big]
    run_quantity_micro: Mapped[Big]
    run_cost_micro: Mapped[Big]
    run_rest: Mapped[int]
    class_: Mapped[int] = mapped_column("class", SmallInteger)
    reason: Mapped[int] = mapped_column(SmallInteger)


class ReadingRepeat(Base):
    """A reading for an instant that already has one: equal (duplicate) or not (conflict)."""

    __tablename__ = "reading_repeat"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    taken_at: Mapped[InstantKey]
    value_micro: Mapped[BigKey]
    class_: Mapped[int] = mapped_column("class", SmallInteger)
    times: Mapped[Big]
    first_received_at: Mapped[Instant]
    last_received_at: Mapped[Instant]


class RejectedReading(Base):
    """Something that came over a wire and is no reading, with the reason."""

    __tablename__ = "rejected_reading"

    estate_id: Mapped[BigKey]
    rejected_reading_id: Mapped[NewKey]
    received_at: Mapped[Instant]
    source: Mapped[str]
    meter: Mapped[str | None]
    register: Mapped[str | None]
    raw: Mapped[str]
    code: Mapped[str]
    detail: Mapped[str]


class ReadingTemperature(Base):
    """How warm the water was at a reading, in hundredths of a degree Celsius; a row never changes."""

    __tablename__ = "reading_temperature"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    taken_at: Mapped[InstantKey]
    temperature_centi: Mapped[int] = mapped_column(SmallInteger)


class SetAsideReading(Base):
    """A held reading of which somebody said that it is wrong; a row never changes."""

    __tablename__ = "set_aside_reading"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    taken_at: Mapped[InstantKey]
    reason: Mapped[str]
    actor: Mapped[str]
    set_aside_at: Mapped[Instant]


class SilenceRule(Base):
    """After how many hours without a reading an estate's meters with a device are silent; None is never."""

    __tablename__ = "silence_rule"

    estate_id: Mapped[BigKey]
    silent_hours: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[Instant]


class LossRule(Base):
    """From which loss on an estate's bulk meters need attention, in millionths; None is never."""

    __tablename__ = "loss_rule"

    estate_id: Mapped[BigKey]
    limit_micro: Mapped[int | None] = mapped_column(BigInteger)
    updated_at: Mapped[Instant]


class MonthLoss(Base):
    """What a bulk meter lost in the last whole local month, as it was measured last."""

    __tablename__ = "month_loss"

    estate_id: Mapped[BigKey]
    bulk_meter_id: Mapped[BigKey]
    month: Mapped[dt.date]
    bulk_micro: Mapped[Big]
    difference_micro: Mapped[Big]
    created_at: Mapped[Instant]


class MeterSilence(Base):
    """A meter that is silent now, since its last reading or its installation."""

    __tablename__ = "meter_silence"

    estate_id: Mapped[BigKey]
    meter_id: Mapped[BigKey]
    silent_since: Mapped[Instant]
    noticed_at: Mapped[Instant]


class PulseCounter(Base):
    """What the counts of a register's pulse counter are from an instant until the next row."""

    __tablename__ = "pulse_counter"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    from_at: Mapped[InstantKey]
    cause: Mapped[str]
    weight: Mapped[str]
    width_bits: Mapped[int | None] = mapped_column(SmallInteger)
    since_count: Mapped[Big]
    base_micro: Mapped[Big]
    first_count: Mapped[Big]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class RegisterFactor(Base):
    """What a register's source is multiplied by from an instant until the next row."""

    __tablename__ = "register_factor"

    estate_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    from_at: Mapped[InstantKey]
    factor: Mapped[str]
    since_micro: Mapped[Big]
    base_micro: Mapped[Big]
    reason: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[Instant]


class VirtualMeter(Base):
    """Registers that are made of others from an instant until another."""

    __tablename__ = "virtual_meter"

    estate_id: Mapped[BigKey]
    virtual_meter_id: Mapped[NewKey]
    step_s: Mapped[int | None] = mapped_column(Integer)
    from_at: Mapped[Instant]
    until_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    opened_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    due_since: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    actor: Mapped[str]
    created_at: Mapped[Instant]


class VirtualPart(Base):
    """A register that goes into a virtual meter, or with a ``share`` one that comes out of it."""

    __tablename__ = "virtual_part"

    estate_id: Mapped[BigKey]
    virtual_meter_id: Mapped[BigKey]
    register_id: Mapped[BigKey]
    is_less: Mapped[bool] = mapped_column(default=False)
    share: Mapped[str | None]
    opening_micro: Mapped[Big] = mapped_column(default=0)
