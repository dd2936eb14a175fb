"""A client of a benchmark: HTTP/1.1 over a connection that is kept, with next to nothing around it."""

from __future__ import annotations

import asyncio

_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_STATUS = slice(9, 12)
_NO_BODY = 204
_ANSWER_S = 30.0


class Broken(ConnectionError):
    """The server closed the connection, or answered something that is not understood."""


class Wire(asyncio.Protocol):
    """One connection, one request at a time; answers say how long they are."""

    def __init__(self) -> None:
        self._received = b""
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None
        self.is_open = False

    @classmethod
    async def to(cls, host: str, port: int) -> Wire:
        """Connect."""
        _, wire = await asyncio.get_running_loop().create_connection(cls, host, port)
        return wire

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        assert isinstance(transport, asyncio.Transport), "a stream"
        self._transport, self.is_open = transport, True

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail who waits."""
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Broken(str(exc or "closed")))

    def data_received(self, data: bytes) -> None:
        """Answer who waits, once the answer is whole."""
        self._received += data
        found = _whole(self._received)
        if found is not None and self._answer is not None and not self._answer.done():
            status, body, self._received = found
            self._answer.set_result((status, body))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return the status and the body of its answer.

        :raises Broken: if there is none
        :raises TimeoutError: if there is none for half a minute
        """
        if self._transport is None or not self.is_open:
            raise Broken("closed")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        async with asyncio.timeout(_ANSWER_S):
            return await self._answer

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


def _whole(received: bytes) -> tuple[int, bytes, bytes] | None:
    """Return status, body and what follows, or None while something is missing."""
    head = received.find(_END)
    if head < 0:
        return None
    status = int(received[_STATUS])
    start = head + len(_END)
    place = received[:head].lower().find(_LENGTH)
    if place < 0:
        if status != _NO_BODY:
            raise Broken("an answer that does not say how long it is")
        return status, b"", received[start:]
    stop = received.find(b"\r\n", place)
    end = start + int(received[place + len(_LENGTH) : stop])
    return (status, received[start:end], received[end:]) if len(received) >= end else None


def request_of(method: str, path: str, *, token: str, body: bytes = b"", key: str | None = None) -> bytes:
    """Return a request as it goes over the wire."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        "Accept: application/json",
    ]
    if key is not None:
        lines.append(f"Idempotency-Key: {key}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
