"""Live hints: one listening connection, fanned out to every open page and stream."""

import asyncio
import contextlib
import json
import logging
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Self

import psycopg

from mita.kit.ids import new_id
from mita.kit.live import ACCESS_TOPIC, CHANNEL

logger = logging.getLogger(__name__)

_QUEUE_MAX = 200
_KEPT_MAX = 10_000
_BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
HEARTBEAT_SECONDS = 15.0
_ID_CHARS_MAX = 40


@dataclass(frozen=True, slots=True)
class Hint:
    """Something changed: ``ids`` are units of the estate, none is any of them; no estate is any estate."""

    hint_id: str
    topic: str
    estate_id: int | None
    ids: tuple[int, ...]


# hints may have been lost: everybody looks at everything again
_LOOK_AGAIN = Hint("", "reset", None, ())
Subscription = asyncio.Queue[Hint | None]


class LiveHub:
    """Listens to the database's hints and gives each to all subscribers.

    Hints may be lost while the connection is away; then everybody is told to look at everything again.
    A subscriber that does not keep up is dropped, and its browser comes back by itself. The last hints are
    kept, in the order of the database's commits, which is the same in every process: who comes back with the
    id of the last one it had gets what followed.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._queues: set[Subscription] = set()
        self._kept: deque[Hint] = deque(maxlen=_KEPT_MAX)
        self._task: asyncio.Task[None] | None = None
        self.is_listening = asyncio.Event()

    async def start(self) -> Self:
        """Start to listen, in the background."""
        if self._task is None:
            self._task = asyncio.create_task(self._listen(), name="live hub")
        return self

    async def close(self) -> None:
        """Stop listening and end every subscription."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self.end_streams()

    def end_streams(self) -> None:
        """End every subscription, so that open pages do not hold up the end of the process."""
        for queue in list(self._queues):
            self._drop(queue)

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    if failures:
                        # what came meanwhile is not among those kept
                        self._kept.clear()
                        self._tell(_LOOK_AGAIN)
                    failures = 0
                    self.is_listening.set()
                    async for notify in connection.notifies():
                        self._receive(notify.payload)
            except (psycopg.Error, OSError) as error:
                self.is_listening.clear()
                pause = _BACKOFF_SECONDS[min(failures, len(_BACKOFF_SECONDS) - 1)]
                failures += 1
                logger.warning("live hints stopped (%s); again in %s s", type(error).__name__, pause)
                await asyncio.sleep(pause)

    def _receive(self, payload: str) -> None:
        try:
            sent = json.loads(payload)
            hint = Hint(
                str(sent.get("id") or new_id())[:_ID_CHARS_MAX],
                str(sent.get("topic", "units")),
                int(sent["estate_id"]),
                tuple(int(each) for each in sent["ids"]),
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            # anybody with a connection can notify; what is no hint is nobody's
            logger.warning("a notification on %s is no hint", CHANNEL)
            return
        self._kept.append(hint)
        self._tell(hint)

    def _tell(self, hint: Hint) -> None:
        for queue in list(self._queues):
            try:
                queue.put_nowait(hint)
            except asyncio.QueueFull:
                self._drop(queue)

    def _drop(self, queue: Subscription) -> None:
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    def subscribe(self) -> Subscription:
        """Return a queue of the hints from now on; None in it is the end, and :meth:`leave` ends it."""
        queue: Subscription = asyncio.Queue(_QUEUE_MAX)
        self._queues.add(queue)
        return queue

    def leave(self, queue: Subscription) -> None:
        """Forget a subscriber."""
        self._queues.discard(queue)

    @property
    def newest_id(self) -> str:
        """The id of the newest hint that is kept; empty if there is none."""
        return self._kept[-1].hint_id if self._kept else ""

    def since(self, hint_id: str) -> list[Hint] | None:
        """Return the hints that followed one, or None if it is not among those kept."""
        followed: list[Hint] = []
        for hint in reversed(self._kept):
            if hint.hint_id == hint_id:
                return followed[::-1]
            followed.append(hint)
        return None

    async def events(self, *, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> AsyncIterator[bytes]:
        """Yield server-sent events: ``units`` with {estate_id, ids}, and a comment when nothing happens.

        ``ids`` are units whose balance, reading or supply changed; an empty list is any of them, and an
        ``estate_id`` of null any estate.
        """
        queue = self.subscribe()
        try:
            yield b": hello\n\n"
            while True:
                try:
                    hint = await asyncio.wait_for(queue.get(), heartbeat_seconds)
                except TimeoutError:
                    yield b": still here\n\n"
                    continue
                if hint is None:
                    return
                if hint.topic == ACCESS_TOPIC:
                    continue
                told = json.dumps({"estate_id": hint.estate_id, "ids": list(hint.ids)})
                yield b"event: units\ndata: " + told.encode() + b"\n\n"
        finally:
            self.leave(queue)
