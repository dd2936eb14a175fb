"""Devices to ask and orders for them from the database, and what they answered into it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.devices import operations as devices
from mita.devices import queries as registry
from mita.drivers.known import POLLED
from mita.drivers.wire import Order, Step, SwitchState
from mita.entrypoints.ingest.reported import record_reports
from mita.entrypoints.lane import Lane
from mita.entrypoints.polling.service import Polled, Waiting
from mita.estates import queries as estates
from mita.kit.clock import now_utc, to_us
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingBatch

if TYPE_CHECKING:
    from collections.abc import Sequence

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

    async def _estate_ids(self) -> list[int]:
        async with self._database.unit_of_work(estates=[]) as session:
            return await estates.platform_estate_ids(session)

    async def devices(self) -> Sequence[Polled]:
        """Return every registered device that is to be asked and may be."""
        found: list[Polled] = []
        for estate_id in await self._estate_ids():
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                configured = await registry.configured(
                    session, estate_id=estate_id, drivers=sorted(POLLED), with_secrets=True
                )
            found += [
                Polled(estate_id, each.driver, each.device, _every_s(each.device))
                for each in configured.values()
                if await self._may_be_asked(estate_id, each.device)
            ]
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
                for command_id in await credit_queries.due_commands(
                    session, estate_id=estate_id, now=now, limit=_ORDERS_MAX
                ):
                    command = await credit_queries.command(
                        session, estate_id=estate_id, command_id=command_id
                    )
                    meters = await metering_queries.meters(
                        session, estate_id=estate_id, unit_id=command.unit_id
                    )
                    meter = next((m for m in meters if m.utility == command.utility and m.device), None)
                    if command.expires_at <= now or meter is None or meter.device is None:
                        continue
                    configured = (
                        await registry.configured(
                            session, estate_id=estate_id, names=[meter.device], with_secrets=True
                        )
                    )[meter.device]
                    if configured.driver in POLLED and not self._reach.refusal(
                        configured.device.settings.get("url")
                    ):
                        order = Order(
                            command_id,
                            command.action == "on",
                            to_us(command.expires_at) // 1_000_000,
                            meter.serial,
                        )
                        found.append(Waiting(estate_id, configured.driver, configured.device, order))
        return found

    async def settle(self, estate_id: int, device: Device, decoded: Decoded) -> None:
        """Charge what a device told, and record what it reported."""
        now = now_utc()
        decoded = await self._kept(estate_id, device, decoded)
        if decoded.readings:
            batch = ReadingBatch(
                key=[(told.meter, told.register, told.unit) for told in decoded.readings],
                taken_s=np.array([told.taken_s for told in decoded.readings], dtype=np.int64),
                value_micro=np.array([told.value_micro for told in decoded.readings], dtype=np.int64),
                source=f"poll:{device.name}"[:200],
                received_us=to_us(now),
                resets=frozenset(row for row, told in enumerate(decoded.readings) if told.is_reset),
            )
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
                if command.state not in ("confirmed", "failed"):
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

    async def _kept(self, estate_id: int, device: Device, decoded: Decoded) -> Decoded:
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            found = await registry.configured(session, estate_id=estate_id, names=[device.name])
        kept = found[device.name].kept(decoded)
        # we heard it just now, and answers come in order: whole seconds would make two states equally new
        kept.reports = [
            replace(each, taken_s=None) if isinstance(each, SwitchState) else each for each in kept.reports
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

    async def take(self, device: str, *, count: int) -> int:
        """Return the first of ``count`` numbers that nobody is ever given again."""
        async with self._database.unit_of_work(estates=[]) as session:
            found = await metering_queries.estates_of_devices(session, devices=[device])
        estate_id = found[device]
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            return await devices.take_counter(session, estate_id=estate_id, name=device, count=count)


def _every_s(device: Device) -> int:
    every_s = device.settings.get("every_s")
    return every_s if isinstance(every_s, int) and every_s > 0 else _EVERY_S
