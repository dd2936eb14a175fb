"""Small reads that arrive together share a round trip: prepared once, sent over one connection as a pipeline.

For what is asked at every request and answered by a few rows. Reads that go together share a transaction, and
each has its own sight of estates in it; those of the same kind may share a statement. Everything else goes
through the unit of work.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections import deque
from dataclasses import dataclass
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
_FAULTS = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED)
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_SIGHT = b"sight"
# the setting ends with the read's transaction
_SEE = b"SELECT set_config('mita.estates', $1, true)"


class ReadsAway(ConnectionError):
    """The connection for small reads is not there, or did not answer; the unit of work may do better."""


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """A SELECT with parameters ``$1``, ``$2``, …; what it finds comes as texts, in UTF-8.

    One ``of_many`` answers all who ask at the same time with the same sight in one statement: its parameters
    are arrays of texts with an element for each of them, and the first column of a row is the place, from 1,
    of whom it is for.
    """

    name: str
    sql: str
    of_many: bool = False


# of no estate
_BLIND = b""


@dataclass(slots=True, eq=False)
class _Asked:
    read: Read
    sight: bytes
    values: list[bytes]
    answer: asyncio.Future[list[Row]]
    # nobody else is to suffer from it, nor it from others: something that it went with has failed
    is_alone: bool = False


@dataclass(slots=True, eq=False)
class _Step:
    """A statement under way, and whom it is for; nobody asked for one that prepares another."""

    asked: list[_Asked]
    prepares: Read | None = None


class Reads:
    """Carries out reads over a connection of its own, which is made at the first one.

    While reads are under way, others wait; then they go together. If one of those fails, each of the others
    is asked again, alone. ``observe`` is told the seconds of each statement.
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
        line.ask(_Asked(read, _sight(estates), [str(each).encode() for each in values], answer))
        return answer

    def _is_open(self) -> bool:
        line = self._line
        return line is not None and not line.is_broken and line.loop is asyncio.get_running_loop()

    def _observed(self, seconds: float) -> None:
        if self.observe is not None:
            self.observe(seconds)

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
            self._line = await _Line.on(connection, observe=self._observed)
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
    sent = [[str(each)] for each in values] if read.of_many else [str(each) for each in values]
    async with psycopg.AsyncRawCursor(cast("psycopg.AsyncConnection[Any]", raw.driver_connection)) as cursor:
        await cursor.execute(read.sql.encode(), sent)
        found = [row[1:] if read.of_many else row for row in await cursor.fetchall()]
        return [tuple([None if each is None else str(each).encode() for each in row]) for row in found]


class _Line:
    """One connection in pipeline mode."""

    def __init__(
        self, connection: psycopg.AsyncConnection[object], *, observe: Callable[[float], object]
    ) -> None:
        self._connection = connection
        self._observe = observe
        self._wire = connection.pgconn
        # a connection that is lost does not tell its socket any more
        self._socket = connection.pgconn.socket
        self.loop = asyncio.get_running_loop()
        self.is_broken = False
        self._names: dict[Read, bytes] = {}
        self._numbers = itertools.count()
        self._waiting: deque[_Asked] = deque()
        self._steps: deque[_Step] = deque()
        self._seen = _BLIND
        self._is_called = self._is_under_way = False
        self._sent_at = 0.0
        self._watch: asyncio.TimerHandle | None = None

    @classmethod
    async def on(
        cls, connection: psycopg.AsyncConnection[object], *, observe: Callable[[float], object]
    ) -> _Line:
        """Return a line over a connection that nobody else uses."""
        line = cls(connection, observe=observe)
        # a plan for each set of values would cost more than the read
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        line._wire.nonblocking = 1
        line._wire.enter_pipeline_mode()
        line._wire.send_prepare(_SIGHT, _SEE)
        line._steps.append(_Step([]))
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
        taken = self._taken()
        try:
            for group in _grouped(taken):
                self._put(group)
            if self._steps:
                self._wire.pipeline_sync()
                self._is_under_way = True
                self._sent_at = time.perf_counter()
                self._flush()
                self._watch = self.loop.call_later(_ANSWER_S, self._break, "no answer")
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits is told
            self._break(type(error).__name__, taken)

    def _taken(self) -> list[_Asked]:
        """Return what goes now: what is to be alone, or all that comes before the next such."""
        taken: list[_Asked] = []
        while self._waiting and len(taken) < _TOGETHER_MAX:
            is_alone = self._waiting[0].is_alone
            if is_alone and taken:
                break
            asked = self._waiting.popleft()
            # who has given up meanwhile is not served
            if not asked.answer.done():
                taken.append(asked)
                if is_alone:
                    break
        return taken

    def _put(self, group: list[_Asked]) -> None:
        read, sight = group[0].read, group[0].sight
        name = self._names.get(read)
        if name is None:
            name = self._names[read] = f"{read.name}_{next(self._numbers)}".encode()
            self._wire.send_prepare(name, read.sql.encode())
            self._steps.append(_Step([], prepares=read))
        if sight != self._seen:
            self._wire.send_query_prepared(_SIGHT, [sight])
            self._steps.append(_Step([]))
            self._seen = sight
        if read.of_many:
            values = [_array(column) for column in zip(*[asked.values for asked in group], strict=True)]
        else:
            values = group[0].values
        self._wire.send_query_prepared(name, values)
        self._steps.append(_Step(group))

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
        except Exception as error:  # noqa: BLE001 - likewise
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
        step = self._steps[0]
        if status in _FAULTS:
            self._failed(step, found)
        elif step.asked:
            self._observe(time.perf_counter() - self._sent_at)
            for asked, rows in zip(step.asked, _parted(found, step.asked), strict=True):
                if not asked.answer.done():
                    asked.answer.set_result(rows)
        self._steps.popleft()

    def _failed(self, step: _Step, found: pq.abc.PGresult) -> None:
        """Say that a read failed, if it was its own fault; else it is asked again."""
        logger.warning("a small read failed: %s", found.get_error_message().strip() or "another before it")
        if step.prepares is not None:
            self._names.pop(step.prepares, None)
        is_its_own = found.status == pq.ExecStatus.FATAL_ERROR and len(step.asked) == 1
        for asked in step.asked:
            if is_its_own or asked.is_alone:
                _refuse(asked, "the read failed")
            else:
                asked.is_alone = True
                self._waiting.append(asked)

    def _break(self, why: str, taken: Sequence[_Asked] = ()) -> None:
        """Give up the connection: everybody who waits is told, and the next read makes a new one."""
        if self.is_broken:
            return
        self.is_broken = True
        if self._watch is not None:
            self._watch.cancel()
        for remove in (self.loop.remove_reader, self.loop.remove_writer):
            remove(self._socket)
        for asked in itertools.chain(taken, *(step.asked for step in self._steps), self._waiting):
            _refuse(asked, why)
        self._steps.clear()
        self._waiting.clear()
        # its socket is let go of at once, whoever holds the object
        self._wire.finish()


def _refuse(asked: _Asked, why: str) -> None:
    if not asked.answer.done():
        asked.answer.set_exception(ReadsAway(why))
        # looked at, even where nobody waits any more
        asked.answer.exception()


def _grouped(together: list[_Asked]) -> list[list[_Asked]]:
    """Return what goes in one statement each, in the order of sights: each change of it is a statement."""
    of_many: dict[tuple[bytes, Read], list[_Asked]] = {}
    groups = []
    for asked in sorted(together, key=lambda each: each.sight):
        key = asked.sight, asked.read
        if asked.read.of_many and key in of_many:
            of_many[key].append(asked)
        else:
            of_many[key] = [asked]
            groups.append(of_many[key])
    return groups


def _parted(found: pq.abc.PGresult, asked: list[_Asked]) -> list[list[Row]]:
    """Return what was found, for each who asked."""
    value, columns = found.get_value, range(found.nfields)
    if not asked[0].read.of_many:
        return [[tuple([value(row, column) for column in columns]) for row in range(found.ntuples)]]
    parts: list[list[Row]] = [[] for _ in asked]
    for row in range(found.ntuples):
        place, *rest = [value(row, column) for column in columns]
        assert place is not None, "a row is for somebody"
        parts[int(place) - 1].append(tuple(rest))
    return parts


def _array(values: Sequence[bytes]) -> bytes:
    """Return an array of texts as PostgreSQL reads it."""
    quoted = [each.replace(b"\\", b"\\\\").replace(b'"', b'\\"') for each in values]
    return b'{"' + b'","'.join(quoted) + b'"}'


def _sight(estates: Sequence[int]) -> bytes:
    return ",".join([str(int(each)) for each in estates]).encode() if estates else _BLIND
