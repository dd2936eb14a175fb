"""Background tasks of webhooks. Sending is no job: a process of its own loop does it (entrypoints/worker)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.estates import queries as estates
from mita.kit.clock import now_utc
from mita.webhooks import operations

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()
KEPT_FOR = timedelta(days=30)


@jobs.periodic(cron="40 3 * * *")
@jobs.task(name="forget_deliveries", pass_context=True, queueing_lock="webhooks:forget_deliveries")
async def forget_deliveries(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Delete deliveries that came to an end a month ago."""
    database: Database = context.additional_context["database"]
    before = now_utc() - KEPT_FOR
    for estate_id in await estates.every_estate_id(database):
        async with database.unit_of_work(estates=[estate_id]) as session:
            await operations.forget_deliveries(session, estate_id=estate_id, before=before)
