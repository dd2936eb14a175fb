"""Tasks of devices from the database, carried out over their lines: clocks are set, prices written."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.devices.domain import (
    CLOCK_TOLERANCE_S,
    Intended,
    Outcome,
    drift_words,
    prices_shown,
    setting_time_s,
)
from mita.drivers.known import POLLED, driver_named
from mita.entrypoints.polling.ends import WaitingTask
from mita.entrypoints.polling.line import PriceLine, RefusedByDevice, Unreachable
from mita.estates import queries as estates
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from mita.drivers.wire import Device
    from mita.entrypoints.polling.line import Line
    from mita.entrypoints.polling.reach import Reach
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

_TASKS_MAX = 1_000
# a table of prices takes a minute where each is a conversation; within the time that a task is claimed for
_TALK_S_MAX = 300.0
# a meter begins with new prices by its own clock
_BEGINS_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class _Claimed:
    kind: str
    state: str
    intended: dict[str, Any]
    claim: UUID
    drift_s: int | None


class DeviceTasks:
    """The tasks of all devices that are asked and may be."""

    def __init__(self, database: Database, *, reach: Reach) -> None:
        self._database = database
        self._reach = reach

    async def waiting(self) -> Sequence[WaitingTask]:
        """Return the tasks that are due and that nobody carries out just now."""
        async with self._database.unit_of_work(estates=[]) as session:
            estate_ids = await estates.platform_estate_ids(session)
        async with self._database.unit_of_work(estates=estate_ids) as session:
            due = await registry.due_tasks(session, estate_ids=estate_ids, now=now_utc(), limit=_TASKS_MAX)
        names: dict[int, set[str]] = defaultdict(set)
        for each in due:
            names[each.estate_id].add(each.device)
        found: dict[tuple[int, str], registry.Configured] = {}
        for estate_id, wanted in names.items():
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                configured = await registry.configured(
                    session, estate_id=estate_id, names=sorted(wanted), with_secrets=True
                )
            found |= {(estate_id, name): each for name, each in configured.items()}
        return [
            WaitingTask(each.estate_id, known.driver, known.device, each.task_id)
            for each in due
            if (known := found[each.estate_id, each.device]).driver in POLLED
            and self._reach.refusal(known.device.settings.get("url")) is None
        ]

    async def carry_out(self, waiting: WaitingTask, line: Line) -> None:
        """Carry a task out over its line, unless another one has it, and record what became of it."""
        claimed = await self._claim(waiting)
        if claimed is None:
            return
        outcome = await _outcome(claimed, waiting, line)
        async with self._database.unit_of_work(estates=[waiting.estate_id]) as session:
            await devices.settle_task(
                session,
                estate_id=waiting.estate_id,
                task_id=waiting.task_id,
                claim=claimed.claim,
                outcome=outcome,
                now=now_utc(),
            )

    async def _claim(self, waiting: WaitingTask) -> _Claimed | None:
        estate_id = waiting.estate_id
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            task = await devices.claim_task(
                session, estate_id=estate_id, task_id=waiting.task_id, now=now_utc()
            )
            if task is None or task.claim is None:
                return None
            state = await registry.state(session, estate_id=estate_id, device_id=task.device_id)
            return _Claimed(task.kind, task.state, task.intended, task.claim, state.clock_drift_s)


async def _outcome(claimed: _Claimed, waiting: WaitingTask, line: Line) -> Outcome:
    device = waiting.device
    try:
        async with asyncio.timeout(_TALK_S_MAX):
            if claimed.kind == "clock":
                return await _clock(claimed, waiting, line)
            return await _prices(claimed, device, line)
    except RefusedByDevice as refusal:
        return Outcome("failed", str(refusal))
    except Unreachable as error:
        return Outcome(None, str(error))
    except TimeoutError:
        return Outcome(None, f"it did not end its answer in {_TALK_S_MAX:.0f} s")
    except Exception:
        logger.exception("a task of %s failed", device.name)
        return Outcome(None, "a fault of Mita's own; the log has it")


async def _clock(claimed: _Claimed, waiting: WaitingTask, line: Line) -> Outcome:
    driver = driver_named(waiting.driver)
    assert driver is not None, "it was asked of a driver that there is"
    interval_s = 0 if claimed.intended.get("may_cross") else driver.abilities(waiting.device).interval_s
    now_s = int(now_utc().timestamp())
    due_s = setting_time_s(now_s, drift_s=claimed.drift_s, interval_s=interval_s)
    if due_s is None:
        off = drift_words(claimed.drift_s or 0)
        return Outcome("failed", f"{off}, and it counts by intervals of {interval_s // 60} min")
    if due_s > now_s:
        return Outcome(None, "it waits until no interval is cut", due_s=due_s)
    drift_s = await line.set_clock(waiting.device, now_s=now_s)
    active = {"drift_s": drift_s}
    if abs(drift_s) <= CLOCK_TOLERANCE_S:
        return Outcome("verified", active=active, drift_s=drift_s)
    return Outcome("failed", f"it was set, and {drift_words(drift_s)}", active=active, drift_s=drift_s)


async def _prices(claimed: _Claimed, device: Device, line: Line) -> Outcome:
    if not isinstance(line, PriceLine):
        return Outcome("failed", "such a device takes no prices from here")
    intended = Intended.of(claimed.intended)
    now_s = int(now_utc().timestamp())
    if claimed.state == "asked":
        # what a meter makes of a time that is over is not known
        from_s = max(intended.from_s, now_s)
        await line.give_prices(device, prices=intended.prices, from_s=from_s)
        return Outcome("sent", due_s=from_s + _BEGINS_WITHIN_S)
    held = await line.held_prices(device)
    active = prices_shown(held)
    if held.are(intended.prices):
        return Outcome("verified", active=active)
    shown = ", ".join(active["unit_prices"])
    return Outcome(None, f"it still charges {shown} a unit and {active['day_price']} a day", active=active)
