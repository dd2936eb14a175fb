"""Gadgets that publish as the real ones do and obey their commands: stand-ins for tests and demos.

Each is used as an asynchronous context: inside it is connected, has told its state and hears commands.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self

import aiomqtt

if TYPE_CHECKING:
    from types import TracebackType
    from zoneinfo import ZoneInfo


class Gadget:
    """A device with a counter and perhaps a switch.

    ``energy_kwh`` is its counter; ``is_deaf`` makes it hear commands and do nothing.
    """

    listens: ClassVar[tuple[str, ...]] = ()
    last_will: ClassVar[tuple[str, str, str]] = ("online", "true", "false")

    def __init__(self, address: str, *, host: str, port: int, **login: str) -> None:
        self.address = address
        self.is_on = True
        self.is_deaf = False
        self.energy_kwh = Decimal("3.705")
        self.heard: list[tuple[str, bytes]] = []
        self._host, self._port, self._login = host, port, login
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        ready.cancel()
        if self._task.done():
            await self._task
        assert self._ready.is_set(), f"{self.address} is not connected"
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError, aiomqtt.MqttError):
            await self._task

    def die(self) -> None:
        """Be gone without a word, as in a power cut."""
        assert self._client is not None
        connection = self._client._client.socket()
        assert connection is not None
        connection.shutdown(socket.SHUT_RDWR)

    def topic(self, leaf: str) -> str:
        """Return the topic of one of its messages."""
        return f"{self.address}/{leaf}"

    async def _run(self) -> None:
        leaf, here, gone = self.last_will
        will = aiomqtt.Will(self.topic(leaf), gone, qos=1, retain=True)
        async with aiomqtt.Client(
            self._host, self._port, identifier=self.address.replace("/", "-"), will=will, **self._login
        ) as client:
            self._client = client
            for each in self.listens:
                await client.subscribe(self.topic(each), qos=1)
            await self.say(leaf, here, is_retained=True)
            await self.tell_state()
            self._ready.set()
            async for message in client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                self.heard.append((message.topic.value, payload))
                if not self.is_deaf and not message.retain:
                    await self.obey(message.topic.value.removeprefix(self.topic("")), payload)

    async def say(self, leaf: str, said: Any, *, is_retained: bool = False) -> None:
        """Publish a text, or anything else as JSON."""
        assert self._client is not None
        payload = said if isinstance(said, str) else json.dumps(said, separators=(",", ":"))
        await self._client.publish(self.topic(leaf), payload, qos=1, retain=is_retained)

    async def tell(self, *, now: datetime) -> None:
        """Tell the counter."""
        raise NotImplementedError

    async def tell_state(self) -> None:
        """Tell whether the switch is on."""
        raise NotImplementedError

    async def obey(self, leaf: str, payload: bytes) -> None:
        """Carry out a command."""
        raise NotImplementedError


class TasmotaPlug(Gadget):
    """A plug with Tasmota: local time without a zone, kWh."""

    listens = ("POWER",)
    last_will = ("LWT", "Online", "Offline")

    def __init__(self, address: str, *, zone: ZoneInfo, host: str, port: int, **login: str) -> None:
        super().__init__(address, host=host, port=port, **login)
        self._zone = zone

    def topic(self, leaf: str) -> str:
        prefix = {"POWER": "cmnd", "RESULT": "stat", "": "cmnd"}.get(leaf, "tele")
        return f"{prefix}/{self.address}/{leaf}"

    async def tell(self, *, now: datetime) -> None:
        local = now.astimezone(self._zone).replace(tzinfo=None, microsecond=0).isoformat()
        energy = {
            "TotalStartTime": "2025-01-01T00:00:00",
            "Total": float(self.energy_kwh),
            "Power": 5,
            "Voltage": 233,
        }
        await self.say("SENSOR", {"Time": local, "ENERGY": energy})

    async def tell_state(self) -> None:
        await self.say("RESULT", {"POWER": "ON" if self.is_on else "OFF"})

    async def obey(self, leaf: str, payload: bytes) -> None:
        if leaf == "POWER" and payload in {b"ON", b"OFF"}:
            self.is_on = payload == b"ON"
        await self.tell_state()


class ShellyPlug(Gadget):
    """A plug of Shelly's second generation: notifications when something changed, answers to calls; Wh."""

    listens = ("rpc",)

    async def tell(self, *, now: datetime) -> None:
        counter = {
            "total": float(self.energy_kwh * 1000),
            "by_minute": [0, 0, 0],
            "minute_ts": int(now.timestamp()),
        }
        await self._notify({"id": 0, "aenergy": counter}, now)

    async def tell_state(self) -> None:
        await self._notify({"id": 0, "output": self.is_on, "source": "init"}, datetime.now(tz=UTC))

    async def _notify(self, status: dict[str, Any], now: datetime) -> None:
        params = {"ts": int(now.timestamp() * 100) / 100, "switch:0": status}
        frame = {
            "src": self.address,
            "dst": f"{self.address}/events",
            "method": "NotifyStatus",
            "params": params,
        }
        await self.say("events/rpc", frame)

    async def obey(self, leaf: str, payload: bytes) -> None:
        del leaf
        call = json.loads(payload)
        result: dict[str, Any] = {"id": 0, "source": "MQTT", "output": self.is_on, "apower": 0}
        was_on = self.is_on
        if call["method"] == "Switch.Set":
            self.is_on = call["params"]["on"]
            result = {"was_on": was_on}
        assert self._client is not None
        answer = {"id": call["id"], "src": self.address, "dst": call["src"], "result": result}
        await self._client.publish(f"{call['src']}/rpc", json.dumps(answer), qos=1)
        # it says nothing of a switch that was already there
        if self.is_on != was_on:
            await self.tell_state()


class EsphomeMeter(Gadget):
    """A meter with ESPHome and a relay: one plain retained number for each topic."""

    listens = ("switch/relay/command",)
    last_will = ("status", "online", "offline")

    async def tell(self, *, now: datetime) -> None:
        del now
        await self.say("sensor/total_energy/state", str(self.energy_kwh), is_retained=True)

    async def tell_state(self) -> None:
        await self.say("switch/relay/state", "ON" if self.is_on else "OFF", is_retained=True)

    async def obey(self, leaf: str, payload: bytes) -> None:
        del leaf
        was_on, self.is_on = self.is_on, payload == b"ON"
        if self.is_on != was_on:
            await self.tell_state()


class ZigbeePlug(Gadget):
    """A plug behind Zigbee2MQTT: speaks under a friendly name and hears its IEEE address too."""

    last_will = ("bridge/state", '{"state":"online"}', '{"state":"offline"}')

    def __init__(self, address: str, *, alias: str, host: str, port: int, **login: str) -> None:
        super().__init__(address, host=host, port=port, **login)
        self.alias = alias

    @property
    def listens(self) -> tuple[str, ...]:
        return tuple(f"{name}/{word}" for name in (self.address, self.alias) for word in ("set", "get"))

    def topic(self, leaf: str) -> str:
        return f"zigbee2mqtt/{leaf}"

    async def tell(self, *, now: datetime) -> None:
        del now
        await self._publish()

    async def tell_state(self) -> None:
        energy = {"type": "numeric", "property": "energy", "unit": "kWh"}
        switch = {"type": "switch", "features": [{"property": "state"}]}
        definition = {"vendor": "Innr", "model": "SP 240", "exposes": [switch, energy]}
        about = {
            "ieee_address": self.address,
            "friendly_name": self.alias,
            "type": "Router",
            "definition": definition,
        }
        await self.say("bridge/devices", [about], is_retained=True)

    async def rename(self, alias: str) -> None:
        """Be called otherwise, as a user may wish."""
        self.alias = alias
        await self.tell_state()

    async def _publish(self) -> None:
        said = {
            "state": "ON" if self.is_on else "OFF",
            "power": 12,
            "energy": float(self.energy_kwh),
            "linkquality": 87,
        }
        await self.say(self.alias, said)

    async def obey(self, leaf: str, payload: bytes) -> None:
        word = json.loads(payload).get("state")
        if leaf.endswith("/set") and word in {"ON", "OFF"}:
            self.is_on = word == "ON"
        await self._publish()
