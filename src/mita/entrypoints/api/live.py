"""Live hints for browsers: one listening connection, fanned out to every open page."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Any, Self

import psycopg

from mita.kit.live import CHANNEL

logger = logging.getLogger(__name__)

_QUEUE_MAX = 200
_BACKOFF_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
HEARTBEAT_SECONDS = 15.0
_LOOK_AGAIN: dict[str, Any] = {"estate_id": None, "ids": []}

Hint = dict[str, Any]


class LiveHub:
    """Listens to the database's hints and gives each to all subscribers.

    Hints may be lost while the connection is away; then everybody is told to look at everything again.
    A subscriber that does not keep up is dropped, and its browser comes back by itself.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._queues: set[asyncio.Queue[Hint | None]] = set()
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
            hint = json.loads(payload)
            self._tell({"estate_id": int(hint["estate_id"]), "ids": [int(each) for each in hint["ids"]]})
        except (ValueError, KeyError, TypeError):
            # anybody with a connection can notify; what is no hint is nobody's
            logger.warning("a notification on %s is no hint", CHANNEL)

    def _tell(self, hint: Hint) -> None:
        for queue in list(self._queues):
            try:
                queue.put_nowait(hint)
            except asyncio.QueueFull:
                self._drop(queue)

    def _drop(self, queue: asyncio.Queue[Hint | None]) -> None:
        self._queues.discard(queue)
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(None)

    async def events(self, *, heartbeat_seconds: float = HEARTBEAT_SECONDS) -> AsyncIterator[bytes]:
        """Yield server-sent events: ``units`` with {estate_id, ids}, and a comment when nothing happens.

        ``ids`` are units whose balance, reading or supply changed; an empty list is any of them, and an
        ``estate_id`` of null any estate.
        """
        queue: asyncio.Queue[Hint | None] = asyncio.Queue(_QUEUE_MAX)
        self._queues.add(queue)
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
                yield b"event: units\ndata: " + json.dumps(hint).encode() + b"\n\n"
        finally:
            self._queues.discard(queue)
