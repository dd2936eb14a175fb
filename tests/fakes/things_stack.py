"""A Things Stack with meters behind it: its HTTP API for downlinks on loopback, and its webhook.

It takes ``down/push`` and ``down/replace``, posts what it hears and how far downlinks got. A class A meter
hears what waits only after its next uplink. What is empty or zero is left out, as the real one does.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PATH = re.compile(r"/api/v3/as/applications/([^/]+)/webhooks/([^/]+)/devices/([^/]+)/down/(push|replace)")


@dataclass
class Meter:
    """A meter with a relay; ``switched`` is every state that it took, in order.

    One that ``is_raw`` is not decoded by the server. One that is deaf does nothing, and nothing comes back.
    """

    device_id: str
    dev_eui: str
    device_class: Literal["A", "C"] = "C"
    is_raw: bool = False
    is_deaf: bool = False
    is_on: bool = True
    energy_wh: int = 0
    on: tuple[int, bytes] = (50, b"\x07\x48\x01")
    off: tuple[int, bytes] = (50, b"\x07\x48\x00")
    queue: list[dict[str, Any]] = field(default_factory=list)
    switched: list[bool] = field(default_factory=list)


class FakeThingsStack:
    """The server; ``post`` takes what its webhook posts.

    ``requests`` are (how, body) of every downlink request that was let in; ``refuses`` is a status with which
    it answers them instead.
    """

    application_id, webhook_id, key = "flats", "mita", "NNSXS.KEY"

    def __init__(self, *meters: Meter, post: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
        self.meters = {meter.device_id: meter for meter in meters}
        self._post = post
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.refuses: int | None = None
        self.asked = 0
        self._last_s = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._connections: set[asyncio.StreamWriter] = set()
        self._posting = asyncio.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._connections:
            writer.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settled(self) -> None:
        """Wait until nothing is under way any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def uplink(self, device_id: str, *, used_wh: int = 0, at_s: int | None = None) -> None:
        """Let a meter send its register and its switch; a class A one hears one downlink afterwards."""
        meter = self.meters[device_id]
        meter.energy_wh += used_wh
        await self._say(meter, at_s=at_s)
        if meter.device_class == "A":
            await self._deliver(meter)

    def body(self, meter: Meter, at_s: int | None = None, **event: Any) -> dict[str, Any]:
        """A message as the server posts it."""
        ids = {"application_id": self.application_id}
        # readings have whole seconds: no two messages have the same
        self._last_s = max(int(time.time()), self._last_s + 1) if at_s is None else at_s
        stamp = datetime.fromtimestamp(self._last_s, UTC).isoformat()
        return {
            "end_device_ids": {
                "device_id": meter.device_id,
                "application_ids": ids,
                "dev_eui": meter.dev_eui.upper(),
            },
            "correlation_ids": ["as:up:01HX0000000000000000000000"],
            "received_at": stamp,
            **event,
        }

    async def _say(self, meter: Meter, *, at_s: int | None = None) -> None:
        payload = meter.energy_wh.to_bytes(4, "big") + bytes([meter.is_on])
        uplink: dict[str, Any] = {
            "f_port": 7,
            "frm_payload": base64.b64encode(payload).decode(),
            "rx_metadata": [{"rssi": -60, "snr": 9}],
        }
        if not meter.is_raw:
            obj = {"energy_wh": meter.energy_wh, "relay": "closed" if meter.is_on else "open"}
            uplink["decoded_payload"] = obj
        await self._emit(self.body(meter, at_s, uplink_message=uplink))

    async def _emit(self, body: dict[str, Any]) -> None:
        async with self._posting:
            await self._post(body)

    async def _deliver(self, meter: Meter) -> None:
        if not meter.queue:
            return
        down = meter.queue.pop(0)
        await self._emit(self.body(meter, downlink_sent=down))
        if meter.is_deaf:
            return
        heard = (down["f_port"], base64.b64decode(down["frm_payload"]))
        if heard in (meter.on, meter.off):
            meter.is_on = heard == meter.on
            meter.switched.append(meter.is_on)
        if down.get("confirmed"):
            await self._emit(self.body(meter, downlink_ack=down))
        await self._say(meter)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := (await reader.readline()).decode():
                headers = {}
                while said := (await reader.readline()).decode().strip():
                    name, _, value = said.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.asked += 1
                status = self._answer(line.split()[1], headers, body)
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\n{{}}".encode())
                await writer.drain()
        self._connections.discard(writer)
        writer.close()

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> int:
        found = PATH.fullmatch(path)
        if self.refuses is not None:
            return self.refuses
        if headers.get("authorization") != f"Bearer {self.key}":
            return 401
        if found is None or found[1] != self.application_id or found[2] != self.webhook_id:
            return 404
        meter = self.meters.get(found[3])
        if meter is None:
            return 404
        asked = json.loads(body)
        self.requests.append((found[4], asked))
        if found[4] == "replace":
            meter.queue.clear()
        meter.queue.extend(asked["downlinks"])
        self._start(self._queued(meter, asked["downlinks"]))
        return 200

    async def _queued(self, meter: Meter, downs: list[dict[str, Any]]) -> None:
        for down in downs:
            await self._emit(self.body(meter, downlink_queued=down))
        if meter.device_class == "C":
            await self._deliver(meter)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
