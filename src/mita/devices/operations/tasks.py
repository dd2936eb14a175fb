"""Tasks of devices: asked by people or by a device's settings, carried out by one at a time, and settled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from sqlalchemy import select

from mita.devices import queries
from mita.devices.domain import (
    DRIFT_S_MAX,
    NotForMeters,
    TaskKind,
    drift_words,
    later_s,
    setting_time_s,
)
from mita.devices.models import DeviceState, DeviceTask
from mita.drivers.known import POLLED, driver_named
from mita.drivers.wire import TakesPrices
from mita.kit.clock import from_us
from mita.kit.errors import Conflict, Invalid
from mita.kit.ids import new_id

from .issues import IssueBook

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.devices.domain import Intended, Outcome
    from mita.devices.models import Device

# longer than any conversation that carries a task out
CLAIMED_FOR = timedelta(minutes=15)
_CLOCK_VALID_FOR, _PRICES_VALID_FOR = timedelta(days=1), timedelta(days=3)
_FAILURE_MAX = 500
_OPEN = ("asked", "sent")


class DeviceCannot(Conflict):
    """A device of this driver cannot be told that."""

    code = "device_cannot"
    title = "The device cannot do this"


class ClockWouldCross(Conflict):
    """The device's clock is further off than the interval it counts by; setting it cuts an interval."""

    code = "clock_would_cross"
    title = "Setting the clock would cut an interval"


class DeviceTaskOver(Conflict):
    """The task is verified, failed or withdrawn."""

    code = "device_task_over"
    title = "The task is over"


class PricesNotForMeter(Invalid):
    """The rate tables in force say what the meter cannot be told."""

    code = "prices_not_for_meter"
    title = "The meter cannot be told these prices"


@dataclass(frozen=True, slots=True)
class Asked:
    """A task to be: what is intended, by whom, when it is due and until when it may be tried."""

    kind: TaskKind
    intended: dict[str, Any]
    by: str
    due_at: datetime
    expires_at: datetime


async def ask_clock(
    session: AsyncSession, *, estate_id: int, device_id: int, may_cross: bool, asked_by: str, now: datetime
) -> DeviceTask:
    """Ask that a device's clock be set, once no interval that it counts by is cut by that.

    With ``may_cross`` at once, whatever it cuts. A task of the kind that is open is withdrawn.

    :raises NotFound: if the estate has no such device
    :raises DeviceCannot: if its clock cannot be set from here
    :raises ClockWouldCross: if it would cut an interval whenever it is set
    """
    row = await queries.device(session, estate_id=estate_id, device_id=device_id, lock=True)
    wired = (await queries.configured(session, estate_id=estate_id, names=[row.name]))[row.name]
    driver = driver_named(row.driver)
    if driver is None or row.driver not in POLLED or not driver.abilities(wired.device).sets_clock:
        raise DeviceCannot(f"the clock of a device of the driver {row.driver} cannot be set from here")
    state = await queries.state(session, estate_id=estate_id, device_id=device_id)
    interval_s = 0 if may_cross else driver.abilities(wired.device).interval_s
    due_s = setting_time_s(int(now.timestamp()), drift_s=state.clock_drift_s, interval_s=interval_s)
    if due_s is None:
        off = drift_words(state.clock_drift_s or 0)
        raise ClockWouldCross(f"{off}, and it counts by intervals of {interval_s // 60} min")
    due_at = max(now, from_us(due_s * 1_000_000))
    asked = Asked("clock", {"may_cross": may_cross}, asked_by, due_at, due_at + _CLOCK_VALID_FOR)
    return await _ask(session, row, asked, now=now)


async def ask_meter_prices(
    session: AsyncSession, *, estate_id: int, device_id: int, at: datetime, asked_by: str, now: datetime
) -> DeviceTask:
    """Ask that a meter charge, from ``at`` on, by the rate tables that are in force on that date.

    A task of the kind that is open is withdrawn.

    :raises NotFound: if the estate has no such device
    :raises DeviceCannot: if it takes no prices from here
    :raises PricesNotForMeter: if the meter cannot be told these prices; each reason is a problem
    """
    row = await queries.device(session, estate_id=estate_id, device_id=device_id, lock=True)
    if not isinstance(driver_named(row.driver), TakesPrices):
        raise DeviceCannot(f"a device of the driver {row.driver} takes no prices from here")
    try:
        intended = await queries.intended_prices(session, estate_id=estate_id, device_id=device_id, at=at)
    except NotForMeters as error:
        problems: list[dict[str, object]] = [{"path": "device", "message": each} for each in error.reasons]
        raise PricesNotForMeter(str(error), problems=problems) from error
    return await ask_prices(session, row=row, intended=intended, asked_by=asked_by, now=now)


async def ask_prices(
    session: AsyncSession, *, row: Device, intended: Intended, asked_by: str, now: datetime
) -> DeviceTask:
    """Ask that a meter charge what is intended; ``row`` is held."""
    expires_at = max(now, from_us(intended.from_s * 1_000_000)) + _PRICES_VALID_FOR
    return await _ask(session, row, Asked("prices", intended.stored(), asked_by, now, expires_at), now=now)


async def _ask(session: AsyncSession, row: Device, asked: Asked, *, now: datetime) -> DeviceTask:
    before = await open_task(session, estate_id=row.estate_id, device_id=row.device_id, kind=asked.kind)
    if before is not None:
        _move(before, "withdrawn", now=now)
        before.failure = "another task took its place"
        await session.flush()
    task = DeviceTask(
        estate_id=row.estate_id,
        device_task_id=new_id(),
        device_id=row.device_id,
        kind=asked.kind,
        state="asked",
        asked_by=asked.by,
        asked_at=now,
        changed_at=now,
        intended=asked.intended,
        due_at=asked.due_at,
        expires_at=asked.expires_at,
    )
    session.add(task)
    await session.flush()
    return task


async def open_task(
    session: AsyncSession, *, estate_id: int, device_id: int, kind: TaskKind
) -> DeviceTask | None:
    """Return a device's open task of a kind, held, if it has one."""
    statement = (
        select(DeviceTask)
        .where(
            DeviceTask.estate_id == estate_id,
            DeviceTask.device_id == device_id,
            DeviceTask.kind == kind,
            DeviceTask.state.in_(_OPEN),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one_or_none()


async def withdraw_task(
    session: AsyncSession, *, estate_id: int, task_id: UUID, asked_by: str, now: datetime
) -> DeviceTask:
    """Take a task back; what the device was told already stays as it is.

    :raises NotFound: if the estate has no such task
    :raises DeviceTaskOver: if it is over
    """
    task = await queries.task(session, estate_id=estate_id, task_id=task_id, lock=True)
    if task.state not in _OPEN:
        raise DeviceTaskOver(f"device task {task_id} is {task.state}")
    _move(task, "withdrawn", now=now)
    task.failure = f"withdrawn by {asked_by}"[:_FAILURE_MAX]
    await session.flush()
    return task


async def withdraw_tasks(session: AsyncSession, *, estate_id: int, device_id: int, now: datetime) -> None:
    """Take back whatever is open of a device that is removed."""
    for kind in get_args(TaskKind):
        task = await open_task(session, estate_id=estate_id, device_id=device_id, kind=kind)
        if task is not None:
            _move(task, "withdrawn", now=now)
            task.failure = "the device was removed"
    await session.flush()


async def claim_task(
    session: AsyncSession, *, estate_id: int, task_id: UUID, now: datetime
) -> DeviceTask | None:
    """Take a task in hand for a while; None if another one has it or it is not due.

    Its ``claim`` is what :func:`settle_task` wants to see again.
    """
    statement = (
        select(DeviceTask)
        .where(DeviceTask.estate_id == estate_id, DeviceTask.device_task_id == task_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    task = (await session.scalars(statement)).one_or_none()
    if task is None or task.state not in _OPEN or task.due_at > now or task.expires_at <= now:
        return None
    if task.claimed_until is not None and task.claimed_until > now:
        return None
    task.claim, task.claimed_until = new_id(), now + CLAIMED_FOR
    task.attempts += 1
    await session.flush()
    return task


async def settle_task(
    session: AsyncSession, *, estate_id: int, task_id: UUID, claim: UUID, outcome: Outcome, now: datetime
) -> bool:
    """Record what became of an attempt; False, and nothing, if the task is no longer in this hand.

    Verified, it closes what stood open of the device because of it; failed, it opens an issue.
    """
    task = await queries.task(session, estate_id=estate_id, task_id=task_id, lock=True)
    if task.claim != claim or task.state not in _OPEN:
        return False
    task.failure = outcome.failure.replace("\x00", "")[:_FAILURE_MAX]
    task.active = outcome.active if outcome.active is not None else task.active
    if outcome.state is None or outcome.state == "sent":
        task.claim = task.claimed_until = None
        delay = timedelta(seconds=later_s(task.attempts))
        task.due_at = now + delay if outcome.due_s is None else from_us(outcome.due_s * 1_000_000)
    if outcome.state is not None:
        _move(task, outcome.state, now=now)
    await session.flush()
    if outcome.state in ("verified", "failed"):
        await _tell(session, task, drift_s=outcome.drift_s, now=now)
    return True


def _move(task: DeviceTask, state: str, *, now: datetime) -> None:
    task.state, task.changed_at = state, now
    task.claim = task.claimed_until = None
    if state == "verified":
        task.verified_at = now


async def _tell(session: AsyncSession, task: DeviceTask, *, drift_s: int | None, now: datetime) -> None:
    """Open or close the issue of a task that is over."""
    state = await session.get(
        DeviceState,
        (task.estate_id, task.device_id),
        with_for_update={"key_share": True},
        populate_existing=True,
    )
    assert state is not None, "each device has a state"
    book = await IssueBook.of(session, estate_id=task.estate_id, device_ids=[task.device_id])
    failure = task.failure or "it could not be done"
    refused = failure if task.state == "failed" else None
    await book.settle(task.device_id, f"{task.kind}_refused", refused, at=now)
    if drift_s is not None:
        state.clock_drift_s = drift_s
        if abs(drift_s) <= DRIFT_S_MAX:
            await book.settle(task.device_id, "clock_drift", None, at=now)
    await book.tell(now=now)
    await session.flush()


async def expire_tasks(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Let tasks fail whose time is over and that nobody has in hand; return how many."""
    statement = (
        select(DeviceTask)
        .where(
            DeviceTask.estate_id == estate_id,
            DeviceTask.state.in_(_OPEN),
            DeviceTask.expires_at <= now,
            DeviceTask.claimed_until.is_(None) | (DeviceTask.claimed_until <= now),
        )
        .order_by(DeviceTask.device_id, DeviceTask.device_task_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    expired = (await session.scalars(statement)).all()
    for task in expired:
        task.failure = task.failure or "its time is over, and the device was not reached"
        _move(task, "failed", now=now)
        await session.flush()
        await _tell(session, task, drift_s=None, now=now)
    return len(expired)
