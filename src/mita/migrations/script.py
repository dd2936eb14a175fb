"""Run a file of SQL statements inside a migration."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


def run_script(connection: Connection, script: str) -> None:
    """Execute all statements of ``script`` in the migration's transaction.

    Past SQLAlchemy, straight to the driver: a percent sign in a function body is no placeholder.
    """
    driver = connection.connection.driver_connection
    assert driver is not None, "the migration has no connection"
    driver.execute(script)
