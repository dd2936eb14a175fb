"""Background tasks of charging."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.charging import operations
from mita.estates import queries as estates
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(name="post_accruals", pass_context=True, queueing_lock="charging:post_accruals")
async def post_accruals(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Post what has accrued in the estates whose hour or day is over."""
    database: Database = context.additional_context["database"]
    for estate_id in await estates.every_estate_id(database):
        async with database.unit_of_work(estates=[estate_id]) as session:
            await operations.post_due_accruals(session, estate_id=estate_id, now=now_utc())
