"""PostgreSQL dies as in a power cut, in the middle of batches, and comes back: ingest goes on by itself."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from mita.entrypoints.embedded.postgres import EmbeddedPostgres
from mita.kit.db import Database
from mita.migrations.runner import migrate
from tests.integration.world import new_world

from .conftest import is_waiting_for_a_lock, made_broker, opened_line
from .rig import eventually
from .test_charging import KWH, item
from .wire import client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .conftest import Line

MESSAGES = 600
DEVICES = 3
AHEAD = 120


@pytest.fixture
def durable_postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this test alone, as durable as an installation's."""
    directory = Path(tempfile.mkdtemp(prefix="mita-pg-", dir="/tmp"))
    server = EmbeddedPostgres(directory).start()
    try:
        server.create_database()
        migrate(server.admin_url())
        with psycopg.connect(server.app_url()) as connection:
            settings = [
                connection.execute(f"SHOW {name}").fetchone()
                for name in ("synchronous_commit", "fsync", "full_page_writes")
            ]
        assert settings == [("on",)] * 3
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(params=["embedded", "mosquitto"])
async def durable_line(
    request: pytest.FixtureRequest, directory: Path, durable_postgres: EmbeddedPostgres
) -> AsyncIterator[Line]:
    broker = made_broker(request.param, directory)
    async for opened in opened_line(broker, directory, database_url=durable_postgres.app_url()):
        yield opened


def kill(server: EmbeddedPostgres) -> None:
    """Kill the postmaster and all its children at once, by their pids."""
    postmaster = psutil.Process(server.pid)
    processes = [postmaster, *postmaster.children(recursive=True)]
    assert len(processes) > 4
    for process in processes:
        # they end by themselves once they miss the first
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(processes, timeout=30)


async def test_a_killed_database_loses_and_doubles_nothing(
    durable_line: Line, durable_postgres: EmbeddedPostgres
):
    line, server = durable_line, durable_postgres
    database = Database(server.app_url())
    world = await new_world(database, meters=DEVICES)
    await database.close()
    names = [f"dev-{world.estate_id}-{number + 1}" for number in range(DEVICES)]
    sent = 0

    async def stream(name: str, kwh: int) -> None:
        nonlocal sent
        async with client(line.broker, name) as device:
            for hour in range(MESSAGES):
                # not too far ahead: the stream must still flow at the last kill
                while sent - line.tap.acknowledged > AHEAD:  # noqa: ASYNC110 - the tap has no event
                    await asyncio.sleep(0.01)
                await device.publish(f"m/{name}/up", json.dumps(item(hour, hour * kwh)), qos=1)
                sent += 1

    async def acknowledged(messages: int) -> None:
        async def is_so() -> bool:
            return line.tap.acknowledged >= messages

        await eventually(is_so, what=f"{messages} messages are acknowledged")

    await line.start_ingest()
    devices = [asyncio.create_task(stream(name, number + 1)) for number, name in enumerate(names)]
    await acknowledged(30)
    # in the middle of a batch: ingest has received it and waits for the lane that the test holds
    admin = psycopg.connect(server.admin_url(), autocommit=True)
    admin.execute("BEGIN")
    admin.execute("SELECT seq FROM charging_lane WHERE estate_id = %s FOR UPDATE", (world.estate_id,))

    async def is_held() -> bool:
        return await is_waiting_for_a_lock(admin)

    await eventually(is_held, what="a batch is under way")
    kill(server)
    admin.close()
    # it stays away while ingest tries again and again
    before = line.ingest.log.count("database away")
    await eventually(lambda: _tries(line, before + 3), what="ingest waits for the database")
    while_away = line.tap.acknowledged
    server = EmbeddedPostgres(server.directory.parent).start()
    await acknowledged(while_away + 100)
    # and wherever it is just now: several times at no chosen moment
    for _ in range(3):
        done = line.tap.acknowledged
        assert sent < DEVICES * MESSAGES - AHEAD, "the stream should still flow"
        kill(server)
        server = EmbeddedPostgres(server.directory.parent).start()
        await acknowledged(done + 100)
    await asyncio.gather(*devices)
    assert sent == DEVICES * MESSAGES
    await acknowledged(DEVICES * MESSAGES)
    assert line.ingest.is_running

    world.database = Database(server.app_url())
    assert await world.balances() == [-KWH * (MESSAGES - 1) * (number + 1) for number in range(DEVICES)]
    assert await world.verified()
    await world.database.close()
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        assert admin.execute("SELECT count(*) FROM reading").fetchone() == (DEVICES * MESSAGES,)
        assert admin.execute("SELECT count(*) FROM rejected_reading").fetchone() == (0,)
        charged = admin.execute(
            "SELECT count(*) FROM entry JOIN wallet_account USING (estate_id, account_id)"
        ).fetchone()
        assert charged == (DEVICES * (MESSAGES - 1),)
    server.stop()


async def _tries(line: Line, times: int) -> bool:
    return line.ingest.log.count("database away") >= times
