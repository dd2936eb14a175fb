"""Bytes to and from a TCP port or a serial port, whichever a place names."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol, TypeVar

import serial  # type: ignore[import-untyped]  # it comes without types

from mita.drivers.urls import SerialPlace, TcpPlace
from mita.entrypoints.polling.line import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_TAKE = 1_024
_SLICE_S = 0.02


class Wire(Protocol):
    """Bytes both ways; one conversation at a time."""

    async def send(self, data: bytes) -> None:
        """Send bytes, after throwing away what came unasked."""

    async def receive(self, *, within_s: float) -> bytes:
        """Return what came, as soon as anything did; nothing if nothing came in that time."""

    async def close(self) -> None:
        """Let go of the port."""


class TcpWire:
    """A port of a host, such as of a gateway that passes bytes on to a bus."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, data: bytes) -> None:
        """Send bytes, after throwing away what came unasked.

        :raises Unreachable: if the connection is gone
        """
        while await self.receive(within_s=0.001):
            pass
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError as error:
            raise Unreachable(f"the connection broke: {error}") from error

    async def receive(self, *, within_s: float) -> bytes:
        """Return what came, as soon as anything did; nothing if nothing came in that time.

        :raises Unreachable: if the other side has hung up
        """
        try:
            async with asyncio.timeout(within_s):
                found = await self._reader.read(_TAKE)
        except TimeoutError:
            return b""
        except OSError as error:
            raise Unreachable(f"the connection broke: {error}") from error
        if not found:
            raise Unreachable("the gateway hung up")
        return found

    async def close(self) -> None:
        """Hang up."""
        self._writer.transport.abort()


class SerialWire:
    """A serial port of this machine; its calls block, and run in a thread."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port

    async def send(self, data: bytes) -> None:
        """Send bytes, after throwing away what came unasked.

        :raises Unreachable: if the port is gone
        """

        def send() -> None:
            self._port.reset_input_buffer()
            self._port.write(data)
            self._port.flush()

        await self._run(send)

    async def receive(self, *, within_s: float) -> bytes:
        """Return what came, as soon as anything did; nothing if nothing came in that time.

        :raises Unreachable: if the port is gone
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while True:
            found = await self._run(self._take)
            if found or loop.time() >= until:
                return found

    async def close(self) -> None:
        """Close the port."""
        await asyncio.to_thread(self._port.close)

    def _take(self) -> bytes:
        found: bytes = self._port.read(max(1, min(self._port.in_waiting, _TAKE)))
        return found

    async def _run(self, call: Callable[[], _T]) -> _T:
        try:
            return await asyncio.to_thread(call)
        except (OSError, serial.SerialException) as error:
            raise Unreachable(f"the serial port failed: {error}") from error


async def opened(place: TcpPlace | SerialPlace, *, within_s: float) -> Wire:
    """Return an open wire.

    :raises Unreachable: if the port cannot be opened
    """
    if isinstance(place, TcpPlace):
        try:
            async with asyncio.timeout(within_s):
                return TcpWire(*await asyncio.open_connection(place.host, place.port))
        except (OSError, TimeoutError) as error:
            raise Unreachable(f"{place}: the connection is not answered: {error}") from error

    def open_port() -> serial.Serial:
        return serial.Serial(
            place.path,
            baudrate=place.baud,
            parity=place.parity,
            stopbits=place.stop,
            timeout=_SLICE_S,
            write_timeout=within_s,
        )

    try:
        return SerialWire(await asyncio.to_thread(open_port))
    except (OSError, ValueError, serial.SerialException) as error:
        raise Unreachable(f"{place}: the serial port cannot be opened: {error}") from error
