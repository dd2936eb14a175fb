"""What is posted to a process goes the way of all messages: an inbox, and a settler that empties it."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from typing import TYPE_CHECKING

from mita.entrypoints.ingest.inbox import Inbox
from mita.entrypoints.ingest.parts import Stopped
from mita.entrypoints.ingest.settle import Settler
from mita.entrypoints.ingest.strangers import Strangers

from .answers import NotTaken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.entrypoints.ingest.inbox import Arrival
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

# whoever posts waits no longer for the answer; what was posted may be charged all the same, and not twice
ANSWER_S = 10.0
_FINISH_S = 5.0


class Intake:
    """Makes messages durable, a batch of them in a transaction; begins with the first one.

    ``strangers`` are the devices that each estate was told that it does not have, lately.
    """

    def __init__(self, database: Database, *, batch_readings: int = 10_000, batch_wait_ms: int = 100) -> None:
        self.strangers: defaultdict[int, Strangers] = defaultdict(Strangers)
        self._batch_readings = batch_readings
        self._batch_wait_s = batch_wait_ms / 1000
        self._inbox = Inbox()
        self._settler = Settler(database, readings_max=batch_readings)
        self._running: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to settle, unless it has begun.

        :raises NotTaken: if too much waits already, or it has ended
        """
        if self._inbox.is_full or self._inbox.is_closed:
            raise NotTaken("too many posts wait already; post it again")
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())

    def put(self, arrival: Arrival) -> None:
        """Take a message in; its ``settled`` is done once it is durable, or raises :class:`NotTaken`."""
        self._inbox.put(arrival)

    async def take(self, arrival: Arrival, *, wait_s: float = ANSWER_S) -> None:
        """Return once a message is durable.

        :raises NotTaken: if too much waits, or it is not durable yet; posted again, it does no harm
        """
        self.start()
        self.put(arrival)
        try:
            await asyncio.wait_for(asyncio.shield(arrival.settled), wait_s)
        except TimeoutError as error:
            raise NotTaken("it could not be stored in time; post it again") from error

    async def close(self) -> None:
        """Finish the batch and end; what still waits is not answered, and comes again."""
        self._inbox.close()
        self._settler.stopping.set()
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=_FINISH_S)
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._settler.close()

    async def _run(self) -> None:
        while arrivals := await self._inbox.next_batch(
            readings_max=self._batch_readings, wait_s=self._batch_wait_s
        ):
            try:
                await self._settler.settle(arrivals)
            except Stopped:
                return
            except Exception:
                # those who posted are told, and the next ones are taken
                logger.exception("posts could not be settled count=%d", len(arrivals))
                _give_up(arrivals)


def _give_up(arrivals: Sequence[Arrival]) -> None:
    for arrival in arrivals:
        if not arrival.settled.done():
            arrival.settled.set_exception(NotTaken("it could not be settled; post it again"))
            # whoever posted it may be gone
            arrival.settled.exception()
