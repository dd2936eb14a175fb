"""The files in deploy/mosquitto as they stand: TLS, passwords, nobody speaks or hears for another."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import ssl
import subprocess
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

import aiomqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mita.entrypoints.ports import free_port

from .rig import MOSQUITTO, Process, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEPLOY = Path(__file__).parents[3] / "deploy" / "mosquitto"
USERS = ("house-7", "house-7b", "house-8", "mita-ingest-1", "mita-ingest-2")


def certificate(directory: Path) -> None:
    """Write a key and a certificate of the loopback address that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "broker")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (directory / "server.crt").write_bytes(made.public_bytes(pem))
    (directory / "server.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def configured(directory: Path) -> tuple[Path, int]:
    """Write what the deployed configuration needs; only its port and its paths are the test's."""
    certificate(directory)
    for user in USERS:
        more = [] if (directory / "passwords").exists() else ["-c"]
        subprocess.run(
            ["mosquitto_passwd", "-b", *more, str(directory / "passwords"), user, f"secret of {user}"],
            check=True,
            capture_output=True,
        )
    port = free_port()
    text = (DEPLOY / "mosquitto.conf").read_text(encoding="utf-8")
    for before, after in (
        ("listener 8883", f"listener {port} 127.0.0.1"),
        ("/etc/mosquitto/certs/", f"{directory}/"),
        ("/etc/mosquitto/acl", str(DEPLOY / "acl")),
        ("/etc/mosquitto/passwords", f"{directory}/passwords"),
        ("/var/lib/mosquitto/", f"{directory}/"),
    ):
        assert before in text
        text = text.replace(before, after)
    path = directory / "mosquitto.conf"
    path.write_text(text + ("user root\n" if os.geteuid() == 0 else ""), encoding="utf-8")
    return path, port


@pytest.fixture
async def port(directory: Path) -> AsyncIterator[int]:
    """Mosquitto with the deployed configuration."""
    if shutil.which(MOSQUITTO) is None:
        pytest.skip(f"MOSQUITTO IS NOT INSTALLED ({MOSQUITTO}): its configuration is not tried")
    configuration, taken = configured(directory)
    broker = Process([MOSQUITTO, "-c", str(configuration)], environment={}, log=directory / "mosquitto.log")
    broker.start()

    async def listens() -> bool:
        assert broker.is_running, broker.log
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", taken)
            writer.close()
            return True
        return False

    await eventually(listens, what="mosquitto listens")
    yield taken
    broker.end()


def connection(
    port: int, directory: Path, user: str, *, password: str | None = None, **more: object
) -> aiomqtt.Client:
    return aiomqtt.Client(
        "127.0.0.1",
        port,
        username=user,
        password=f"secret of {user}" if password is None else password,
        tls_context=ssl.create_default_context(cafile=str(directory / "server.crt")),
        **more,
    )


async def forge(port: int, directory: Path) -> None:
    """Publish where a device may not; Mosquitto 2.0 hangs up on who tries."""
    for topic in (
        "m/house-8/up",
        "m/house-8/ack",
        "m/house-8/down",
        "m/house-8/renew",
        "m/house-7b/token",
        "m/house-8/x",
        "up",
    ):
        with contextlib.suppress(aiomqtt.MqttError):
            async with connection(port, directory, "house-7b") as forger:
                await forger.publish(topic, b"forged", qos=1)


async def test_nobody_speaks_or_hears_for_another(port: int, directory: Path):
    refused = (("house-7", "guessed"), ("house-7", "secret of house-8"), ("nobody", ""), (None, None))
    for user, password in refused:
        with pytest.raises(aiomqtt.MqttError):
            async with connection(port, directory, user, password=password):
                pass
    async with (
        connection(port, directory, "mita-ingest-1", protocol=aiomqtt.ProtocolVersion.V5) as ingest,
        # the client id of another does not take its place
        connection(port, directory, "house-7", identifier="mita-ingest-1") as one,
        connection(port, directory, "house-8") as other,
    ):
        for leaf in ("up", "ack", "state", "renew"):
            await ingest.subscribe(f"$share/mita/m/+/{leaf}", qos=1)
        for topic in ("#", "m/+/down", "m/house-8/#", "m/house-7/down", "m/house-7/token", "$SYS/#"):
            await one.subscribe(topic, qos=1)
        await other.subscribe("m/house-8/down", qos=1)
        await forge(port, directory)
        for leaf in ("up", "ack", "state", "renew"):
            await one.publish(f"m/house-7/{leaf}", leaf, qos=1)
        await ingest.publish("m/house-8/down", b"for the neighbour", qos=1)
        await ingest.publish("m/house-8/token", b"the neighbour's", qos=0)
        await ingest.publish("m/house-7/token", b"our next", qos=0)
        await ingest.publish("m/house-7/down", b"for us", qos=1)
        async with asyncio.timeout(30):
            heard = [await anext(ingest.messages) for _ in range(4)]
            assert (await anext(other.messages)).payload == b"for the neighbour"
            mine = [await anext(one.messages) for _ in range(2)]
        assert [(message.topic.value, message.payload) for message in heard] == [
            ("m/house-7/up", b"up"),
            ("m/house-7/ack", b"ack"),
            ("m/house-7/state", b"state"),
            ("m/house-7/renew", b"renew"),
        ]
        assert sorted((each.topic.value, each.payload) for each in mine) == [
            ("m/house-7/down", b"for us"),
            ("m/house-7/token", b"our next"),
        ]


async def test_more_than_a_thousand_messages_wait_for_ingest(port: int, directory: Path):
    """What Mosquitto drops by default, although it has acknowledged it."""
    more = {"clean_session": False, "protocol": aiomqtt.ProtocolVersion.V311, "identifier": "mita-ingest-2"}
    async with connection(port, directory, "mita-ingest-2", **more) as ingest:
        await ingest.subscribe("m/+/up", qos=1)
    async with connection(port, directory, "house-7", max_inflight_messages=200) as device:
        for number in range(1_500):
            await device.publish("m/house-7/up", str(number), qos=1)
    async with connection(port, directory, "mita-ingest-2", **more) as ingest:
        async with asyncio.timeout(60):
            heard = [int((await anext(ingest.messages)).payload) for _ in range(1_500)]
        assert heard == list(range(1_500))
