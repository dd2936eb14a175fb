"""What devices' settings want kept: clocks that drift are set, prices that changed are given to meters."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.devices import queries
from mita.devices.domain import Intended, NotForMeters, upkeep
from mita.devices.models import DeviceTask
from mita.kit.clock import from_us

from .issues import settle_issue
from .tasks import ClockWouldCross, DeviceCannot, ask_clock, ask_prices, open_task

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.devices.models import Device

_ACTOR = "system:devices"
_DAY = timedelta(days=1)


async def keep_clock(session: AsyncSession, *, estate_id: int, name: str, now: datetime) -> bool:
    """Ask that a device's clock be set if its settings want that and it is too far off; return whether.

    Once a day at most, whoever asked before. What would cut an interval is an issue instead.
    """
    row = await queries.device_named(session, estate_id=estate_id, name=name)
    tolerated_s = None if row is None else upkeep(row.settings).sync_clock_s
    if row is None or tolerated_s is None:
        return False
    state = await queries.state(session, estate_id=estate_id, device_id=row.device_id)
    if state.clock_drift_s is None or abs(state.clock_drift_s) <= tolerated_s:
        return False
    last = await _newest(session, row, kind="clock")
    if last is not None and (last.state in ("asked", "sent") or last.asked_at > now - _DAY):
        return False
    try:
        await ask_clock(
            session,
            estate_id=estate_id,
            device_id=row.device_id,
            may_cross=False,
            asked_by=_ACTOR,
            now=now,
        )
    except (ClockWouldCross, DeviceCannot) as error:
        await settle_issue(
            session,
            estate_id=estate_id,
            device_id=row.device_id,
            kind="clock_refused",
            detail=error.detail,
            at=now,
        )
        return False
    return True


async def follow_rate_tables(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Ask that meters whose settings want it charge by the rate tables in force; return how many were asked.

    What a meter cannot be told is an issue, and is asked again once it can. A task that failed is asked again
    after a day, or when the prices are others.
    """
    count = 0
    for row in await queries.devices_that_follow_rate_tables(session, estate_id=estate_id):
        locked = await queries.device(session, estate_id=estate_id, device_id=row.device_id, lock=True)
        count += await _follow(session, locked, now=now)
    return count


async def _follow(session: AsyncSession, row: Device, *, now: datetime) -> bool:
    waiting = await open_task(session, estate_id=row.estate_id, device_id=row.device_id, kind="prices")
    at = now if waiting is None else max(now, from_us(Intended.of(waiting.intended).from_s * 1_000_000))
    refused = partial(
        settle_issue, session, estate_id=row.estate_id, device_id=row.device_id, kind="prices_refused", at=now
    )
    try:
        intended = await queries.intended_prices(
            session, estate_id=row.estate_id, device_id=row.device_id, at=at
        )
    except NotForMeters as error:
        await refused(detail=str(error))
        return False
    last = waiting or await _newest(session, row, kind="prices")
    is_same = last is not None and Intended.of(last.intended).prices == intended.prices
    if last is not None and is_same and last.state == "verified":
        await refused(detail=None)
        return False
    if last is not None and is_same and (last.state != "failed" or last.asked_at > now - _DAY):
        return False
    await ask_prices(session, row=row, intended=intended, asked_by=_ACTOR, now=now)
    return True


async def _newest(session: AsyncSession, row: Device, *, kind: str) -> DeviceTask | None:
    """Return a device's newest task of a kind that nobody took back."""
    statement = (
        select(DeviceTask)
        .where(
            DeviceTask.estate_id == row.estate_id,
            DeviceTask.device_id == row.device_id,
            DeviceTask.kind == kind,
            DeviceTask.state != "withdrawn",
        )
        .order_by(DeviceTask.device_task_id.desc())
        .limit(1)
    )
    return (await session.scalars(statement)).one_or_none()
