"""Power cuts: what was acknowledged is there afterwards, whoever died."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import psutil
import psycopg
import pytest

from mita.entrypoints.embedded.postgres import EmbeddedPostgres
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.migrations.runner import migrate

from .small import SmallLedger, small_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

ROUNDS = ("the writer", "the database", "the writer", "the database")
JOURNALS = 40  # of each round, before the cut
PATIENCE_S = 90.0


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="mita-pg-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def started(directory: Path) -> EmbeddedPostgres:
    server = EmbeddedPostgres(directory).start()
    with psycopg.connect(server.admin_url("postgres")) as connection:
        names = ("synchronous_commit", "fsync", "full_page_writes")
        assert [connection.execute(f"SHOW {name}").fetchone()[0] for name in names] == ["on"] * 3
    return server


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


def start_writer(
    server: EmbeddedPostgres, books: SmallLedger, acknowledged: Path, turn: int
) -> subprocess.Popen[bytes]:
    account_ids = [books.wallet(place) for place in range(4)] + [books.ids["income:electricity"]]
    arguments = [server.app_url(), books.estate_id, acknowledged, turn, *account_ids]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.ledger.booking", *map(str, arguments)],
        stderr=subprocess.DEVNULL,
    )


def lines_of(acknowledged: Path) -> list[str]:
    return acknowledged.read_text().splitlines() if acknowledged.exists() else []


@pytest.mark.slow
async def test_no_acknowledged_journal_is_lost_to_a_power_cut(directory: Path) -> None:
    acknowledged = directory / "acknowledged"
    server = started(directory)
    try:
        server.create_database()
        migrate(server.admin_url())
        database = Database(server.app_url())
        books = await small_ledger(database, money=1_000, now=now_utc())
        for turn, who in enumerate(ROUNDS):
            await database.close()
            before = len(lines_of(acknowledged))
            writer = start_writer(server, books, acknowledged, turn)
            deadline = time.monotonic() + PATIENCE_S
            while len(lines_of(acknowledged)) < before + JOURNALS:
                assert writer.poll() is None, "the writer ended by itself"
                assert time.monotonic() < deadline, "the writer does not get on"
                await asyncio.sleep(0.01)
            if who == "the database":
                kill(server)
            writer.kill()
            writer.wait(30)
            if who == "the database":
                server = started(directory)
            database = books.database = Database(server.app_url())
            with psycopg.connect(server.admin_url()) as connection:
                known = {row[0] for row in connection.execute("SELECT journal_id FROM journal")}
            told = [UUID(line) for line in lines_of(acknowledged)]
            assert len(set(told)) == len(told)
            assert set(told) <= known
            assert await books.breaks() == []
            assert sum(await books.balances(tuple(books.ids))) == 0
        await database.close()
    finally:
        server.stop()
