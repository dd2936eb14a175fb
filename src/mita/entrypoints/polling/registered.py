"""Devices to ask and orders for them from the database, and what they answered into it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.drivers.known import POLLED
from mita.drivers.wire import Health, LimitState, Step, SwitchState
from mita.entrypoints.ingest.decoding import with_resets
from mita.entrypoints.ingest.reported import record_reports
from mita.entrypoints.lane import Lane
from mita.entrypoints.polling.ends import Polled, Waiting
from mita.entrypoints.switching import switchings
from mita.entrypoints.told import batch_of
from mita.estates import queries as estates
from mita.kit.clock import now_utc, to_us
from mita.metering import operations as metering
from mita.metering import queries as metering_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mita.credit.models import SupplyCommand
    from mita.devices.queries import Configured
    from mita.drivers.wire import Decoded, Device
    from mita.entrypoints.polling.reach import Reach
    from mita.kit.db import Database

_EVERY_S = 900
_ORDERS_MAX = 1_000
_ANSWER_S = 30


class Registered:
    """Both ends of the polling service."""

    def __init__(self, database: Database, *, reach: Reach) -> None:
        self._database = database
        self._reach = reach
        self._lanes: dict[int, Lane] = {}
        self._refused: dict[tuple[int, str], str] = {}
        # as of the last look at all devices, which is what they are asked by
        self._configured: dict[tuple[int, str], Configured] = {}

    async def _estate_ids(self) -> list[int]:
        async with self._database.unit_of_work(estates=[]) as session:
            return await estates.platform_estate_ids(session)

    async def devices(self) -> Sequence[Polled]:
        """Return every registered device that is to be asked and may be."""
        found: list[Polled] = []
        known: dict[tuple[int, str], Configured] = {}
        for estate_id in await self._estate_ids():
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                configured = await registry.configured(
                    session, estate_id=estate_id, drivers=sorted(POLLED), with_secrets=True
                )
            known |= {(estate_id, name): each for name, each in configured.items()}
            found += [
                Polled(estate_id, each.driver, each.device, _every_s(each.device))
                for each in configured.values()
                if await self._may_be_asked(estate_id, each.device)
            ]
        self._configured = known
        return found

    async def _may_be_asked(self, estate_id: int, device: Device) -> bool:
        refusal = self._reach.refusal(device.settings.get("url"))
        key = (estate_id, device.name)
        if refusal is None:
            self._refused.pop(key, None)
        elif self._refused.get(key) != refusal:
            self._refused[key] = refusal
            await self.reached(estate_id, device, ok=False, reason=refusal)
        return refusal is None

    async def orders(self) -> Sequence[Waiting]:
        """Return supply commands that are due, for devices that are asked."""
        found: list[Waiting] = []
        now = now_utc()
        for estate_id in await self._estate_ids():
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                due = await credit_queries.due_commands(
                    session, estate_id=estate_id, now=now, limit=_ORDERS_MAX
                )
                if not due:
                    continue
                commands = await credit_queries.commands_of_ids(session, estate_id=estate_id, command_ids=due)
                switched = await switchings(
                    session,
                    estate_id=estate_id,
                    commands=[each for each in commands if each.expires_at > now],
                    with_secrets=True,
                )
            found += [
                Waiting(estate_id, each.driver, each.device, each.order)
                for each in switched.values()
                if each.driver in POLLED and not self._reach.refusal(each.device.settings.get("url"))
            ]
        return found

    async def is_due(self, waiting: Waiting) -> bool:
        """Tell whether a command is to be given to its device still: it may have lost its place meanwhile."""
        async with self._database.unit_of_work(estates=[waiting.estate_id]) as session:
            command = await credit_queries.command(
                session, estate_id=waiting.estate_id, command_id=waiting.order.command_id
            )
            if await credit_queries.waits_for_supply(session, command=command):
                return False
            return _is_due(command, now=now_utc())

    async def settle(self, estate_id: int, device: Device, decoded: Decoded) -> None:
        """Charge what a device told, and record what it reported."""
        now = now_utc()
        decoded = await self._kept(estate_id, device, decoded)
        if decoded.readings:
            source = f"poll:{device.name}"[:200]
            batch = batch_of(decoded.readings, source=source, received_us=to_us(now))
            lane = self._lanes.setdefault(estate_id, Lane(self._database, estate_id=estate_id))
            await lane.charge(batch, now=now)
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            rejections = list(decoded.rejections)
            rejections += await record_reports(
                session,
                estate_id=estate_id,
                device=device.name,
                reports=decoded.reports,
                received_us=to_us(now),
                source=f"poll:{device.name}",
                now=now,
            )
            for command_id in {each.command_id for each in decoded.reports if isinstance(each, Step)}:
                command = await credit_queries.command(
                    session, estate_id=estate_id, command_id=command_id, lock=True
                )
                # whoever carried it out beside us has noted that
                if _is_due(command, now=now):
                    await credit.note_attempt(
                        session, command=command, state="sent", answer_s=_ANSWER_S, now=now
                    )
            if rejections:
                await metering.record_rejections(
                    session, estate_id=estate_id, rejections=rejections, received_us=to_us(now)
                )
            noted = devices.Noted(
                device.name, now, decoded.reports, len(decoded.readings), len(decoded.rejections)
            )
            await devices.note(session, estate_id=estate_id, noted=[noted])
            if any(isinstance(each, Health) and each.clock_s is not None for each in decoded.reports):
                await devices.keep_clock(session, estate_id=estate_id, name=device.name, now=now)

    async def _kept(self, estate_id: int, device: Device, decoded: Decoded) -> Decoded:
        known = self._configured.get((estate_id, device.name))
        if known is None:
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                found = await registry.configured(session, estate_id=estate_id, names=[device.name])
            known = found[device.name]
        kept = with_resets(known.kept(decoded))
        # we heard it just now, and answers come in order: whole seconds would make two states equally new
        kept.reports = [
            replace(each, taken_s=None) if isinstance(each, SwitchState | LimitState) else each
            for each in kept.reports
        ]
        return kept

    async def reached(self, estate_id: int, device: Device, *, ok: bool, reason: str) -> None:
        """Note that a device did not answer, and why; that it did is noted with what it said."""
        if ok:
            return
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            noted = devices.Noted(device.name, now_utc(), failure=reason or "it does not answer")
            await devices.note(session, estate_id=estate_id, noted=[noted])


class StoredCounters:
    """Invocation counters of DLMS keys, each number given once, whatever crashes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, device: str, *, key: str, count: int) -> int:
        """Return the first of ``count`` numbers that nobody is ever given again with this key."""
        async with self._database.unit_of_work(estates=[]) as session:
            found = await metering_queries.estates_of_devices(session, devices=[device])
        estate_id = found[device]
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            return await devices.take_counter(session, estate_id=estate_id, name=device, key=key, count=count)


def _is_due(command: SupplyCommand, *, now: datetime) -> bool:
    is_over = command.state in ("confirmed", "failed")
    return not is_over and (command.answer_due_at is None or command.answer_due_at <= now)


def _every_s(device: Device) -> int:
    every_s = device.settings.get("every_s")
    return every_s if isinstance(every_s, int) and every_s > 0 else _EVERY_S
