"""The driver, ChirpStack's API and the stand-in for it, over a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import aiomqtt
import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from uuid6 import uuid7

from mita.drivers.lorawan.chirpstack import ChirpStack
from mita.drivers.wire import Arrival, Device, Order, Step, SwitchState
from mita.entrypoints.ingest.chirpstack import (
    ChirpStackServer,
    QueueItem,
    ServerAway,
    ServerRefused,
    chirpstack_server,
)
from mita.entrypoints.ingest.settings import IngestSettings
from mita.entrypoints.ports import free_port
from tests.fakes.chirpstack import TOKEN, FakeChirpStack, Faults, Item, Meter

from .conftest import made_broker
from .rig import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from .rig import Broker

C, A = "0101010101010101", "0202020202020202"
DRIVER = ChirpStack()


@dataclass
class Loop:
    """The server, and what Mita's side hears and says."""

    server: FakeChirpStack
    client: aiomqtt.Client
    arrivals: list[Arrival] = field(default_factory=list)

    def device(self, dev_eui: str, **more) -> Device:
        settings = {"model": "yobiiq/em2101", "application_id": self.server.application_id, **more}
        return Device(f"chirpstack:{dev_eui}", [("E-1", "electricity")], settings=settings)

    async def order(self, dev_eui: str, *, is_on: bool, valid_s: int = 600, **more) -> Order:
        order = Order(uuid7(), is_on, int(time.time()) + valid_s)
        (message,) = DRIVER.encode(order, self.device(dev_eui, format=self.server.wire, **more))
        before = len(self.server.commands)
        await self.client.publish(message.channel, message.payload, qos=1)

        async def has_arrived() -> bool:
            return len(self.server.commands) > before

        await eventually(has_arrived, what="the server has the command")
        await self.server.settled()
        return order

    async def told(self, dev_eui: str, events: int) -> list[object]:
        """What Mita knows after so many events: steps and states, in their order of arrival."""

        async def is_enough() -> bool:
            return len(self.arrivals) >= events

        await eventually(is_enough, what=f"{events} events came")
        await asyncio.sleep(0.05)
        assert len(self.arrivals) == events, [each.channel for each in self.arrivals]
        decoded = [DRIVER.decode(each, self.device(dev_eui)) for each in self.arrivals]
        assert not any(each.rejections for each in decoded)
        self.arrivals.clear()
        return [
            each.is_on if isinstance(each, SwitchState) else each.step
            for one in decoded
            for each in one.reports
            if isinstance(each, Step | SwitchState)
        ]


@pytest.fixture
async def broker(directory: Path) -> AsyncIterator[Broker]:
    broker = await made_broker("mosquitto", directory).start()
    yield broker
    broker.process.end()


@contextlib.asynccontextmanager
async def opened(broker: Broker, **more) -> AsyncIterator[Loop]:
    meters = [Meter(C), Meter(A, device_class="A")]
    server = FakeChirpStack(port=broker.port, meters=meters, **more)
    client = aiomqtt.Client("127.0.0.1", broker.port, identifier="test-mita", timeout=60)
    async with client, server:
        loop = Loop(server, client)
        await client.subscribe("application/+/device/+/event/+", qos=1)
        listener = asyncio.create_task(_listen(loop))
        try:
            yield loop
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)


async def _listen(loop: Loop) -> None:
    async for message in loop.client.messages:
        channel = str(message.topic).rpartition("/")[2]
        loop.arrivals.append(Arrival(channel, bytes(message.payload), int(time.time())))


@pytest.mark.parametrize("wire", ["json", "protobuf"])
async def test_a_class_c_meter_switches_at_once_and_says_so(broker: Broker, wire: str) -> None:
    async with opened(broker, wire=wire) as loop:
        order = await loop.order(C, is_on=False)
        # txack, ack, the device accepted it, its state
        assert await loop.told(C, 4) == ["sent", "acknowledged", False]
        assert str(order.command_id) == loop.server.commands[0]["id"]
        await loop.order(C, is_on=True)
        assert await loop.told(C, 4) == ["sent", "acknowledged", True]
        assert loop.server.meters[C].switched == [False, True]
        await loop.server.uplink(C, used_wh=1_500, at_s=int(time.time()))
        assert await loop.told(C, 1) == []


async def test_a_sleeping_meter_hears_after_its_uplink_and_a_stale_order_can_go(broker: Broker) -> None:
    async with opened(broker) as loop:
        target = f"127.0.0.1:{loop.server.grpc_port}"
        api = ChirpStackServer(target, token=TOKEN, is_tls=False)
        off = await loop.order(A, is_on=False)
        assert await api.queue(A) == [QueueItem(str(off.command_id), 50, False, off.expires_s)]
        assert loop.arrivals == []
        # a top-up came: the device must not switch off and on again
        wanted = DRIVER.flush(loop.device(A))
        assert wanted is not None
        await api.flush(wanted.dev_eui)
        assert await api.queue(A) == []
        await loop.order(A, is_on=True)
        await loop.server.uplink(A)
        assert await loop.told(A, 5) == ["sent", "acknowledged", True]
        assert loop.server.meters[A].switched == [True]
        await api.close()


async def test_what_goes_wrong_on_the_radio_is_told_or_missing(broker: Broker) -> None:
    async with opened(broker) as loop:
        faults = loop.server.faults
        faults.nacked = 1
        await loop.order(C, is_on=False)
        assert await loop.told(C, 2) == ["sent", "failed"]
        faults.nacked, faults.silent = 0, 1
        await loop.order(C, is_on=False)
        assert await loop.told(C, 1) == ["sent"]
        faults.silent, faults.mute = 0, 1
        await loop.order(C, is_on=False)
        assert await loop.told(C, 3) == ["sent", "acknowledged"]
        faults.mute, faults.doubled = 0, 1
        await loop.order(C, is_on=True)
        assert await loop.told(C, 8) == ["sent"] * 2 + ["acknowledged"] * 2 + [True] * 2
        faults.doubled, faults.lost = 0, 1
        await loop.order(C, is_on=False)
        faults.lost, faults.swallowed = 0, 1
        await loop.order(C, is_on=True)
        assert await loop.told(C, 0) == []
        faults.swallowed = 0
        loop.server.meters[C].is_stuck = True
        await loop.order(C, is_on=True)
        assert await loop.told(C, 4) == ["sent", "acknowledged", False]
        assert loop.server.meters[C].switched == [False, True, False]

        await loop.order(A, is_on=False, valid_s=-5)
        await loop.server.uplink(A)
        assert await loop.told(A, 2) == ["failed"]
        other = loop.device(A, relay={"f_port": 9, "on": "01", "off": "00"})
        (message,) = DRIVER.encode(Order(uuid7(), True, 2**31), other)
        await loop.client.publish(message.channel.replace(A, C), message.payload, qos=1)

        async def is_ignored() -> bool:
            return loop.server.ignored == ["the DevEUI is not the topic's"]

        await eventually(is_ignored, what="the server ignores it")


async def test_a_seed_makes_the_same_faults_again(broker: Broker) -> None:
    runs = []
    for _ in range(2):
        async with opened(broker, faults=Faults(lost=0.5, overtaken=0.3, delay_s=0.01), seed=7) as loop:
            for _ in range(20):
                await loop.server.uplink(C, used_wh=1)
            await loop.server.settled()
            await asyncio.sleep(0.1)
            assert len(loop.server.published) == 20
            runs.append(
                [DRIVER.decode(each, loop.device(C)).readings[0].value_micro for each in loop.arrivals]
            )
    assert set(runs[0]) == set(runs[1])
    assert 4 < len(runs[0]) < 16
    assert runs[0] != sorted(runs[0])


async def test_the_servers_refusals_and_silence_are_told_apart(broker: Broker) -> None:
    certificate, key = certificate_of("127.0.0.1")
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    async with opened(broker, credentials=credentials) as loop:
        target = f"127.0.0.1:{loop.server.grpc_port}"
        api = ChirpStackServer(target, token=TOKEN, is_tls=True, roots=certificate)
        loop.server.meters[A].queue.append(
            Item("x", 7, b"\x01", confirmed=True, expires_s=None, is_pending=True)
        )
        assert await api.queue(A) == [QueueItem("x", 7, True, None)]
        with pytest.raises(ServerRefused) as unknown:
            await api.flush("03" * 8)
        assert unknown.value.code == "not_found"
        stranger = ChirpStackServer(target, token="wrong", is_tls=True, roots=certificate)
        with pytest.raises(ServerRefused) as refused:
            await stranger.flush(A)
        assert refused.value.code == "unauthenticated"
        assert loop.server.flushed == []
        # the system knows no such authority; nor does the server speak without encryption
        for broken in (
            ChirpStackServer(target, token=TOKEN, is_tls=True),
            ChirpStackServer(target, token=TOKEN, is_tls=False),
            ChirpStackServer(f"127.0.0.1:{free_port()}", token=TOKEN, is_tls=False),
        ):
            with pytest.raises(ServerAway):
                await broken.flush(A)
            await broken.close()
        for each in (api, stranger):
            await each.close()


def certificate_of(host: str) -> tuple[bytes, bytes]:
    """A certificate that vouches for itself, and its key (PEM)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def test_the_server_is_set_or_there_is_none() -> None:
    assert chirpstack_server(IngestSettings()) is None
    made = chirpstack_server(IngestSettings(chirpstack_api="lora.example:8080", chirpstack_token="secret"))
    assert made is not None
    assert (made._target, made._token, made._is_tls) == ("lora.example:8080", "secret", False)
