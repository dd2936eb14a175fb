"""Ingest between a real broker and a real database."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .rig import MOSQUITTO, Broker, Process, embedded_broker, eventually, ingest_process, mosquitto
from .wire import Tap

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    import psycopg

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres

BROKERS = ("embedded", "mosquitto", "mosquitto_5")


@dataclass
class Line:
    """A wire: devices -> broker -> tap -> ingest -> database."""

    broker: Broker
    tap: Tap
    ingest: Process
    directory: Path
    database_url: str
    others: list[Process] = field(default_factory=list)

    async def start_ingest(self) -> None:
        """Start ingest and wait until the broker has its subscription."""
        before = self.tap.subscribed
        self.ingest.start()
        await eventually(lambda: self._is_subscribed(before), what="ingest has subscribed")

    async def _is_subscribed(self, before: int) -> bool:
        assert self.ingest.is_running, f"ingest ended: {self.ingest.log}"
        return self.tap.subscribed > before

    async def another(self, name: str, **environment: str) -> Process:
        """Start a second ingest process with a client id of its own."""
        process = ingest_process(
            self.broker,
            self.directory,
            database_url=self.database_url,
            port=self.tap.port,
            name=name,
            **environment,
        )
        before = self.tap.subscribed
        process.start()
        self.others.append(process)

        async def is_subscribed() -> bool:
            assert process.is_running, f"ingest ended: {process.log}"
            return self.tap.subscribed > before

        await eventually(is_subscribed, what=f"{name} has subscribed")
        return process

    async def all_acknowledged(self, messages: int) -> None:
        """Wait until ingest has acknowledged so many messages, all of its processes together."""

        async def is_so() -> bool:
            return self.tap.acknowledged >= messages

        await eventually(is_so, what=f"{messages} messages are acknowledged")

    async def kill_ingest(self) -> None:
        """End ingest as a power cut does; what it had sent is counted when this returns."""
        self.ingest.kill()

        async def is_gone() -> bool:
            return not self.tap.is_connected

        await eventually(is_gone, what="what ingest sent last has been counted")


@pytest.fixture
def directory() -> Iterator[Path]:
    """A folder for a broker's files and the logs; shown when a test fails."""
    path = Path(tempfile.mkdtemp(prefix="mita-ingest-", dir="/tmp"))
    yield path
    for log in sorted(path.glob("*.log")):
        print(f"--- {log.name}\n{log.read_text(encoding='utf-8')[-4000:]}")
    shutil.rmtree(path, ignore_errors=True)


def made_broker(kind: str, directory: Path) -> Broker:
    """Return a broker that is not started yet."""
    if kind == "embedded":
        return embedded_broker(directory)
    if not Path(MOSQUITTO).exists():
        pytest.skip(f"MOSQUITTO IS NOT INSTALLED ({MOSQUITTO}): ingest is not tested against it")
    return mosquitto(directory, mqtt_version=5 if kind == "mosquitto_5" else 4)


async def opened_line(broker: Broker, directory: Path, *, database_url: str) -> AsyncIterator[Line]:
    """Start everything but ingest, hand it out, end everything."""
    await broker.start()
    tap = await Tap(broker.port).open()
    ingest = ingest_process(broker, directory, database_url=database_url, port=tap.port)
    line = Line(broker, tap, ingest, directory, database_url)
    try:
        yield line
    finally:
        for process in (*line.others, ingest):
            process.end()
        await tap.close()
        broker.process.end()


@pytest.fixture(params=BROKERS)
async def line(
    request: pytest.FixtureRequest, directory: Path, postgres: EmbeddedPostgres, database_name: str
) -> AsyncIterator[Line]:
    """A line over each kind of broker; ingest is not started yet."""
    broker = made_broker(request.param, directory)
    async for opened in opened_line(broker, directory, database_url=postgres.app_url(database_name)):
        yield opened


@pytest.fixture
async def embedded_line(
    directory: Path, postgres: EmbeddedPostgres, database_name: str
) -> AsyncIterator[Line]:
    """A line over the embedded broker; ingest is not started yet."""
    broker = embedded_broker(directory)
    async for opened in opened_line(broker, directory, database_url=postgres.app_url(database_name)):
        yield opened


@pytest.fixture
async def mosquitto_line(
    directory: Path, postgres: EmbeddedPostgres, database_name: str
) -> AsyncIterator[Line]:
    """A line over Mosquitto; ingest is not started yet."""
    broker = made_broker("mosquitto", directory)
    async for opened in opened_line(broker, directory, database_url=postgres.app_url(database_name)):
        yield opened


async def is_waiting_for_a_lock(admin: psycopg.Connection) -> bool:
    """Tell whether a connection of this database waits for a row that somebody holds."""
    waiting = admin.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone()
    return waiting[0] > 0
