"""Real parts for tests: an embedded PostgreSQL per test process, a private migrated database per test."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from mita.entrypoints.embedded.postgres import EmbeddedPostgres
from mita.kit.db import Database
from mita.kit.seal import Seals
from mita.migrations.runner import migrate
from mita.wiring import wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_LOOPBACK = {"127.0.0.1", "::ffff:127.0.0.1", "::1", "localhost", ""}
_TEMPLATE = "mita_template"
_ROOM = 8 * 2**30
_numbers = itertools.count(1)

pytest_plugins = ["tests.ci_plugin"]
wire()


@pytest.fixture(autouse=True, scope="session")
def _closed_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in _LOOPBACK:
            raise AssertionError(f"a test tried to reach {address}")
        real(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", connect)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def fixtures_path() -> Path:
    """The folder of real data; tests that need it are skipped loudly where it is absent."""
    default = Path(__file__).parents[2] / "shared" / "fixtures"
    path = Path(os.environ.get("MITA_FIXTURES", default))
    if not path.is_dir():
        pytest.skip(f"the real data sets are not at {path}: set MITA_FIXTURES")
    return path


def _fast_folder() -> str:
    """Return a folder in memory where there is room: a database for each test is made five times as fast."""
    memory = Path("/dev/shm")  # noqa: S108 - what is made in it has a name of its own
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM
    return str(memory) if has_room else "/tmp"  # noqa: S108 - likewise


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this test process, with a migrated template database."""
    # a short path: the name of a socket may have about a hundred characters
    directory = Path(tempfile.mkdtemp(prefix="mita-pg-", dir=_fast_folder()))
    server = EmbeddedPostgres(directory).start()
    try:
        with psycopg.connect(server.admin_url("postgres"), autocommit=True) as connection:
            # durability is what some tests are about, and they start servers of their own; without it
            # a database for each test is there ten times as fast
            for name in ("synchronous_commit", "fsync", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {name} = off")
            connection.execute("SELECT pg_reload_conf()")
        server.create_database(_TEMPLATE)
        migrate(server.admin_url(_TEMPLATE))
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def database_name(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A private, migrated, empty database."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    postgres.create_database(name, template=_TEMPLATE)
    yield name
    postgres.drop_database(name)


@pytest.fixture
async def database(postgres: EmbeddedPostgres, database_name: str) -> AsyncIterator[Database]:
    """The private database as the application role sees it."""
    opened = Database(postgres.app_url(database_name), seals=Seals([bytes(32)]))
    yield opened
    await opened.close()


@pytest.fixture
def admin(postgres: EmbeddedPostgres, database_name: str) -> Iterator[psycopg.Connection]:
    """The private database as its owner sees it: past row-level security, for looking and for attacks."""
    with psycopg.connect(postgres.admin_url(database_name), autocommit=True) as connection:
        yield connection
