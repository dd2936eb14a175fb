"""MQTT 3.1.1 for a benchmark: QoS 1 over one connection, with next to nothing around it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

from mita.entrypoints.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK = 0x10, 0x20, 0x32, 0x40, 0x82, 0x90
NUMBERS = 65_535
_DISCONNECT = b"\xe0\x00"
_PUBACK_BYTES, _PUBACK_HEAD = 4, b"\x40\x02"
_KEEPALIVE_S = 600
_KIND = 0xF0
_ANSWER_S = 30.0


class Refused(ConnectionError):
    """The broker closed the connection, or answered otherwise than it should."""


def framed(first: int, body: bytes) -> bytes:
    """Return a packet: its first byte, the length of what follows, and that."""
    length, size = bytearray(), len(body)
    while True:
        size, digit = size >> 7, size & 0x7F
        length.append(digit | 0x80 if size else digit)
        if not size:
            return bytes([first]) + bytes(length) + body


def _text(value: str) -> bytes:
    raw = value.encode()
    return len(raw).to_bytes(2, "big") + raw


def connecting(name: str, password: str, *, is_clean: bool) -> bytes:
    """Return a CONNECT of who is called ``name``, as client and as user."""
    flags = 0xC0 | (0x02 if is_clean else 0)
    head = _text("MQTT") + bytes([4, flags]) + _KEEPALIVE_S.to_bytes(2, "big")
    return framed(CONNECT, head + _text(name) + _text(name) + _text(password))


def publishing(topic: str, payload: bytes, *, number: int) -> bytes:
    """Return a PUBLISH at QoS 1."""
    return framed(PUBLISH, _text(topic) + number.to_bytes(2, "big") + payload)


def subscribing(topics: Sequence[str]) -> bytes:
    """Return a SUBSCRIBE at QoS 1."""
    return framed(SUBSCRIBE, b"\x00\x01" + b"".join(_text(topic) + b"\x01" for topic in topics))


def whole_ones(received: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (first byte, start of the body, end) of each whole packet, in order."""
    start = 0
    while start + 1 < len(received):
        size, shift, place = 0, 0, start + 1
        while place < len(received):
            digit = received[place]
            size |= (digit & 0x7F) << shift
            place, shift = place + 1, shift + 7
            if not digit & 0x80:
                break
        else:
            return
        if place + size > len(received):
            return
        yield received[start], place, place + size
        start = place + size


class Wire(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answer: asyncio.Future[bytes] | None = None
        self.is_open = False

    @classmethod
    async def to(cls, port: int, *, name: str, password: str, is_clean: bool) -> Self:
        """Connect.

        :raises Refused: if the broker does not let it in
        """
        _, wire = await asyncio.get_running_loop().create_connection(cls, LOOPBACK, port)
        answer = await wire.ask(connecting(name, password, is_clean=is_clean))
        if answer[:1] != bytes([CONNACK]) or answer[-1]:
            raise Refused(f"the broker does not let {name!r} in: {answer!r}")
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport), "a stream"
        self._transport, self.is_open = transport, True

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail who waits."""
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Refused(str(exc or "closed")))

    async def ask(self, request: bytes) -> bytes:
        """Send a packet and return the next one that comes.

        :raises Refused: if the connection ends before
        """
        self._answer = asyncio.get_running_loop().create_future()
        self.write(request)
        async with asyncio.timeout(_ANSWER_S):
            return await self._answer

    def write(self, data: bytes) -> None:
        """Send."""
        if self._transport is None or not self.is_open:
            raise Refused("closed")
        self._transport.write(data)

    def close(self) -> None:
        """Say goodbye: the broker keeps what it is to keep."""
        if self._transport is not None and self.is_open:
            self._transport.write(_DISCONNECT)
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Answer who waits; what comes by itself is taken as it comes."""
        received = self._received + data
        end = 0
        for first, start, stop in whole_ones(received):
            is_awaited = self._answer is not None and not self._answer.done()
            if self._answer is not None and is_awaited and first & _KIND != PUBLISH & _KIND:
                self._answer.set_result(received[end:stop])
            else:
                self.take(first, received[start:stop])
            end = stop
        self._received = received[end:]

    def take(self, first: int, body: bytes) -> None:
        """Take what nobody waits for."""


class Device(Wire):
    """A device that publishes what it is given, at most ``window`` messages unacknowledged."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: Sequence[bytes] = ()
        self._sent = self._acknowledged = 0
        self._done: asyncio.Future[None] | None = None

    async def publish(self, messages: Sequence[bytes], *, window: int) -> int:
        """Publish whole messages in order and wait until all are acknowledged; return how many are."""
        self._messages, self._sent, self._acknowledged = messages, 0, 0
        self._done = asyncio.get_running_loop().create_future()
        self._send(window)
        await self._done
        return self._acknowledged

    def _send(self, more: int) -> None:
        first, self._sent = self._sent, min(self._sent + more, len(self._messages))
        if self._sent > first:
            self.write(b"".join(self._messages[first : self._sent]))

    def data_received(self, data: bytes) -> None:
        """Count acknowledgements, which are all that comes while it publishes, and send as many more."""
        if self._done is None or self._done.done():
            super().data_received(data)
            return
        received = self._received + data
        count = len(received) // _PUBACK_BYTES
        if received.count(_PUBACK_HEAD) < count:
            raise Refused(f"no acknowledgement: {received[:20]!r}")
        self._received = received[count * _PUBACK_BYTES :]
        self._acknowledged += count
        if self._acknowledged >= len(self._messages):
            self._done.set_result(None)
        else:
            self._send(count)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what is not acknowledged."""
        super().connection_lost(exc)
        if self._done is not None and not self._done.done():
            self._done.set_result(None)


class Listener(Wire):
    """Who acknowledges each message as it comes, and counts them."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = 0
        self._answers = bytearray()
        self._wanted = 0
        self._enough: asyncio.Future[None] | None = None

    async def hear(self, count: int) -> None:
        """Wait until so many more messages have come than when this was called last."""
        self._wanted += count
        self._enough = asyncio.get_running_loop().create_future()
        if self.heard < self._wanted:
            await self._enough

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail who waits for messages."""
        super().connection_lost(exc)
        if self._enough is not None and not self._enough.done():
            self._enough.set_exception(Refused(str(exc or "closed")))

    def take(self, first: int, body: bytes) -> None:
        """Count a message, and keep its acknowledgement for the next write."""
        if first & _KIND == PUBLISH & _KIND:
            at = 2 + int.from_bytes(body[:2], "big")
            self._answers += b"\x40\x02" + body[at : at + 2]
            self.heard += 1

    def data_received(self, data: bytes) -> None:
        """Acknowledge what came, in one write."""
        super().data_received(data)
        if self._answers:
            self.write(bytes(self._answers))
            self._answers.clear()
        if self.heard >= self._wanted and self._enough is not None and not self._enough.done():
            self._enough.set_result(None)
