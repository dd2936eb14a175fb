"""Small reads that arrive together share a round trip: prepared once, sent over one connection as a pipeline.

For what is asked at every request and answered by a few rows. Reads that go together share a transaction, and
each has its own sight of estates in it; everything else goes through the unit of work.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import psycopg
from psycopg import pq

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

logger = logging.getLogger(__name__)

Row = tuple[bytes | None, ...]

_TOGETHER_MAX = 64
_ANSWER_S = 5.0
_RETRY_S = 1.0
_ROWS = pq.ExecStatus.TUPLES_OK
_FAULTS = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED)
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_SIGHT = b"sight"
# the setting ends with the read's transaction
_SEE = b"SELECT set_config('mita.estates', $1, true)"


class ReadsAway(ConnectionError):
    """The connection for small reads is not there, or did not answer; the unit of work may do better."""


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A SELECT with parameters ``$1``, ``$2``, …; what it finds comes as texts, in UTF-8."""

    name: str
    sql: str


# of no estate
_BLIND = b""


@dataclass(slots=True)
class _Asked:
    read: Read
    sight: bytes
    values: list[bytes]
    answer: asyncio.Future[list[Row]]


class Reads:
    """Carries out reads over a connection of its own, which is made at the first one.

    While reads are under way, others wait; then they go together. ``observe`` is told the seconds of each.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.observe: Callable[[float], object] | None = None
        self._line: _Line | None = None
        self._opening: asyncio.Task[_Line] | None = None
        self._closed_until = 0.0

    async def rows(self, read: Read, *values: str | int, estates: Sequence[int] = ()) -> list[Row]:
        """Return what a read finds in ``estates``.

        :raises ReadsAway: if the connection is away; it is made again a second later
        """
        if not self._is_open():
            await self._opened()
        return await self.begin(read, *values, estates=estates)

    def begin(self, read: Read, *values: str | int, estates: Sequence[int] = ()) -> asyncio.Future[list[Row]]:
        """Begin what :meth:`rows` does; reads that are begun one after the other go together.

        :raises ReadsAway: if the connection is not there now; it is not made
        """
        line = self._line
        if line is None or not self._is_open():
            raise ReadsAway("not connected")
        answer: asyncio.Future[list[Row]] = line.loop.create_future()
        answer.add_done_callback(partial(self._answered, time.perf_counter()))
        line.ask(_Asked(read, _sight(estates), [str(each).encode() for each in values], answer))
        return answer

    def _is_open(self) -> bool:
        line = self._line
        return line is not None and not line.is_broken and line.loop is asyncio.get_running_loop()

    def _answered(self, asked_at: float, answer: asyncio.Future[list[Row]]) -> None:
        # looked at, even where nobody waits any more
        if not answer.cancelled():
            answer.exception()
        if self.observe is not None:
            self.observe(time.perf_counter() - asked_at)

    async def close(self) -> None:
        """Close the connection; the next read would make it again."""
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _opened(self) -> _Line:
        """Return the connection, made once for all who wait for it."""
        if asyncio.get_running_loop().time() < self._closed_until:
            raise ReadsAway("the connection was away a moment ago")
        if self._opening is None or self._opening.get_loop() is not asyncio.get_running_loop():
            self._opening = asyncio.create_task(self._open())
        opening = self._opening
        # whoever gives up must not take the connection from the others
        return await asyncio.shield(opening)

    async def _open(self) -> _Line:
        try:
            await self.close()
            async with asyncio.timeout(_ANSWER_S):
                connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            self._line = await _Line.on(connection)
        except (psycopg.Error, OSError, TimeoutError) as error:
            self._closed_until = asyncio.get_running_loop().time() + _RETRY_S
            logger.warning("small reads go the long way (%s)", type(error).__name__)
            raise ReadsAway(str(type(error).__name__)) from error
        else:
            return self._line
        finally:
            self._opening = None


async def rows_in(session: AsyncSession, read: Read, *values: str | int) -> list[Row]:
    """Return what a read finds in the transaction of a session, with its sight."""
    raw = await (await session.connection()).get_raw_connection()
    async with psycopg.AsyncRawCursor(cast("psycopg.AsyncConnection[Any]", raw.driver_connection)) as cursor:
        await cursor.execute(read.sql.encode(), [str(each) for each in values])
        return [
            tuple([None if each is None else str(each).encode() for each in row])
            for row in await cursor.fetchall()
        ]


class _Line:
    """One connection in pipeline mode."""

    def __init__(self, connection: psycopg.AsyncConnection[object]) -> None:
        self._connection = connection
        self._wire = connection.pgconn
        # a connection that is lost does not tell its socket any more
        self._socket = connection.pgconn.socket
        self.loop = asyncio.get_running_loop()
        self.is_broken = False
        self._names: dict[Read, bytes] = {}
        self._waiting: deque[_Asked] = deque()
        # what the statements under way are for; None is what nobody waits for
        self._steps: deque[_Asked | None] = deque()
        self._seen = _BLIND
        self._is_called = self._is_under_way = False
        self._watch: asyncio.TimerHandle | None = None

    @classmethod
    async def on(cls, connection: psycopg.AsyncConnection[object]) -> _Line:
        """Return a line over a connection that nobody else uses."""
        line = cls(connection)
        # a plan for each set of values would cost more than the read
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        line._wire.nonblocking = 1
        line._wire.enter_pipeline_mode()
        line._wire.send_prepare(_SIGHT, _SEE)
        line._steps.append(None)
        line.loop.add_reader(line._socket, line._readable)
        return line

    def ask(self, asked: _Asked) -> None:
        """Send a read with those that come in the same turn of the loop, or after those under way."""
        self._waiting.append(asked)
        if not self._is_under_way and not self._is_called:
            self._is_called = True
            self.loop.call_soon(self._send)

    async def close(self) -> None:
        """Close the connection; who still waits is told so."""
        self._break("closed")
        await self._connection.close()

    def _send(self) -> None:
        """Send what waits as one transaction; each read in it is told its sight, if that is another."""
        self._is_called = False
        if self.is_broken:
            return
        self._seen = _BLIND
        try:
            together = [self._waiting.popleft() for _ in range(min(len(self._waiting), _TOGETHER_MAX))]
            # those without a sight first: each change of it is a statement
            for asked in sorted(together, key=lambda each: each.sight != _BLIND):
                # who has given up meanwhile is not served
                if not asked.answer.done():
                    self._put(asked)
            if self._steps:
                self._wire.pipeline_sync()
                self._is_under_way = True
                self._flush()
                self._watch = self.loop.call_later(_ANSWER_S, self._break, "no answer")
        except psycopg.Error as error:
            self._break(type(error).__name__)

    def _put(self, asked: _Asked) -> None:
        name = self._names.get(asked.read)
        if name is None:
            name = self._names[asked.read] = f"{asked.read.name}_{len(self._names)}".encode()
            self._wire.send_prepare(name, asked.read.sql.encode())
            self._steps.append(None)
        self._see(asked.sight)
        self._wire.send_query_prepared(name, asked.values)
        self._steps.append(asked)

    def _see(self, sight: bytes) -> None:
        if sight != self._seen:
            self._wire.send_query_prepared(_SIGHT, [sight])
            self._steps.append(None)
            self._seen = sight

    def _flush(self) -> None:
        if self._wire.flush():
            self.loop.add_writer(self._socket, self._writable)

    def _writable(self) -> None:
        try:
            if not self._wire.flush():
                self.loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._break(type(error).__name__)

    def _readable(self) -> None:
        try:
            self._wire.consume_input()
            while self._is_under_way and not self._wire.is_busy():
                found = self._wire.get_result()
                if found is not None:
                    self._take(found)
        except psycopg.Error as error:
            self._break(type(error).__name__)

    def _take(self, found: pq.abc.PGresult) -> None:
        status = found.status
        if status == _SYNC:
            self._is_under_way = False
            if self._watch is not None:
                self._watch.cancel()
            if self._waiting:
                self._send()
            return
        asked = self._steps.popleft()
        if status in _FAULTS:
            logger.warning(
                "a small read failed: %s", found.get_error_message().strip() or "another before it"
            )
        if asked is None or asked.answer.done():
            return
        if status == _ROWS:
            value, columns = found.get_value, range(found.nfields)
            asked.answer.set_result(
                [tuple([value(row, column) for column in columns]) for row in range(found.ntuples)]
            )
        else:
            asked.answer.set_exception(ReadsAway("the read failed"))

    def _break(self, why: str) -> None:
        """Give up the connection: everybody who waits is told, and the next read makes a new one."""
        if self.is_broken:
            return
        self.is_broken = True
        if self._watch is not None:
            self._watch.cancel()
        for remove in (self.loop.remove_reader, self.loop.remove_writer):
            remove(self._socket)
        for asked in (*self._steps, *self._waiting):
            if asked is not None and not asked.answer.done():
                asked.answer.set_exception(ReadsAway(why))
        self._steps.clear()
        self._waiting.clear()
        # its socket is let go of at once, whoever holds the object
        self._wire.finish()


def _sight(estates: Sequence[int]) -> bytes:
    return ",".join(str(int(each)) for each in estates).encode()
