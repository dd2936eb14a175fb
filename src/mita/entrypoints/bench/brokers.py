"""Brokers and ingest as processes of a benchmark, on loopback; nothing of them is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.entrypoints.keys import INGEST, load_keys
from mita.entrypoints.ports import LOOPBACK, free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mita.entrypoints.keys import Keys

EMBEDDED, MOSQUITTO = "embedded", "mosquitto"
_MOSQUITTO_ELSEWHERE = "/usr/sbin/mosquitto"
_STARTS_S = 60.0
_CONNECTED = "broker connected"
_LOOK_S = 0.05
_ENDS_S = 10.0
_LINE_MAX = 2**24
_SAID_CHARS = 2_000
# as deploy/mosquitto has it, but for who may connect
_CONFIGURATION = """listener {port} 127.0.0.1
allow_anonymous true
persistence true
persistence_location {directory}/
max_queued_messages 0
max_inflight_messages 1000
"""


class NotStarted(RuntimeError):
    """A process of the benchmark ended, or does not answer."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A broker that runs."""

    kind: str
    port: int
    directory: Path
    keys: Keys

    @property
    def mqtt_version(self) -> int:
        """What ingest speaks to it."""
        return 4 if self.kind == EMBEDDED else 5

    def said(self, name: str) -> str:
        """Return the end of a process's log."""
        return _said(self.directory / f"{name}.log")


def mosquitto_path() -> str | None:
    """Return where Mosquitto is installed, or None."""
    return shutil.which("mosquitto") or shutil.which(_MOSQUITTO_ELSEWHERE)


@asynccontextmanager
async def broker(kind: str, directory: Path) -> AsyncIterator[Broker]:
    """Run a broker with its files in ``directory``.

    :raises NotStarted: if it does not listen
    """
    port, keys = free_port(), load_keys(directory)
    if kind == EMBEDDED:
        command = [sys.executable, "-m", "mita.entrypoints.broker"]
        environment = {"MITA_DATA": str(directory), "MITA_MQTT_PORT": str(port), "MITA_DATABASE_URL": ""}
    else:
        path = mosquitto_path()
        assert path is not None, "who asks for it has looked"
        configuration = directory / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        configuration.write_text(_CONFIGURATION.format(port=port, directory=directory) + user)
        command, environment = [path, "-c", str(configuration)], {}
    log = directory / f"{kind}.log"
    async with _running(command, environment=environment, log=log) as process:
        await _listens(process, port=port, log=log)
        yield Broker(kind, port, directory, keys)


async def _listens(process: asyncio.subprocess.Process, *, port: int, log: Path) -> None:
    for _ in range(int(_STARTS_S / _LOOK_S)):
        with socket.socket() as probe:
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return
        if process.returncode is not None:
            break
        await asyncio.sleep(_LOOK_S)
    raise NotStarted(f"the broker does not listen: {_said(log)}")


@asynccontextmanager
async def ingest(to: Broker, *, database_url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ``mita ingest`` for a broker, from when it is connected.

    :raises NotStarted: if it does not come about
    """
    environment = {
        "MITA_DATA": str(to.directory),
        "MITA_DATABASE_URL": database_url,
        "MITA_MQTT_HOST": LOOPBACK,
        "MITA_MQTT_PORT": str(to.port),
        "MITA_MQTT_USERNAME": INGEST,
        "MITA_MQTT_CLIENT_ID": INGEST,
        "MITA_MQTT_PASSWORD": to.keys.ingest_password,
        "MITA_MQTT_VERSION": str(to.mqtt_version),
    }
    command = [sys.executable, "-m", "mita.entrypoints.ingest"]
    log = to.directory / "ingest.log"
    async with _running(command, environment=environment, log=log) as process:
        for _ in range(int(_STARTS_S / _LOOK_S)):
            if _CONNECTED in _said(log) or process.returncode is not None:
                break
            await asyncio.sleep(_LOOK_S)
        else:
            raise NotStarted(f"ingest does not reach the broker: {_said(log)}")
        yield process


class Driver:
    """A process that speaks MQTT for the benchmark (``mqtt_driver``)."""

    def __init__(self, process: asyncio.subprocess.Process, *, log: Path) -> None:
        self._process, self._log = process, log

    async def tell(self, said: dict[str, Any]) -> None:
        """Send a line that is not answered."""
        assert self._process.stdin is not None, "it was asked for"
        self._process.stdin.write(json.dumps(said).encode() + b"\n")
        await self._process.stdin.drain()

    async def ask(self, said: dict[str, Any]) -> dict[str, Any]:
        """Send a line and return its answer.

        :raises NotStarted: if the process has ended
        """
        await self.tell(said)
        assert self._process.stdout is not None, "it was asked for"
        line = await self._process.stdout.readline()
        if not line:
            raise NotStarted(f"a process of the benchmark ended: {_said(self._log)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def driver(plan: dict[str, Any], *, log: Path) -> AsyncIterator[Driver]:
    """Run a driver, and let it connect."""
    command = [sys.executable, "-m", "mita.entrypoints.bench.mqtt_driver"]
    async with _running(command, environment={}, log=log, is_told=True) as process:
        running = Driver(process, log=log)
        await running.tell(plan)
        await running.ask({"do": "connect"})
        yield running


@asynccontextmanager
async def _running(
    command: list[str], *, environment: dict[str, str], log: Path, is_told: bool = False
) -> AsyncIterator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE if is_told else None
    given = {name: value for name, value in {**os.environ, **environment}.items() if value}
    with log.open("ab") as written:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=given,
            stdin=pipe or asyncio.subprocess.DEVNULL,
            stdout=pipe or written,
            stderr=written,
            limit=_LINE_MAX,
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _ENDS_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def _said(log: Path) -> str:
    return log.read_text(errors="replace")[-_SAID_CHARS:]
