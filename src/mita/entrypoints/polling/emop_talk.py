"""Conversations with an Emlite meter: a connection for each request, again after a fault, a rest between."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from mita.drivers.emop import PORT, frames, objects
from mita.drivers.urls import tcp_place
from mita.entrypoints.polling.line import NotReached, RefusedByDevice, Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from mita.drivers.wire import Device

_ANSWER_BYTES_MAX = 2_048
# as existing clients introduce themselves
US = frames.Party(0, 0x21AE42)


class RefusedByMeter(RefusedByDevice):
    """The meter answered that it does not do it, or its answer proves that it did not."""


class _NotSent(Exception):
    """Nobody took the connection; the meter heard nothing."""


class EmopTalk:
    """A meter often refuses a second connection for about two seconds.

    ``rest_s`` therefore lies between two conversations, and one that fails is tried again after each of
    ``pauses_s``. ``answer_s`` is how long a conversation may take, ``limit_s`` how long a call.
    """

    def __init__(
        self,
        *,
        pauses_s: Sequence[float] = (7.0,) * 5,
        rest_s: float = 2.2,
        answer_s: float = 10.0,
        limit_s: float = 80.0,
    ) -> None:
        self._pauses_s, self._rest_s = tuple(pauses_s), rest_s
        self._answer_s, self._limit_s = answer_s, limit_s
        self._lock = asyncio.Lock()
        self._free_at = 0.0

    @staticmethod
    def key(device: Device) -> str:
        """Return the meter's address; two of them never share a line."""
        return str(tcp_place(device.settings.get("url"), port=PORT))

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._limit_s), self._lock:
                yield
        except TimeoutError as error:
            raise Unreachable(f"the meter took longer than {self._limit_s:g} seconds") from error

    async def _write(self, device: Device, object_id: int, payload: bytes) -> None:
        """Write an object and read it back. Writing the same again does no harm, so it may be repeated."""
        await self._ask(device, write_request(device, object_id, payload))
        held = (await self._ask(device, read_request(device, object_id))).payload
        if held != payload:
            name = objects.name(object_id)
            raise RefusedByMeter(f"object {name} was written {payload.hex()} and reads {held.hex()}")

    async def _ask(self, device: Device, request: frames.Frame, *, may_repeat: bool = True) -> frames.Frame:
        why, was_sent = "", False
        for pause_s in (*self._pauses_s, None):
            try:
                return await self._converse(device, request)
            except _NotSent as error:
                why = str(error)
            except frames.BadFrame as bad:
                if bad.code == "refused":
                    raise RefusedByMeter(f"{_named(request)}: {bad}") from bad
                why, was_sent = str(bad), True
                if not may_repeat:
                    break
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        words = f"{self.key(device)}: {_named(request)}: {why}"
        raise Unreachable(words) if was_sent else NotReached(words)

    async def _converse(self, device: Device, request: frames.Frame) -> frames.Frame:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._free_at - loop.time()))
        place = tcp_place(device.settings.get("url"), port=PORT)
        try:
            async with asyncio.timeout(self._answer_s):
                reader, writer = await asyncio.open_connection(place.host, place.port)
        except TimeoutError as error:
            raise _NotSent("the connection is not answered") from error
        except OSError as error:
            raise _NotSent(f"the connection is refused: {error}") from error
        try:
            return await self._heard(reader, writer, request)
        finally:
            writer.transport.abort()
            self._free_at = loop.time() + self._rest_s

    async def _heard(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: frames.Frame
    ) -> frames.Frame:
        buffer = bytearray()
        strange: frames.BadFrame | None = None
        try:
            async with asyncio.timeout(self._answer_s):
                writer.write(frames.build(request))
                while len(buffer) <= _ANSWER_BYTES_MAX:
                    more = await reader.read(256)
                    if not more:
                        break
                    buffer += more
                    while (found := frames.take(buffer)) is not None:
                        try:
                            frames.check_answer(request, found)
                        except frames.BadFrame as bad:
                            if bad.code == "refused":
                                raise
                            # a late answer to somebody else's question may come first
                            strange = bad
                            continue
                        return found
        except (TimeoutError, OSError):
            # what came until then says more than that it ended
            pass
        raise strange or frames.problem(bytes(buffer))


def meter_party(device: Device) -> frames.Party:
    return frames.Party(0, device.settings.get("meter_address", 0))


def read_request(device: Device, object_id: int) -> frames.Frame:
    return frames.read_frame(object_id, to=meter_party(device), by=US)


def write_request(device: Device, object_id: int, payload: bytes) -> frames.Frame:
    return frames.write_frame(object_id, payload, to=meter_party(device), by=US)


def _named(request: frames.Frame) -> str:
    if request.object_id is None:
        return "profile log"
    return f"{'writing' if request.is_write else 'reading'} {objects.name(request.object_id)}"
