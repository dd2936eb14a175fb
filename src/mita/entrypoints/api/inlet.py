"""What is posted to this process goes the way of all messages: an inbox, and a settler that empties it."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, cast

from starlette.exceptions import HTTPException

from mita.entrypoints.ingest.inbox import Arrival, Inbox
from mita.entrypoints.ingest.settle import Settler, Stopped
from mita.entrypoints.ingest.strangers import Strangers
from mita.kit.db import Database
from mita.kit.web import Edge

logger = logging.getLogger(__name__)

# the part of the edge that takes messages
INLET = "inlet"
# whoever posts waits no longer; what waits here is settled all the same
WAIT_S = 20.0
_AGAIN_S = 5
_READINGS_MAX = 5_000
_BATCH_WAIT_S = 0.02
_FINISH_S = 3.0


class Inlet:
    """Makes messages durable; begins with the first one.

    ``strangers`` are the devices that each estate was told that it does not have, lately.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.strangers: defaultdict[int, Strangers] = defaultdict(Strangers)
        self._inbox = Inbox()
        self._settler: Settler | None = None
        self._task: asyncio.Task[None] | None = None

    async def take(self, arrival: Arrival, *, wait_s: float = WAIT_S) -> None:
        """Return once a message is durable.

        :raises HTTPException: 503, if too many wait, or it is not durable yet; sent again, it does no harm
        """
        if self._inbox.is_full or self._inbox.is_closed:
            raise _later("too many messages wait")
        if self._task is None or self._task.done():
            self._settler = self._settler or Settler(self._database, readings_max=_READINGS_MAX)
            self._task = asyncio.create_task(self._run(self._settler))
        self._inbox.put(arrival)
        try:
            await asyncio.wait_for(asyncio.shield(arrival.settled), wait_s)
        except TimeoutError as error:
            raise _later("the message waits for the database") from error
        except asyncio.InvalidStateError as error:
            raise _later("the message could not be settled") from error

    async def _run(self, settler: Settler) -> None:
        while arrivals := await self._inbox.next_batch(readings_max=_READINGS_MAX, wait_s=_BATCH_WAIT_S):
            try:
                await settler.settle(arrivals)
            except Stopped:
                return
            except Exception:
                # those who posted are told, and the next ones are taken
                logger.exception("posted messages could not be settled count=%d", len(arrivals))
                _give_up(arrivals)

    async def close(self) -> None:
        """Settle what is under way and end; what waits then is not answered."""
        self._inbox.close()
        settler, task = self._settler, self._task
        if settler is None or task is None:
            return
        settler.stopping.set()
        await asyncio.wait({task}, timeout=_FINISH_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await settler.close()


def inlet_of(edge: Edge) -> Inlet:
    """Return the inlet of a process, made when it is first asked for."""
    if INLET not in edge.parts:
        edge.parts[INLET] = Inlet(edge.database)
    return cast("Inlet", edge.parts[INLET])


async def close_inlet(parts: dict[str, Any]) -> None:
    """Close the inlet among the parts of an edge, if there is one."""
    inlet = parts.pop(INLET, None)
    if inlet is not None:
        await inlet.close()


def _give_up(arrivals: Sequence[Arrival]) -> None:
    for arrival in arrivals:
        if not arrival.settled.done():
            arrival.settled.set_exception(asyncio.InvalidStateError("it was given up"))
            # whoever posted it may be gone
            arrival.settled.exception()


def _later(detail: str) -> HTTPException:
    return HTTPException(503, f"{detail}; send it again", headers={"Retry-After": str(_AGAIN_S)})
