"""A receiver of webhooks on loopback: a real HTTP server that behaves as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable

PATIENCE_S = 90


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: str

    @property
    def payload(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers each request by ``behave`` (a status, or one for a path) and keeps what came."""

    port: int = 0
    scheme: str = "http"
    host: str = "127.0.0.1"
    received: list[Received] = field(default_factory=list)
    status: int = 204
    statuses: dict[str, int] = field(default_factory=dict)  # by path
    delay_s: float = 0.0
    headers: str = ""
    text: str = ""
    drops: int = 0  # so many connections end without an answer
    on_request: Callable[[Received], None] | None = None
    under_way: int = 0
    under_way_max: int = 0
    connections: int = 0
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def url(self, path: str = "/hook") -> str:
        return f"{self.scheme}://{self.host}:{self.port}{path}"

    async def until(self, count: int) -> list[Received]:
        """Return what came, once there are ``count``."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.received) < count:  # noqa: ASYNC110 - a look at what came
                await asyncio.sleep(0.01)
        return self.received

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self.tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line = (await reader.readline()).decode()
        if not line:
            return False
        headers = {}
        while line_ := (await reader.readline()).decode().strip():
            name, _, value = line_.partition(":")
            headers[name.lower()] = value.strip()
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        got = Received(line.split()[1], headers, body)
        self.received.append(got)
        if self.on_request is not None:
            self.on_request(got)
        self.under_way += 1
        self.under_way_max = max(self.under_way_max, self.under_way)
        try:
            await asyncio.sleep(self.delay_s)
        finally:
            self.under_way -= 1
        if self.drops:
            self.drops -= 1
            return False
        status = self.statuses.get(got.path, self.status)
        said = self.text.encode()
        length = "" if status == 204 else f"content-length: {len(said)}\r\n"
        writer.write(
            f"HTTP/1.1 {status} X\r\n{self.headers}{length}\r\n".encode() + (said if length else b"")
        )
        await writer.drain()
        return True


@asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None, **how: Any) -> AsyncIterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver(scheme="http" if tls is None else "https", **how)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in list(receiver.tasks):
            task.cancel()
        if receiver.tasks:
            await asyncio.wait(list(receiver.tasks), timeout=PATIENCE_S)
