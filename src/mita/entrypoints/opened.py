"""The database a command works on: a configured one, the embedded one, or a throw-away one."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mita.entrypoints.embedded.postgres import EmbeddedPostgres
from mita.migrations.runner import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mita.kit.settings import Settings


class MissingOwner(LookupError):
    """The settings do not say how to reach the database as its owner."""


@contextmanager
def _served(directory: Path) -> Iterator[EmbeddedPostgres]:
    """Yield the embedded server in ``directory``, started and migrated.

    One that runs already (``mita up``) is used and left running.
    """
    server = EmbeddedPostgres(directory).start()
    try:
        server.create_database()
        migrate(server.admin_url())
        yield server
    finally:
        if not server.was_running:
            server.stop()


@contextmanager
def embedded(directory: Path) -> Iterator[str]:
    """Yield the URL of the embedded database in ``directory``, started and migrated."""
    with _served(directory) as server:
        yield server.app_url()


@contextmanager
def throw_away() -> Iterator[str]:
    """Yield the URL of an embedded database that is gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="mita-"))
    try:
        with embedded(directory) as url:
            yield url
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def database_url(settings: Settings, *, fresh: bool = False) -> Iterator[str]:
    """Yield the URL of the database the settings name, or of a throw-away one."""
    if fresh:
        with throw_away() as url:
            yield url
    elif settings.database_url is not None:
        yield settings.database_url.get_secret_value()
    else:
        settings.data.mkdir(parents=True, exist_ok=True)
        with embedded(settings.data) as url:
            yield url


@contextmanager
def database_urls(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the URLs of the database the settings name: as the application reaches it, and as its owner.

    :raises MissingOwner: if the owner's is not set
    """
    if settings.database_url is None:
        settings.data.mkdir(parents=True, exist_ok=True)
        with _served(settings.data) as server:
            yield server.app_url(), server.admin_url()
    elif settings.database_admin_url is None:
        raise MissingOwner("set MITA_DATABASE_ADMIN_URL: this needs the owning role")
    else:
        yield settings.database_url.get_secret_value(), settings.database_admin_url.get_secret_value()
