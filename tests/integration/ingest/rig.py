"""Brokers and ingest as real processes on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from mita.entrypoints.keys import INGEST, Keys, load_keys
from mita.entrypoints.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

MOSQUITTO = "/usr/sbin/mosquitto"
PATIENCE_S = 90.0


async def eventually(question: Callable[[], Awaitable[object]], *, what: str) -> None:
    """Wait until the answer is true; generous, because other work may share the machine."""
    deadline = time.monotonic() + PATIENCE_S
    while not await question():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:.0f} s in vain until {what}"
        await asyncio.sleep(0.05)


class Process:
    """A program that the test starts and ends, by its own pid."""

    def __init__(self, arguments: list[str], *, environment: dict[str, str], log: Path) -> None:
        self._arguments = arguments
        self._environment = environment
        self.path = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.path.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments,
                env={**os.environ, **self._environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        return self.path.read_text(encoding="utf-8") if self.path.exists() else ""

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to end; return its exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def wait(self) -> int:
        """Wait until it ends by itself; return its exit status."""
        assert self._process is not None
        return self._process.wait(60)

    def end(self) -> None:
        if self.is_running:
            self.kill()


class Broker:
    """A broker on a port of its own; ``keys`` are what devices and ingest show it."""

    def __init__(self, process: Process, *, port: int, keys: Keys, mqtt_version: int = 4) -> None:
        self.process, self.port, self.keys, self.mqtt_version = process, port, keys, mqtt_version

    async def start(self) -> Broker:
        self.process.start()
        await eventually(self._listens, what="the broker listens")
        return self

    async def _listens(self) -> bool:
        assert self.process.is_running, f"the broker ended: {self.process.log}"
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def embedded_broker(directory: Path, *, database_url: str | None = None) -> Broker:
    """The broker of ``mita up``; without a database it knows signed tokens only."""
    port = free_port()
    process = Process(
        [sys.executable, "-m", "mita.entrypoints.broker"],
        environment={
            "MITA_DATA": str(directory),
            "MITA_MQTT_PORT": str(port),
            **({} if database_url is None else {"MITA_DATABASE_URL": database_url}),
        },
        log=directory / "broker.log",
    )
    return Broker(process, port=port, keys=load_keys(directory))


def mosquitto(directory: Path, *, mqtt_version: int) -> Broker:
    """Mosquitto as an operator would set it up for QoS 1 that must not be lost."""
    port = free_port()
    configuration = directory / "mosquitto.conf"
    configuration.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\n"
        f"persistence_location {directory}/\nmax_queued_messages 0\nmax_inflight_messages 1000\n"
        + ("user root\n" if os.geteuid() == 0 else ""),
        encoding="utf-8",
    )
    process = Process([MOSQUITTO, "-c", str(configuration)], environment={}, log=directory / "mosquitto.log")
    return Broker(process, port=port, keys=load_keys(directory), mqtt_version=mqtt_version)


def ingest_process(
    broker: Broker,
    directory: Path,
    *,
    database_url: str,
    port: int | None = None,
    name: str = INGEST,
    **more: str,
) -> Process:
    """``mita ingest`` for a broker, on ``port`` if something stands between the two."""
    environment = {
        "MITA_DATA": str(directory),
        "MITA_DATABASE_URL": database_url,
        "MITA_MQTT_HOST": "127.0.0.1",
        "MITA_MQTT_PORT": str(port or broker.port),
        "MITA_MQTT_USERNAME": INGEST,
        "MITA_MQTT_CLIENT_ID": name,
        "MITA_MQTT_PASSWORD": broker.keys.ingest_password,
        "MITA_MQTT_VERSION": str(broker.mqtt_version),
        **more,
    }
    return Process(
        [sys.executable, "-m", "mita.entrypoints.ingest"],
        environment=environment,
        log=directory / f"{name}.log",
    )
