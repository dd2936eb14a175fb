"""Run the migrations against a database."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from mita.kit.db import sqlalchemy_url

LOCK_TIMEOUT = "5s"
_ADVISORY_KEY = 7_401_001


class NotMigrated(RuntimeError):
    """The database cannot be brought to the wanted revision; nothing was changed."""


class DatabaseIsNewer(NotMigrated):
    """The database was migrated by a later version of Mita."""


class OnlyForward(NotMigrated):
    """An earlier revision was asked for than the database is at."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return config


def revisions() -> list[str]:
    """Return every revision that this version of Mita knows, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


@cache
def newest_revision() -> str:
    """Return the revision that this version of Mita needs."""
    return revisions()[-1]


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _check_way(before: str | None, wanted: str) -> None:
    known = revisions()
    if before is None:
        return
    if before not in known:
        raise DatabaseIsNewer(
            f"the database is at revision {before}, this version of Mita knows revisions up to {known[-1]}:"
            " install the later version again, or restore the backup from before its migration"
        )
    if wanted in known and known.index(wanted) < known.index(before):
        raise OnlyForward(
            f"the database is at revision {before}, past {wanted}: restore the backup from before the migration"
        )


def migrate(url: str, *, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring the database at ``url`` (owning role) to ``revision``; return the revisions before and after.

    A statement that waits longer than five seconds for a lock fails instead of stopping everybody.

    :raises DatabaseIsNewer: if this version does not know the database's revision
    :raises OnlyForward: if the database is past ``revision``
    """
    engine = create_engine(sqlalchemy_url(url))
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_KEY})
            connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
            connection.commit()
            before = _revision(connection)
            connection.rollback()
            _check_way(before, revision)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
            connection.commit()
            return before, _revision(connection)
    finally:
        engine.dispose()
