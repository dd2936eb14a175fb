"""Posts go through ingest's inbox and settler, and are answered once they are durable."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from mita.devices import queries as registry
from mita.drivers.mqtt.routes import Route
from mita.entrypoints.ingest.faults import is_database_away
from mita.entrypoints.ingest.inbox import Arrival
from mita.kit.clock import to_us
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import Rejection, truncated

from .answers import Answer, NotTaken, Refused
from .intake import ANSWER_S, Intake
from .items import split
from .orders import waiting_orders

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from mita.kit.db import Database

    from .items import Item

logger = logging.getLogger(__name__)


class Posts:
    """Takes posts in, a batch of them in a transaction; ``source`` is the wire, such as ``http``."""

    def __init__(
        self,
        database: Database,
        *,
        source: str,
        batch_readings: int = 10_000,
        batch_wait_ms: int = 100,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._database = database
        self._source = source
        self._answer_s = answer_s
        self.intake = Intake(database, batch_readings=batch_readings, batch_wait_ms=batch_wait_ms)

    async def close(self) -> None:
        """Finish the batch and end; what still waits was not answered, and comes again."""
        await self.intake.close()

    async def take(
        self, body: bytes, *, device: str, estate_id: int, now: datetime, default: str | None = None
    ) -> Answer:
        """Make a post of a device durable and return what it is answered.

        ``default`` is the device of items that name none, if not the one that posts: a gateway may post for
        devices of its estate whose setting ``gateway`` names it.

        :raises BadPost: if the body cannot be read
        :raises NotTaken: if too much waits, or the database does not answer
        """
        items = split(body)
        self.intake.start()
        try:
            async with asyncio.timeout(self._answer_s):
                return await self._taken(
                    items, device=device, estate_id=estate_id, default=default or device, now=now
                )
        except TimeoutError as error:
            raise NotTaken("it could not be stored in time; post it again") from error
        except Exception as error:
            if is_database_away(error):
                logger.warning("a post was not taken source=%s error=%r", self._source, error)
                raise NotTaken("the database does not answer; post it again") from error
            raise

    async def _taken(
        self, items: Sequence[Item], *, device: str, estate_id: int, default: str, now: datetime
    ) -> Answer:
        names = {each.device or default for each in items}
        own = await self._own(names, device=device, estate_id=estate_id)
        loop = asyncio.get_running_loop()
        arrivals: list[Arrival | Rejection] = []
        for each in items:
            name = each.device or default
            if each.fault is not None or name not in own:
                arrivals.append(self._stranger(each, name, device=device))
                continue
            route = Route("mita", name, each.channel)
            topic = f"m/{name}/{each.channel}"
            arrival = Arrival(topic, each.raw, to_us(now), loop.create_future(), route, source=self._source)
            arrivals.append(arrival)
            self.intake.put(arrival)
        await asyncio.gather(*(each.settled for each in arrivals if isinstance(each, Arrival)))
        await self._list([each for each in arrivals if isinstance(each, Rejection)], estate_id, now=now)
        answer = _answer(arrivals)
        answer.commands = await waiting_orders(
            self._database, estate_id=estate_id, devices=sorted(own), now=now
        )
        return answer

    async def _own(self, names: Collection[str], *, device: str, estate_id: int) -> set[str]:
        """Return those of ``names`` that a device may speak for: itself, and those it is the gateway of."""
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            # a token outlives the move of its device to another estate
            estates = await metering_queries.estates_of_devices(session, devices=sorted(names))
            here = {name for name in names if estates.get(name) == estate_id}
            others = sorted(here - {device})
            if not others:
                return here
            configured = await registry.configured(session, estate_id=estate_id, names=others)
        behind = {name for name, each in configured.items() if each.device.settings.get("gateway") == device}
        return (here & {device}) | behind

    def _stranger(self, item: Item, name: str, *, device: str) -> Rejection:
        detail = item.fault or f"device {device[:100]!r} does not speak for {name[:100]!r}"
        code = "unknown_device" if item.fault is None else "bad_device"
        source = truncated(f"{self._source}:m/{device}/{item.channel}")
        return Rejection(source, None, None, truncated(item.raw), code, detail)

    async def _list(self, rejections: Sequence[Rejection], estate_id: int, *, now: datetime) -> None:
        if not rejections:
            return
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            await metering.record_rejections(
                session, estate_id=estate_id, rejections=rejections, received_us=to_us(now)
            )


def _answer(arrivals: Sequence[Arrival | Rejection]) -> Answer:
    answer = Answer()
    for place, each in enumerate(arrivals):
        found = [(each.code, each.detail)] if isinstance(each, Rejection) else each.refusals
        answer.refusals += [Refused(place, code, detail) for code, detail in found]
        answer.rejected += bool(found)
        answer.accepted += not found
    return answer
