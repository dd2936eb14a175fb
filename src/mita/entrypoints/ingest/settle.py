"""Messages into charges: routed to estates, decoded, charged or rejected, and only then acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mita.entrypoints.ingest.acks import Ack, decode_ack, record_ack
from mita.entrypoints.ingest.decode import Sample, decode
from mita.entrypoints.ingest.devices import NOBODY, DeviceBook
from mita.entrypoints.ingest.faults import is_database_away
from mita.entrypoints.lane import Lane
from mita.kit.clock import now_utc
from mita.metering import operations as metering
from mita.metering.domain import ReadingBatch, Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mita.entrypoints.ingest.inbox import Arrival
    from mita.kit.db import Database

logger = logging.getLogger(__name__)
T = TypeVar("T")

SOURCE = "mqtt"
_DELAY_FIRST_S = 0.1
_DELAY_MAX_S = 5.0


class Stopped(Exception):
    """The process is to end while the database is away; the messages come again."""


class Settler:
    """Settles batches of messages, estate by estate in the order of their ids."""

    def __init__(self, database: Database, *, readings_max: int) -> None:
        self._database = database
        self._readings_max = readings_max
        self._devices = DeviceBook(database)
        self._lanes: dict[int, Lane] = {}
        self.stopping = asyncio.Event()
        self.counts: Counter[str] = Counter()

    async def settle(self, arrivals: Sequence[Arrival]) -> None:
        """Make a batch durable and let each estate's messages be acknowledged.

        A database that is away is waited for; a message that nothing else explains is rejected alone.

        :raises Stopped: if the process is to end meanwhile
        """
        names = {arrival.device for arrival in arrivals}
        estates = await self._patiently(lambda: self._devices.estates_of(names))
        groups: dict[int, list[Arrival]] = defaultdict(list)
        for arrival in arrivals:
            groups[estates[arrival.device]].append(arrival)
        for estate_id in sorted(groups):
            await self._settle_or_split(estate_id, groups[estate_id])
        self.counts["messages"] += len(arrivals)
        self.counts["batches"] += 1

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Repeat ``work`` until the database has taken it."""
        delay_s = _DELAY_FIRST_S
        while True:
            try:
                return await work()
            except Exception as error:
                if not is_database_away(error):
                    raise
                logger.warning("database away, waiting delay_s=%.1f error=%r", delay_s, error)
            if self.stopping.is_set():
                raise Stopped
            try:
                await asyncio.wait_for(self.stopping.wait(), delay_s)
            except TimeoutError:
                delay_s = min(delay_s * 2, _DELAY_MAX_S)

    async def _settle_or_split(self, estate_id: int, arrivals: Sequence[Arrival]) -> None:
        """Settle messages of one estate; halve them as long as one among them cannot be settled."""
        try:
            await self._settle_estate(estate_id, arrivals)
        except Stopped:
            raise
        except Exception as error:
            if len(arrivals) > 1:
                middle = len(arrivals) // 2
                await self._settle_or_split(estate_id, arrivals[:middle])
                await self._settle_or_split(estate_id, arrivals[middle:])
                return
            logger.exception(
                "message rejected as poison estate=%d topic=%r", estate_id, arrivals[0].topic[:200]
            )
            await self._quarantine(estate_id, arrivals[0], error)
        for arrival in arrivals:
            arrival.settle()

    async def _quarantine(self, estate_id: int, arrival: Arrival, error: Exception) -> None:
        detail = f"{type(error).__name__}: nothing is wrong with the message that is known; please report it"
        rejection = Rejection(_source(arrival), None, None, truncated(arrival.payload), "internal", detail)
        try:
            await self._reject(estate_id, [rejection], received_us=arrival.received_us)
        except Stopped:
            raise
        except Exception:
            # the log keeps it: a message that cannot even be listed must not stop the stream
            logger.exception("poison could not be recorded payload=%r", arrival.payload[:500])

    async def _settle_estate(self, estate_id: int, arrivals: Sequence[Arrival]) -> None:
        received_us = max(arrival.received_us for arrival in arrivals)
        if estate_id == NOBODY:
            rejections = [_unknown_device(arrival) for arrival in arrivals]
        else:
            samples, acks, rejections = await self._decode(estate_id, arrivals)
            for start in range(0, len(samples), self._readings_max):
                await self._charge(
                    estate_id, samples[start : start + self._readings_max], received_us=received_us
                )
            for device, ack in acks:
                rejections += await self._patiently(partial(self._acknowledge, estate_id, device, ack))
        await self._reject(estate_id, rejections, received_us=received_us)

    async def _decode(
        self, estate_id: int, arrivals: Sequence[Arrival]
    ) -> tuple[list[Sample], list[tuple[str, Ack]], list[Rejection]]:
        names = {arrival.device for arrival in arrivals}
        meters = await self._patiently(lambda: self._devices.meters_of(names, estate_id=estate_id))
        samples: list[Sample] = []
        acks: list[tuple[str, Ack]] = []
        rejections: list[Rejection] = []
        for arrival in arrivals:
            if arrival.leaf == "ack":
                ack = decode_ack(arrival.payload, source=_source(arrival))
                if isinstance(ack, Ack):
                    acks.append((arrival.device, ack))
                else:
                    rejections.append(ack)
                continue
            decoded = decode(
                arrival.payload,
                device=arrival.device,
                meters=meters[arrival.device],
                received_s=arrival.received_us // 1_000_000,
                source=_source(arrival),
            )
            samples += decoded.samples
            rejections += decoded.rejections
        return samples, acks, rejections

    async def _charge(self, estate_id: int, samples: Sequence[Sample], *, received_us: int) -> None:
        batch = ReadingBatch(
            key=[(sample.meter, sample.register, sample.unit) for sample in samples],
            taken_s=np.array([sample.taken_s for sample in samples], dtype=np.int64),
            value_micro=np.array([sample.value_micro for sample in samples], dtype=np.int64),
            source=SOURCE,
            received_us=received_us,
            temperature_centi={
                row: sample.temperature_centi
                for row, sample in enumerate(samples)
                if sample.temperature_centi is not None
            },
        )
        lane = self._lanes.setdefault(estate_id, Lane(self._database, estate_id=estate_id))
        outcome = await self._patiently(lambda: lane.charge(batch, now=now_utc()))
        self.counts.update(outcome.counts())
        self.counts["readings"] += len(batch)

    async def _acknowledge(self, estate_id: int, device: str, ack: Ack) -> list[Rejection]:
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            rejection = await record_ack(
                session,
                estate_id=estate_id,
                device=device,
                ack=ack,
                source=f"{SOURCE}:m/{device}/ack",
                now=now_utc(),
            )
        self.counts["acknowledgements"] += 1
        return [] if rejection is None else [rejection]

    async def _reject(self, estate_id: int, rejections: Sequence[Rejection], *, received_us: int) -> None:
        if not rejections:
            return

        async def write() -> None:
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                await metering.record_rejections(
                    session, estate_id=estate_id, rejections=rejections, received_us=received_us
                )

        await self._patiently(write)
        self.counts["unreadable"] += len(rejections)


def _source(arrival: Arrival) -> str:
    return truncated(f"{SOURCE}:{arrival.topic}")


def _unknown_device(arrival: Arrival) -> Rejection:
    detail = f"no estate has a device {truncated(arrival.device)[:200]!r}"
    return Rejection(_source(arrival), None, None, truncated(arrival.payload), "unknown_device", detail)
