"""A job is enqueued inside the transaction that causes it, so it exists exactly if the cause does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import App, PsycopgConnector

from mita.kit import context
from mita.kit.db import driver_connection

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# never opened: it only words the INSERT, which runs on the session's own connection
_app = App(connector=PsycopgConnector())


# an argument of the job beside the task's own: the correlation id of the request that caused it
CAUSED_BY = "caused_by"


async def enqueue(session: AsyncSession, *, task: str, **arguments: int | str) -> None:
    """Let a worker run ``task`` (``feature:name``) once this transaction is committed.

    The job inherits the correlation id of what runs now, and with it stands in logs and in the audit log.
    """
    connection = await driver_connection(session)
    if cause := context.current().correlation_id:
        arguments[CAUSED_BY] = cause
    await _app.configure_task(task, connection=connection).defer_async(**arguments)
