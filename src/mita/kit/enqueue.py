"""A job is enqueued inside the transaction that causes it, so it exists exactly if the cause does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import App, PsycopgConnector

from mita.kit.db import driver_connection

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

# never opened: it only words the INSERT, which runs on the session's own connection
_app = App(connector=PsycopgConnector())


async def enqueue(session: AsyncSession, *, task: str, **arguments: int | str) -> None:
    """Let a worker run ``task`` (``feature:name``) once this transaction is committed."""
    connection = await driver_connection(session)
    await _app.configure_task(task, connection=connection).defer_async(**arguments)
