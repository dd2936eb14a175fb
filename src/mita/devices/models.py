"""Tables of devices."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Integer, LargeBinary, SmallInteger
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from mita.kit.db import Base
from mita.kit.seal import sealed_column
from mita.kit.types import Big, BigKey, Bytes, Instant, Json, NewKey, UuidKey

SECRET = sealed_column("device", "secret_sealed", key=("estate_id", "device_id"))


class Codec(Base):
    """A manufacturer's JavaScript that decodes payloads, as it was given."""

    __tablename__ = "codec"

    estate_id: Mapped[BigKey]
    codec_id: Mapped[NewKey]
    name: Mapped[str]
    body: Mapped[str]
    sha256: Mapped[Bytes]
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    version: Mapped[int] = mapped_column(default=1)


class Device(Base):
    """A device that is registered: its name on the wire, its driver and how that is set up."""

    __tablename__ = "device"

    estate_id: Mapped[BigKey]
    device_id: Mapped[NewKey]
    name: Mapped[str]
    driver: Mapped[str]
    model: Mapped[str] = mapped_column(default="")
    settings: Mapped[Json]
    fields: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    codec_id: Mapped[int | None] = mapped_column(BigInteger)
    notes: Mapped[str] = mapped_column(default="")
    created_at: Mapped[Instant]
    updated_at: Mapped[Instant]
    removed_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    version: Mapped[int] = mapped_column(default=1)


class DeviceState(Base):
    """What a device told of itself last; None where it told nothing."""

    __tablename__ = "device_state"

    estate_id: Mapped[BigKey]
    device_id: Mapped[BigKey]
    first_heard_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    last_heard_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    alias: Mapped[str | None]
    is_online: Mapped[bool | None]
    battery_percent: Mapped[int | None] = mapped_column(SmallInteger)
    battery_mv: Mapped[int | None] = mapped_column(Integer)
    rssi_dbm: Mapped[int | None] = mapped_column(Integer)
    snr_deci: Mapped[int | None] = mapped_column(Integer)
    clock_drift_s: Mapped[int | None] = mapped_column(Integer)
    firmware: Mapped[str | None]
    model_told: Mapped[str | None]
    switch_is_on: Mapped[bool | None]
    switch_told_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    failed_since: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    failure: Mapped[str] = mapped_column(default="")
    watched_until: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    next_counter: Mapped[int] = mapped_column(BigInteger, default=1)
    on_mqtt_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    by_post_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class DeviceIssue(Base):
    """Something of a device to look after; open as long as ``until`` is None."""

    __tablename__ = "device_issue"

    estate_id: Mapped[BigKey]
    device_issue_id: Mapped[UuidKey]
    device_id: Mapped[Big]
    kind: Mapped[str]
    detail: Mapped[str]
    since: Mapped[Instant]
    last_at: Mapped[Instant]
    told_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    until: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class DeviceTask(Base):
    """What a device is to be told beside switching; ``claim`` is of whoever carries it out just now."""

    __tablename__ = "device_task"

    estate_id: Mapped[BigKey]
    device_task_id: Mapped[UuidKey]
    device_id: Mapped[Big]
    kind: Mapped[str]
    state: Mapped[str]
    asked_by: Mapped[str]
    asked_at: Mapped[Instant]
    changed_at: Mapped[Instant]
    intended: Mapped[Json]
    active: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    verified_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    due_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    failure: Mapped[str] = mapped_column(default="")
    claim: Mapped[UUID | None]
    claimed_until: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class MeterIssue(Base):
    """Something of a meter to look after, found in its readings; ``told_at``: when staff was written to."""

    __tablename__ = "meter_issue"

    estate_id: Mapped[BigKey]
    meter_issue_id: Mapped[UuidKey]
    meter_id: Mapped[Big]
    kind: Mapped[str]
    detail: Mapped[str]
    since: Mapped[Instant]
    last_at: Mapped[Instant]
    told_at: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    until: Mapped[dt.datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class IssueRule(Base):
    """Of which kinds of issues an estate's staff is told, and when a register is frozen (None: never)."""

    __tablename__ = "issue_rule"

    estate_id: Mapped[BigKey]
    kinds: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    frozen_days: Mapped[int | None] = mapped_column(Integer)
    updated_at: Mapped[Instant]


class KeyCounter(Base):
    """Numbers below ``next_counter`` were used with a key; ``key_mark`` is the keyed hash of it."""

    __tablename__ = "key_counter"

    estate_id: Mapped[BigKey]
    key_mark: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    next_counter: Mapped[Big]


class DeviceFrame(Base):
    """What passed on the wire of a device that is watched; ``is_ours`` is what we sent."""

    __tablename__ = "device_frame"

    estate_id: Mapped[BigKey]
    device_frame_id: Mapped[UuidKey]
    device_id: Mapped[Big]
    at: Mapped[Instant]
    is_ours: Mapped[bool]
    wire: Mapped[str]
    payload: Mapped[Bytes]
    found: Mapped[Json]
