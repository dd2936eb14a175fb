"""MQTT as it goes over the wire: a tap between ingest and its broker, and devices that publish."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import aiomqtt

from mita.entrypoints.keys import device_token

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence

    from .rig import Broker

CONNACK, PUBLISH, PUBACK, SUBACK = 2, 3, 4, 9
_DUP = 0x08


class _Packets:
    """Cuts a stream of bytes into MQTT packets."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, block: bytes) -> Iterator[bytes]:
        """Yield whole packets; a part of one waits."""
        self._pending += block
        while (size := self._size()) is not None and len(self._pending) >= size:
            yield bytes(self._pending[:size])
            del self._pending[:size]

    def _size(self) -> int | None:
        length = 0
        for index, byte in enumerate(self._pending[1:5]):
            length |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                return length + index + 2
        return None


class Tap:
    """A proxy on loopback that counts what passes, and can keep ingest's acknowledgements back."""

    def __init__(self, broker_port: int) -> None:
        self._broker_port = broker_port
        self.port = 0
        self.is_keeping_acknowledgements = False
        self.delivered = self.repeated = self.acknowledged = self.kept = 0
        self.connected = self.subscribed = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._carried = 0

    async def open(self) -> Tap:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """End every connection; none is left to a loop that is closed."""
        assert self._server is not None
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ends = list(self._ends)
        for end in ends:
            end.transport.abort()
        await asyncio.gather(*(end.wait_closed() for end in ends), return_exceptions=True)

    @property
    def is_connected(self) -> bool:
        """Whether any connection is open of which not everything was counted and passed on."""
        return self._carried > 0

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # no coroutine: the stream would have to log one that is cancelled at the end of the test
        self._carried += 1
        self._ends.add(writer)
        task = self._begun(self._carry(reader, writer))
        task.add_done_callback(self._is_carried)

    def _is_carried(self, _task: asyncio.Task[None]) -> None:
        self._carried -= 1

    def _begun(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:
            writer.close()
            return
        self._ends.add(broker_writer)
        up = self._begun(self._pump(reader, broker_writer, is_from_ingest=True))
        down = self._begun(self._pump(broker_reader, writer, is_from_ingest=False))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            # before anything that may be cancelled in its turn
            for end in (writer, broker_writer):
                end.close()
            for pump in (up, down):
                pump.cancel()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_from_ingest: bool
    ) -> None:
        packets = _Packets()
        with contextlib.suppress(OSError):
            while block := await reader.read(65536):
                for packet in packets.feed(block):
                    kind = packet[0] >> 4
                    if is_from_ingest and kind == PUBACK and self.is_keeping_acknowledgements:
                        self.kept += 1
                        continue
                    self._count(kind, packet, is_from_ingest=is_from_ingest)
                    writer.write(packet)
                await writer.drain()

    def _count(self, kind: int, packet: bytes, *, is_from_ingest: bool) -> None:
        if is_from_ingest:
            self.acknowledged += kind == PUBACK
        elif kind == PUBLISH:
            self.delivered += 1
            self.repeated += bool(packet[0] & _DUP)
        else:
            self.connected += kind == CONNACK
            self.subscribed += kind == SUBACK


def client(broker: Broker, device: str, *, password: str | None = None, **more: object) -> aiomqtt.Client:
    """A device's connection, as a device makes it."""
    if password is None:
        password = device_token(broker.keys.device_secret, device)
    return aiomqtt.Client(
        "127.0.0.1",
        broker.port,
        username=device,
        password=password,
        identifier=device,
        protocol=aiomqtt.ProtocolVersion.V311,
        timeout=60,
        **more,
    )


async def publish(broker: Broker, device: str, payloads: Sequence[bytes | str], *, leaf: str = "up") -> None:
    """Publish as ``device``, at QoS 1; returns when the broker has taken all."""
    async with client(broker, device) as connection:
        for payload in payloads:
            await connection.publish(f"m/{device}/{leaf}", payload, qos=1)
