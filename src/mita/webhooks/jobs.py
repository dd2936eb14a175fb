"""Background tasks of webhooks. Sending is no job: a process of its own loop does it (entrypoints/worker)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.estates.operations import in_every_estate
from mita.kit.clock import now_utc
from mita.webhooks import operations

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

jobs = Blueprint()
KEPT_FOR = timedelta(days=30)


@jobs.periodic(cron="40 3 * * *")
@jobs.task(name="forget_deliveries", pass_context=True, queueing_lock="webhooks:forget_deliveries")
async def forget_deliveries(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Delete deliveries that came to an end a month ago."""
    database: Database = context.additional_context["database"]

    async def forget(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
        await operations.forget_deliveries(session, estate_id=estate_id, before=now - KEPT_FOR)

    await in_every_estate(database, step=forget, clock=now_utc)
