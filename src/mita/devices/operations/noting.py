"""What devices said of themselves is noted: state, issues, and frames of those that are watched."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from mita.devices import queries
from mita.devices.domain import Signs, findings, known_kind
from mita.devices.models import DeviceFrame, DeviceState
from mita.drivers.wire import Alarm, Health, SwitchState
from mita.kit.clock import from_us
from mita.kit.ids import new_id
from mita.kit.live import hint

from .issues import IssueBook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.drivers.wire import Report

FRAMES_MAX = 50
KEPT_FOR = timedelta(days=1)
_PAYLOAD_MAX = 4096
_POSTED = ("http", "coap")
_WIRE_MAX, _DETAIL_MAX, _WORD_MAX = 300, 500, 100


@dataclass(frozen=True, slots=True)
class Passed:
    """What passed on the wire, for those who watch: what it was, its bytes, what was found in it."""

    wire: str
    payload: bytes
    found: dict[str, Any]
    is_ours: bool = False


@dataclass(slots=True)
class Noted:
    """What a device said, or that it could not be reached (``failure`` says why); ``source`` is the wire."""

    device: str
    at: datetime
    reports: Sequence[Report] = ()
    readings: int = 0
    rejections: int = 0
    failure: str | None = None
    frames: list[Passed] = field(default_factory=list)
    source: str = ""


@dataclass(frozen=True, slots=True)
class LastWord:
    """What a device said last of its switch, and at which time it said so."""

    is_on: bool
    at: datetime


async def last_words(session: AsyncSession, *, estate_id: int, names: Sequence[str]) -> dict[str, LastWord]:
    """Return what registered devices said last of their switches, by name, and hold their states."""
    ids = await queries.ids_of_devices(session, estate_id=estate_id, names=names)
    states = await _locked(session, estate_id=estate_id, device_ids=sorted(ids.values()))
    found = {name: states[device_id] for name, device_id in ids.items() if device_id in states}
    return {
        name: LastWord(bool(state.switch_is_on), state.switch_told_at)
        for name, state in found.items()
        if state.switch_told_at is not None
    }


async def note(session: AsyncSession, *, estate_id: int, noted: Sequence[Noted]) -> None:
    """Note what registered devices said, in the order in which they said it; others are left out."""
    names = sorted({each.device for each in noted})
    ids = await queries.ids_of_devices(session, estate_id=estate_id, names=names)
    states = await _locked(session, estate_id=estate_id, device_ids=sorted(ids.values()))
    book = await IssueBook.of(session, estate_id=estate_id, device_ids=sorted(states))
    for each in noted:
        state = states.get(ids.get(each.device, 0))
        if state is not None:
            await _note(session, state, each, book=book)
    await session.flush()
    if noted:
        await book.tell(now=max(each.at for each in noted))


async def _locked(
    session: AsyncSession, *, estate_id: int, device_ids: Sequence[int]
) -> dict[int, DeviceState]:
    statement = (
        select(DeviceState)
        .where(DeviceState.estate_id == estate_id, DeviceState.device_id.in_(list(device_ids)))
        .order_by(DeviceState.device_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.device_id: row for row in await session.scalars(statement)}


async def _note(session: AsyncSession, state: DeviceState, noted: Noted, *, book: IssueBook) -> None:
    if noted.failure is not None:
        state.failed_since = state.failed_since or noted.at
        state.failure = noted.failure[:_DETAIL_MAX]
        await book.settle(state.device_id, "unreachable", noted.failure, at=noted.at)
    else:
        await _heard(state, noted, book=book)
    if noted.frames and state.watched_until is not None and state.watched_until > noted.at:
        await _keep(session, state, noted)


async def _heard(state: DeviceState, noted: Noted, *, book: IssueBook) -> None:
    state.first_heard_at = state.first_heard_at or noted.at
    state.last_heard_at = max(state.last_heard_at or noted.at, noted.at)
    state.failed_since, state.failure = None, ""
    if noted.source == "mqtt":
        state.on_mqtt_at = max(state.on_mqtt_at or noted.at, noted.at)
    elif noted.source in _POSTED:
        state.by_post_at = max(state.by_post_at or noted.at, noted.at)
    percent: int | None = None
    drift_s: int | None = None
    for report in noted.reports:
        if isinstance(report, Health):
            _take(state, report, at=noted.at)
            percent = state.battery_percent if report.battery_percent is not None else percent
            drift_s = state.clock_drift_s if report.clock_s is not None else drift_s
        elif isinstance(report, SwitchState):
            _take_switch(state, report, at=noted.at)
        elif isinstance(report, Alarm) and known_kind(report.alarm):
            detail = None if report.is_over else report.detail
            await book.settle(state.device_id, report.alarm, detail, at=noted.at)
    signs = Signs(percent, drift_s, noted.readings > 0, noted.rejections > 0)
    for kind, detail in findings(signs):
        await book.settle(state.device_id, kind, detail, at=noted.at)


def _take_switch(state: DeviceState, said: SwitchState, *, at: datetime) -> None:
    """Take a switch's state, unless one of this time or later has come before it."""
    said_at = at if said.taken_s is None else min(at, from_us(said.taken_s * 1_000_000))
    if state.switch_told_at is None or said_at > state.switch_told_at:
        state.switch_is_on, state.switch_told_at = said.is_on, said_at


def _take(state: DeviceState, health: Health, *, at: datetime) -> None:
    if health.is_online is not None:
        state.is_online = health.is_online
    if health.battery_percent is not None and health.battery_percent.is_finite():
        state.battery_percent = min(100, max(0, int(health.battery_percent)))
    for name in ("battery_mv", "rssi_dbm"):
        told = getattr(health, name)
        if told is not None and abs(told) < 10**6:
            setattr(state, name, told)
    if health.snr_db is not None and health.snr_db.is_finite() and abs(health.snr_db) < 10**3:
        state.snr_deci = int(health.snr_db * 10)
    if health.clock_s is not None:
        drift_s = health.clock_s - int(at.timestamp())
        state.clock_drift_s = max(-(2**31), min(2**31 - 1, drift_s))
    if health.firmware:
        state.firmware = _word(health.firmware)
    if health.model:
        state.model_told = _word(health.model)


def _word(told: str) -> str:
    return "".join(each for each in told if each.isprintable())[:_WORD_MAX]


async def _keep(session: AsyncSession, state: DeviceState, noted: Noted) -> None:
    session.add_all(
        DeviceFrame(
            estate_id=state.estate_id,
            device_frame_id=new_id(),
            device_id=state.device_id,
            at=noted.at,
            is_ours=each.is_ours,
            wire=each.wire[:_WIRE_MAX],
            payload=each.payload[:_PAYLOAD_MAX],
            found=each.found,
        )
        for each in noted.frames[-FRAMES_MAX:]
    )
    await session.flush()
    mine = (DeviceFrame.estate_id == state.estate_id) & (DeviceFrame.device_id == state.device_id)
    kept = (
        select(DeviceFrame.device_frame_id)
        .where(mine)
        .order_by(DeviceFrame.device_frame_id.desc())
        .limit(FRAMES_MAX)
    )
    await session.execute(delete(DeviceFrame).where(mine, DeviceFrame.device_frame_id.not_in(kept)))
    await hint(session, estate_id=state.estate_id, topic="device")


async def forget_frames(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
    """Forget an estate's frames of more than a day ago."""
    await session.execute(
        delete(DeviceFrame).where(DeviceFrame.estate_id == estate_id, DeviceFrame.at < now - KEPT_FOR)
    )
