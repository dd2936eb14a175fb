"""The link is encrypted as the settings say: whom it believes, which name it expects, what it shows."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError

from mita.entrypoints.ingest.inbox import Inbox
from mita.entrypoints.ingest.link import Link
from mita.entrypoints.ingest.settings import IngestSettings
from mita.entrypoints.ingest.tls import tls_of
from mita.entrypoints.ports import free_port

from .rig import MOSQUITTO, Broker, Process, eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAME = "broker.example"
PEM = serialization.Encoding.PEM


class Authority:
    """Who signs certificates; its own and those it signed are files in a folder."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory, self._key = directory, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.file = directory / f"{name}.crt"
        basic = x509.BasicConstraints(ca=True, path_length=None)
        usage = x509.KeyUsage(**dict.fromkeys(USAGES, False) | {"key_cert_sign": True})
        made = self._built(self._name, self._key).add_extension(basic, critical=True)
        signed = made.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.file.write_bytes(signed.public_bytes(PEM))

    def _built(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
        )

    def certificate(self, name: str) -> tuple[Path, Path]:
        """Sign a certificate for a name; return its file and that of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        known = x509.SubjectAlternativeName([x509.DNSName(name)])
        signed = self._built(subject, key).add_extension(known, critical=False)
        paths = self._directory / f"{name}.crt", self._directory / f"{name}.key"
        paths[0].write_bytes(signed.sign(self._key, hashes.SHA256()).public_bytes(PEM))
        private = key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        paths[1].write_bytes(private)
        return paths


USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@asynccontextmanager
async def mosquitto(directory: Path, authority: Authority) -> AsyncIterator[int]:
    """Mosquitto that shows a certificate of ``NAME`` and lets nobody in without one."""
    if shutil.which(MOSQUITTO) is None:
        pytest.skip(f"MOSQUITTO IS NOT INSTALLED ({MOSQUITTO}): TLS is not tested")
    certificate, key = authority.certificate(NAME)
    port = free_port()
    lines = [
        f"listener {port} 127.0.0.1",
        f"cafile {authority.file}",
        f"certfile {certificate}",
        f"keyfile {key}",
        "require_certificate true",
        "allow_anonymous true",
        *(["user root"] if os.geteuid() == 0 else []),
    ]
    configuration = directory / "mosquitto.conf"
    configuration.write_text("\n".join(lines), encoding="utf-8")
    process = Process([MOSQUITTO, "-c", str(configuration)], environment={}, log=directory / "mosquitto.log")
    await Broker(process, port=port, keys=None).start()
    try:
        yield port
    finally:
        process.end()


@asynccontextmanager
async def linked(port: int, **more: object) -> AsyncIterator[tuple[Link, Inbox]]:
    """A link that tries to come about."""
    settings = IngestSettings(
        mqtt_host="127.0.0.1", mqtt_port=port, mqtt_version=5, mqtt_client_id="i", mqtt_tls=True, **more
    )
    inbox = Inbox()
    link = Link(settings, inbox=inbox, topics=["m/+/up"])
    running = asyncio.create_task(link.run())
    try:
        yield link, inbox
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await link.close()
        inbox.close()


async def test_the_link_believes_whom_it_is_told_to(directory: Path, caplog: pytest.LogCaptureFixture):
    ours, other = Authority(directory, "ours"), Authority(directory, "other")
    certificate, key = ours.certificate("ingest")
    shown = {"mqtt_certificate": certificate, "mqtt_key": key}
    whole = {"mqtt_ca_file": ours.file, "mqtt_server_name": NAME, **shown}
    async with mosquitto(directory, ours) as port:
        for wrong, reason in (
            # nobody has set an authority: those of the system do not know ours
            ({"mqtt_ca_file": None}, "is not believed"),
            ({"mqtt_ca_file": other.file}, "is not believed"),
            ({"mqtt_server_name": "other.example"}, "Hostname mismatch"),
            ({"mqtt_server_name": ""}, "IP address mismatch"),
        ):
            caplog.clear()
            async with linked(port, **whole | wrong) as (link, _):

                async def is_refused(said: str = reason) -> bool:
                    return any(
                        each.levelno == logging.ERROR
                        and each.getMessage().startswith("broker refused")
                        and said in each.getMessage()
                        for each in caplog.records
                    )

                await eventually(is_refused, what=f"the log says {reason}")
                assert not link.is_connected
        caplog.clear()
        async with linked(port, **whole | dict.fromkeys(shown)) as (link, _):

            async def is_waiting() -> bool:
                return sum("broker away" in each.getMessage() for each in caplog.records) > 1

            await eventually(is_waiting, what="the broker lets nobody in who shows no certificate")
            assert not link.is_connected
        async with linked(port, **whole) as (link, inbox):

            async def is_connected() -> bool:
                return link.is_connected

            await eventually(is_connected, what="the link stands")
            await link.publish("m/house-7/up", b"{}")

            async def has_come() -> bool:
                return len(inbox) == 1

            await eventually(has_come, what="a message has come over it")


def test_settings_that_encrypt_nothing_are_refused(tmp_path: Path):
    for given in ({"mqtt_ca_file": "ca.crt"}, {"mqtt_server_name": NAME}, {"mqtt_certificate": "c.crt"}):
        with pytest.raises(ValidationError, match="MITA_MQTT_TLS is not"):
            IngestSettings(**given)
    with pytest.raises(ValidationError, match="key of no certificate"):
        IngestSettings(mqtt_tls=True, mqtt_key="c.key")
    assert tls_of(IngestSettings()) is None
    # told at the start, not by a link that never comes about
    empty = tmp_path / "empty.crt"
    empty.write_bytes(b"")
    for file in (empty, tmp_path / "missing.crt"):
        with pytest.raises(OSError, match=r"."):
            tls_of(IngestSettings(mqtt_tls=True, mqtt_ca_file=file))
