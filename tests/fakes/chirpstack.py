"""A ChirpStack v4 with meters behind it: real MQTT, real gRPC, radio faults that a seed repeats.

It publishes ``up`` events, takes ``command/down`` and answers as the real one does: ``txack`` when a gateway
took it, ``ack`` when the device acknowledged it or did not, and the uplink in which the device says how its
switch stands. A class A meter hears what waits only after its next uplink. Zeros are left out.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

import aiomqtt
import grpc
from chirpstack_api import api, integration
from google.protobuf import empty_pb2, json_format

if TYPE_CHECKING:
    from collections.abc import Callable

_MESSAGES = {
    "up": integration.UplinkEvent,
    "join": integration.JoinEvent,
    "ack": integration.AckEvent,
    "txack": integration.TxAckEvent,
    "log": integration.LogEvent,
    "status": integration.StatusEvent,
}
_ACCEPTED = b"\x00"
TOKEN = "chirpstack-key"


@dataclass
class Faults:
    """What goes wrong, each with a probability from 0 to 1; may be changed at any time.

    ``lost`` an event never reaches the broker · ``doubled`` it comes twice · ``overtaken`` it comes after the
    next ones · ``delay_s`` it comes later, by up to so much · ``swallowed`` a command is lost on its way to
    the server's queue · ``nacked`` the device does not acknowledge, and does nothing · ``silent`` the device
    does nothing, and nothing comes back · ``mute`` it switches and acknowledges, and does not tell its state.
    """

    lost: float = 0
    doubled: float = 0
    overtaken: float = 0
    delay_s: float = 0
    swallowed: float = 0
    nacked: float = 0
    silent: float = 0
    mute: float = 0


@dataclass
class Item:
    """A downlink in a device's queue."""

    item_id: str
    f_port: int
    payload: bytes
    confirmed: bool
    expires_s: int | None
    is_pending: bool = False


@dataclass
class Meter:
    """A meter with a relay; ``switched`` is every state that it took, in order.

    A ``stuck`` one takes the command and stays as it is. A clock of its own it has only if ``tells_time``.
    """

    dev_eui: str
    device_class: Literal["A", "C"] = "C"
    is_on: bool = True
    energy_wh: int = 0
    is_stuck: bool = False
    tells_time: bool = False
    f_port: int = 50
    on: bytes = b"\x07\x48\x01"
    off: bytes = b"\x07\x48\x00"
    f_cnt: int = 0
    f_cnt_down: int = 0
    queue: list[Item] = field(default_factory=list)
    switched: list[bool] = field(default_factory=list)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class FakeChirpStack:
    """The server; use it as ``async with FakeChirpStack(port=..., meters=[...]) as server``.

    ``published`` are the events that it meant to send, before any fault; ``commands`` what arrived.
    """

    def __init__(
        self,
        *,
        port: int,
        meters: list[Meter],
        host: str = "127.0.0.1",
        application_id: str = "0a7f5a2e-0000-4000-8000-000000000001",
        wire: Literal["json", "protobuf"] = "json",
        faults: Faults | None = None,
        seed: int = 1,
        clock: Callable[[], float] = time.time,
        token: str = TOKEN,
        credentials: Any = None,
        class_c_timeout_s: float = 0.2,
        **connection: Any,
    ) -> None:
        self._host, self._port, self._connection = host, port, connection
        self.application_id, self.wire, self.token = application_id, wire, token
        self.meters = {meter.dev_eui: meter for meter in meters}
        self.faults = faults or Faults()
        self.clock = clock
        self.published: list[tuple[str, str, dict[str, Any]]] = []
        self.commands: list[dict[str, Any]] = []
        self.ignored: list[str] = []
        self.flushed: list[str] = []
        self.grpc_port = 0
        self._random = random.Random(seed)
        self._timeout_s = class_c_timeout_s
        self._credentials = credentials
        self._tasks: set[asyncio.Task[None]] = set()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._client = await self._stack.enter_async_context(
            aiomqtt.Client(
                self._host,
                self._port,
                **{"identifier": "fake-chirpstack", "timeout": 60, **self._connection},
            )
        )
        await self._client.subscribe(f"application/{self.application_id}/device/+/command/down", qos=1)
        self._listener = asyncio.create_task(self._listen())
        self._server = grpc.aio.server()
        api.add_DeviceServiceServicer_to_server(_DeviceService(self), self._server)
        address = f"{self._host}:0"
        self.grpc_port = (
            self._server.add_insecure_port(address)
            if self._credentials is None
            else self._server.add_secure_port(address, self._credentials)
        )
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in (self._listener, *self._tasks):
            task.cancel()
        await asyncio.gather(self._listener, *self._tasks, return_exceptions=True)
        await self._server.stop(None)
        await self._stack.aclose()

    async def settled(self) -> None:
        """Wait until nothing is under way any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def uplink(self, dev_eui: str, *, used_wh: int = 0, at_s: int | None = None) -> None:
        """Let a meter send its register; a class A one hears one downlink afterwards."""
        meter = self.meters[dev_eui]
        meter.energy_wh += used_wh
        obj: dict[str, Any] = {"activeEnergyImportL1T1": {"data": meter.energy_wh, "unit": "Wh"}}
        if meter.tells_time or at_s is not None:
            obj["timestamp"] = int(self.clock()) if at_s is None else at_s
        self._up(meter, f_port=1, payload=b"\x01", obj=obj)
        if meter.device_class == "A":
            self._start(self._deliver(meter))
            await self.settled()

    def tell_state(self, dev_eui: str) -> None:
        """Let a meter say how its switch stands, unasked."""
        meter = self.meters[dev_eui]
        obj = {"relayStatus": "CLOSED" if meter.is_on else "OPEN"}
        self._up(meter, f_port=11, payload=bytes((1, 1, meter.is_on)), obj=obj)

    def join(self, dev_eui: str) -> None:
        """Let a meter join again: its frames count from nought."""
        meter = self.meters[dev_eui]
        meter.f_cnt = meter.f_cnt_down = 0
        self._emit(meter, "join", {"deduplicationId": self._id(), "devAddr": "00189440"})

    def status(self, dev_eui: str, *, margin: int = 0, battery: float | None = None) -> None:
        """Let a meter tell its battery, or that it has none."""
        body: dict[str, Any] = {"deduplicationId": self._id()}
        if margin:
            body["margin"] = margin
        body.update({"externalPowerSource": True} if battery is None else {"batteryLevel": battery})
        self._emit(self.meters[dev_eui], "status", body)

    def enqueue(self, dev_eui: str, item: Item) -> None:
        """Put a downlink into a meter's queue; a class C one hears it at once."""
        meter = self.meters[dev_eui]
        if any(waiting.item_id == item.item_id for waiting in meter.queue):
            self.ignored.append("the id is in the queue already")
            return
        meter.queue.append(item)
        if meter.device_class == "C":
            self._start(self._deliver(meter))

    async def _listen(self) -> None:
        async for message in self._client.messages:
            dev_eui = str(message.topic).split("/")[3]
            command = self._parsed(bytes(message.payload))
            self.commands.append(command)
            if self._happens(self.faults.swallowed):
                continue
            if command.get("devEui") != dev_eui or dev_eui not in self.meters:
                self.ignored.append("the DevEUI is not the topic's")
            elif not command.get("fPort"):
                self.ignored.append("fPort must be above 0")
            else:
                self.enqueue(dev_eui, _item(command, fallback=self._id()))

    def _parsed(self, payload: bytes) -> dict[str, Any]:
        if self.wire == "json":
            return json.loads(payload)
        return json_format.MessageToDict(integration.DownlinkCommand.FromString(payload))

    async def _deliver(self, meter: Meter) -> None:
        """Send the next downlink that is still valid, and let the meter do what it says."""
        async with meter.lock:
            while meter.queue and _is_past(meter.queue[0], self.clock()):
                item = meter.queue.pop(0)
                context = {"queue_item_id": item.item_id}
                self._emit(
                    meter,
                    "log",
                    {"level": "ERROR", "code": "EXPIRED", "description": "expired", "context": context},
                )
            if not meter.queue:
                return
            item = meter.queue[0]
            item.is_pending = item.confirmed
            meter.f_cnt_down += 1
            self._emit(
                meter, "txack", {"downlinkId": meter.f_cnt_down, "queueItemId": item.item_id, **_down(meter)}
            )
            await self._answer(meter, item)
            if item in meter.queue:
                meter.queue.remove(item)

    async def _answer(self, meter: Meter, item: Item) -> None:
        if self._happens(self.faults.silent):
            return
        answer = {"deduplicationId": self._id(), "queueItemId": item.item_id, **_down(meter)}
        if self._happens(self.faults.nacked):
            await asyncio.sleep(self._timeout_s)
            self._emit(meter, "ack", answer)
            return
        is_order = item.f_port == meter.f_port and item.payload in {meter.on, meter.off}
        if is_order and not meter.is_stuck:
            meter.is_on = item.payload == meter.on
            meter.switched.append(meter.is_on)
        if item.confirmed:
            self._emit(meter, "ack", {**answer, "acknowledged": True})
        if is_order:
            self._up(meter, f_port=50, payload=_ACCEPTED, obj={"info": "Downlink command succeeded"})
            if not self._happens(self.faults.mute):
                self.tell_state(meter.dev_eui)

    def _up(self, meter: Meter, *, f_port: int, payload: bytes, obj: dict[str, Any]) -> None:
        body: dict[str, Any] = {
            "deduplicationId": self._id(),
            "devAddr": "00189440",
            "fPort": f_port,
            "data": base64.b64encode(payload).decode(),
            "object": obj,
            "rxInfo": [{"gatewayId": "0016c001f153a14c", "uplinkId": 1, "rssi": -36, "snr": 10.5}],
        }
        if meter.f_cnt:
            body["fCnt"] = meter.f_cnt
        meter.f_cnt += 1
        self._emit(meter, "up", body)

    def _emit(self, meter: Meter, event: str, body: dict[str, Any]) -> None:
        info = {"applicationId": self.application_id, "deviceName": "meter", "devEui": meter.dev_eui}
        if meter.device_class == "C":
            info["deviceClassEnabled"] = "CLASS_C"
        stamp = datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="microseconds")
        whole = {"time": stamp, "deviceInfo": info, **body}
        self.published.append((meter.dev_eui, event, whole))
        if self._happens(self.faults.lost):
            return
        wait_s = self._random.uniform(0, self.faults.delay_s)
        if self._happens(self.faults.overtaken):
            wait_s += 0.1
        payload = json.dumps(whole).encode()
        if self.wire == "protobuf":
            payload = json_format.ParseDict(whole, _MESSAGES[event]()).SerializeToString()
        topic = f"application/{self.application_id}/device/{meter.dev_eui}/event/{event}"
        for _ in range(1 + self._happens(self.faults.doubled)):
            self._start(self._publish(topic, payload, wait_s))

    async def _publish(self, topic: str, payload: bytes, wait_s: float) -> None:
        if wait_s:
            await asyncio.sleep(wait_s)
        await self._client.publish(topic, payload, qos=1)

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _happens(self, probability: float) -> bool:
        # a draw for each question, so that one fault does not shift the others
        return self._random.random() < probability

    def _id(self) -> str:
        drawn = self._random.getrandbits(128).to_bytes(16, "big").hex()
        return f"{drawn[:8]}-{drawn[8:12]}-4{drawn[13:16]}-8{drawn[17:20]}-{drawn[20:]}"


class _DeviceService(api.DeviceServiceServicer):
    """The part of ChirpStack's API that is about queues."""

    def __init__(self, server: FakeChirpStack) -> None:
        self._fake = server

    async def _meter(self, dev_eui: str, context: Any) -> Meter:
        shown = dict(context.invocation_metadata()).get("authorization")
        if shown != f"Bearer {self._fake.token}":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no valid token")
        if dev_eui not in self._fake.meters:
            await context.abort(grpc.StatusCode.NOT_FOUND, "Object does not exist")
        return self._fake.meters[dev_eui]

    async def GetQueue(self, request: Any, context: Any) -> Any:  # noqa: N802 - ChirpStack's name
        meter = await self._meter(request.dev_eui, context)
        items = [_waiting(item, meter) for item in meter.queue]
        return api.GetDeviceQueueItemsResponse(total_count=len(items), result=items)

    async def FlushQueue(self, request: Any, context: Any) -> Any:  # noqa: N802 - likewise
        meter = await self._meter(request.dev_eui, context)
        meter.queue.clear()
        self._fake.flushed.append(meter.dev_eui)
        return empty_pb2.Empty()


def _waiting(item: Item, meter: Meter) -> Any:
    waiting = api.DeviceQueueItem(
        id=item.item_id,
        dev_eui=meter.dev_eui,
        confirmed=item.confirmed,
        f_port=item.f_port,
        data=item.payload,
        is_pending=item.is_pending,
    )
    if item.expires_s is not None:
        waiting.expires_at.seconds = item.expires_s
    return waiting


def _item(command: dict[str, Any], *, fallback: str) -> Item:
    expires = command.get("expiresAt")
    return Item(
        command.get("id") or fallback,
        command["fPort"],
        base64.b64decode(command.get("data", "")),
        command.get("confirmed", False),
        None if expires is None else int(datetime.fromisoformat(expires).timestamp()),
    )


def _is_past(item: Item, now_s: float) -> bool:
    return item.expires_s is not None and item.expires_s <= now_s


def _down(meter: Meter) -> dict[str, int]:
    return {"fCntDown": meter.f_cnt_down}
