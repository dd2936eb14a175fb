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
from mita.entrypoints.ingest.parts import NotYet, Part, Stopped
from mita.entrypoints.ingest.reported import news, record_reports, without_repeats
from mita.entrypoints.ingest.strangers import Strangers
from mita.entrypoints.lane import Lane
from mita.entrypoints.told import batch_of
from mita.kit.clock import now_utc
from mita.metering import operations as metering
from mita.metering.domain import ReadingClass, Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from mita.charging.domain.outcome import Outcome
    from mita.drivers.wire import Told
    from mita.entrypoints.ingest.inbox import Arrival
    from mita.kit.db import Database
    from mita.metering.domain import ReadingBatch

logger = logging.getLogger(__name__)
T = TypeVar("T")

_DELAY_FIRST_S = 0.1
_DELAY_MAX_S = 5.0


class Settler:
    """Settles batches of messages, estate by estate in the order of their ids.

    A batch may be begun while the one before it is under way: it is decoded and prepared meanwhile. In each
    estate all is written in the order of the batches, and nothing acknowledged before it is written.
    """

    def __init__(self, database: Database, *, readings_max: int) -> None:
        self._database = database
        self._readings_max = readings_max
        self._devices = DeviceBook(database)
        self._aliases = Aliases(database, self._devices)
        self._decoder = Decoder()
        self._strangers = Strangers()
        self._lanes: dict[int, Lane] = {}
        self._last: dict[int, Part] = {}
        self.stopping = asyncio.Event()
        self.counts: Counter[str] = Counter()

    async def settle(self, arrivals: Sequence[Arrival]) -> None:
        """Make a batch durable and let each estate's messages be acknowledged.

        :raises Stopped: if the process is to end meanwhile
        """
        await (await self.begin(arrivals))

    async def begin(self, arrivals: Sequence[Arrival]) -> asyncio.Task[None]:
        """Look up whose messages these are; return what makes them durable, behind what was begun before.

        A database that is away is waited for; a message that nothing else explains is rejected alone.

        :raises Stopped: if the process is to end meanwhile
        """
        await self._patiently(lambda: self._aliases.follow(arrivals))
        names = {arrival.device for arrival in arrivals}
        estates = await self._patiently(lambda: self._devices.estates_of(names))
        groups: dict[int, list[Arrival]] = defaultdict(list)
        for arrival in arrivals:
            groups[estates[arrival.device]].append(arrival)
        parts = [Part(each, groups[each], before=self._last.get(each)) for each in sorted(groups)]
        self._last.update((part.estate_id, part) for part in parts)
        return asyncio.create_task(self._finish(parts))

    async def _finish(self, parts: Sequence[Part]) -> None:
        try:
            for part in parts:
                await self._settle_part(part)
                part.end()
                self.counts["messages"] += len(part.arrivals)
        finally:
            for part in parts:
                part.give_up()
                if self._last.get(part.estate_id) is part:
                    del self._last[part.estate_id]
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

    async def _settle_part(self, part: Part) -> None:
        try:
            await self._settle_estate(part, part.arrivals)
        except Stopped:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, one of these messages has it
            part.has_failed = True
            # what is looked for one by one must not be overtaken, nor overtake
            await part.is_first()
            await self._split(part, part.arrivals, error)
        for arrival in part.arrivals:
            arrival.settle()

    async def _split(self, part: Part, arrivals: Sequence[Arrival], error: Exception) -> None:
        """Halve messages of one estate as long as one among them cannot be settled."""
        if len(arrivals) == 1:
            arrival = arrivals[0]
            logger.error(
                "message rejected as poison estate=%d topic=%r",
                part.estate_id,
                arrival.topic[:200],
                exc_info=error,
            )
            await self._quarantine(part.estate_id, arrival, error)
            arrival.settle()
            return
        middle = len(arrivals) // 2
        for half in (arrivals[:middle], arrivals[middle:]):
            try:
                await self._settle_estate(part, half)
            except Stopped:
                raise
            except Exception as found:  # noqa: BLE001 - whatever it is, one of these messages has it
                await self._split(part, half, found)
            for arrival in half:
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

    async def _settle_estate(self, part: Part, arrivals: Sequence[Arrival]) -> None:
        estate_id = part.estate_id
        received_us = max(arrival.received_us for arrival in arrivals)
        if estate_id == NOBODY:
            for arrival in arrivals:
                arrival.refusals = [("unknown_device", "no estate has such a device")]
            await self._reject(estate_id, self._strangers.told_of(arrivals), received_us=received_us)
            return
        heard = await self._heard(estate_id, arrivals)
        for each in heard:
            each.arrival.refusals = [(bad.code, bad.detail) for bad in each.decoded.rejections]
        await part.is_next()
        pieces = list(self._pieces(heard))
        for place, (source, piece) in enumerate(pieces, start=1):
            batch = batch_of([told for _, told in piece], source=source, received_us=received_us)
            if place == len(pieces):
                # the lane keeps the order of calls, and this is the last one
                part.let_on()
            await self._charge(part, batch, [arrival for arrival, _ in piece])
        part.let_on()
        await part.is_first()
        rejections = [bad for each in heard for bad in each.decoded.rejections]
        # one that is not registered has no state to note, but its switch may be a supply's
        speaking = [each for each in heard if each.is_registered or each.has_supply_reports]
        if speaking:
            for arrival, bad in await self._patiently(partial(self._record, estate_id, speaking)):
                arrival.refusals.append((bad.code, bad.detail))
                rejections.append(bad)
        await self._reject(estate_id, rejections, received_us=received_us)

    def _pieces(self, heard: Sequence[Heard]) -> Iterator[tuple[str, list[tuple[Arrival, Told]]]]:
        """Yield what was read, by the wire that it came over, in pieces of a transaction each."""
        by_source: dict[str, list[tuple[Arrival, Told]]] = defaultdict(list)
        for each in heard:
            by_source[each.arrival.source] += [(each.arrival, told) for told in each.decoded.readings]
        for source in sorted(by_source):
            told = by_source[source]
            for start in range(0, len(told), self._readings_max):
                yield source, told[start : start + self._readings_max]

    async def _heard(self, estate_id: int, arrivals: Sequence[Arrival]) -> list[Heard]:
        names = {arrival.device for arrival in arrivals}
        set_up = await self._patiently(lambda: self._devices.configured(names, estate_id=estate_id))
        return await self._decoder.decoded([(arrival, set_up[arrival.device]) for arrival in arrivals])

    async def _charge(self, part: Part, batch: ReadingBatch, arrivals: Sequence[Arrival]) -> None:
        """Charge the readings of a batch, each of which came with the arrival at its place."""
        lane = self._lanes.setdefault(part.estate_id, Lane(self._database, estate_id=part.estate_id))

        async def charge() -> Outcome:
            try:
                return await lane.charge(batch, now=now_utc(), check=part.check)
            except BaseException:
                # known before the lane lets on who is behind
                part.has_failed = True
                raise

        try:
            outcome = await self._patiently(charge)
        except NotYet:
            await part.is_first()
            outcome = await self._patiently(charge)
        for place in np.flatnonzero(outcome.class_ == ReadingClass.REJECTED).tolist():
            code, _, sentence = outcome.reading(place)[1].partition(": ")
            arrivals[place].refusals.append((code, sentence))
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
