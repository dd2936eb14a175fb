"""Background tasks of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.kit.clock import coming_months, now_utc
from mita.ledger import operations

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()


@jobs.periodic(cron="10 * * * *")
@jobs.task(name="ensure_partitions", pass_context=True, queueing_lock="ledger:ensure_partitions")
async def ensure_partitions(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Create the partitions of entries for this month and the next three."""
    database: Database = context.additional_context["database"]
    for month in coming_months(now=now_utc()):
        # a transaction each: the lock on the table must be short
        async with database.unit_of_work(estates=[]) as session:
            await operations.ensure_entry_partition(session, period=month)
