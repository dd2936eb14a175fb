"""Messages into charges: routed to estates, decoded, charged or rejected, and only then acknowledged."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from mita.devices import operations as devices
from mita.entrypoints.ingest.aliases import Aliases
from mita.entrypoints.ingest.decoding import Decoder, Heard, source_of
from mita.entrypoints.ingest.devices import NOBODY, DeviceBook
from mita.entrypoints.ingest.faults import is_database_away
from mita.entrypoints.ingest.reported import news, record_reports, without_repeats
from mita.entrypoints.ingest.strangers import Strangers
from mita.entrypoints.lane import Lane
from mita.entrypoints.told import batch_of
from mita.kit.clock import now_utc
from mita.metering import operations as metering
from mita.metering.domain import ReadingClass, Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mita.drivers.wire import Told
    from mita.entrypoints.ingest.inbox import Arrival
    from mita.kit.db import Database

logger = logging.getLogger(__name__)
T = TypeVar("T")

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
        self._aliases = Aliases(database, self._devices)
        self._decoder = Decoder()
        self._strangers = Strangers()
        self._lanes: dict[int, Lane] = {}
        self.stopping = asyncio.Event()
        self.counts: Counter[str] = Counter()

    async def settle(self, arrivals: Sequence[Arrival]) -> None:
        """Make a batch durable and let each estate's messages be acknowledged.

        A database that is away is waited for; a message that nothing else explains is rejected alone.

        :raises Stopped: if the process is to end meanwhile
        """
        await self._patiently(lambda: self._aliases.follow(arrivals))
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
        arrival.refusals = [("internal", detail)]
        rejection = Rejection(source_of(arrival), None, None, truncated(arrival.payload), "internal", detail)
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
            for arrival in arrivals:
                arrival.refusals = [("unknown_device", "no estate has such a device")]
            await self._reject(estate_id, self._strangers.told_of(arrivals), received_us=received_us)
            return
        heard = await self._heard(estate_id, arrivals)
        for each in heard:
            each.arrival.refusals = [(bad.code, bad.detail) for bad in each.decoded.rejections]
        for source in sorted({arrival.source for arrival in arrivals}):
            told = [
                (each.arrival, told)
                for each in heard
                if each.arrival.source == source
                for told in each.decoded.readings
            ]
            for start in range(0, len(told), self._readings_max):
                piece = told[start : start + self._readings_max]
                await self._charge(estate_id, piece, source=source, received_us=received_us)
        rejections = [bad for each in heard for bad in each.decoded.rejections]
        # one that is not registered has no state to note, but its switch may be a supply's
        speaking = [each for each in heard if each.is_registered or each.has_supply_reports]
        if speaking:
            for arrival, bad in await self._patiently(partial(self._record, estate_id, speaking)):
                arrival.refusals.append((bad.code, bad.detail))
                rejections.append(bad)
        await self._reject(estate_id, rejections, received_us=received_us)

    async def _heard(self, estate_id: int, arrivals: Sequence[Arrival]) -> list[Heard]:
        names = {arrival.device for arrival in arrivals}
        set_up = await self._patiently(lambda: self._devices.configured(names, estate_id=estate_id))
        return await self._decoder.decoded([(arrival, set_up[arrival.device]) for arrival in arrivals])

    async def _charge(
        self, estate_id: int, piece: Sequence[tuple[Arrival, Told]], *, source: str, received_us: int
    ) -> None:
        batch = batch_of([told for _, told in piece], source=source, received_us=received_us)
        lane = self._lanes.setdefault(estate_id, Lane(self._database, estate_id=estate_id))
        outcome = await self._patiently(lambda: lane.charge(batch, now=now_utc()))
        for place in np.flatnonzero(outcome.class_ == ReadingClass.REJECTED).tolist():
            code, _, sentence = outcome.reading(place)[1].partition(": ")
            piece[place][0].refusals.append((code, sentence))
        self.counts.update(outcome.counts())
        self.counts["readings"] += len(batch)

    async def _record(self, estate_id: int, heard: Sequence[Heard]) -> list[tuple[Arrival, Rejection]]:
        rejections: list[tuple[Arrival, Rejection]] = []
        now = now_utc()
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            last_words: dict[str, devices.LastWord] = {}
            if any(each.has_supply_reports for each in heard):
                # of all that are noted below: who locks some first and the others later may meet another
                names = sorted({each.arrival.device for each in heard if each.is_registered})
                last_words = await devices.last_words(session, estate_id=estate_id, names=names)
            said: dict[tuple[str, str | None, bool], bool | int | None] = {}
            for each in heard:
                if each.has_supply_reports:
                    device = each.arrival.device
                    found = await record_reports(
                        session,
                        estate_id=estate_id,
                        device=device,
                        reports=without_repeats(news(each, last_words), device=device, said=said),
                        received_us=each.arrival.received_us,
                        source=source_of(each.arrival),
                        now=now,
                    )
                    rejections += [(each.arrival, bad) for bad in found]
                    self.counts["acknowledgements"] += 1
            noted = [each.noted() for each in heard if each.is_registered]
            if noted:
                await devices.note(session, estate_id=estate_id, noted=noted)
        return rejections

    async def close(self) -> None:
        """Let go of what decodes."""
        await self._decoder.close()

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
