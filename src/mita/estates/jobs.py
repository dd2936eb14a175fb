"""Background tasks of estates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.estates import operations, queries
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()


@jobs.periodic(cron="7 * * * *")
@jobs.task(name="settle_roles", pass_context=True, queueing_lock="estates:settle_roles")
async def settle_roles(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Give residents and owners their roles on their first day, and take them back after the last."""
    database: Database = context.additional_context["database"]
    now = now_utc()
    for estate_id in await queries.every_estate_id(database):
        async with database.unit_of_work(estates=[estate_id]) as session:
            await operations.settle_all_roles(session, estate_id=estate_id, now=now)
