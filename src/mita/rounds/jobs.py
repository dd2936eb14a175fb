"""Background tasks of readings by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.estates import queries as estates
from mita.kit.clock import now_utc
from mita.rounds import operations

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()


@jobs.periodic(cron="12 * * * *")
@jobs.task(name="remind_residents", pass_context=True, queueing_lock="rounds:remind_residents")
async def remind_residents(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Remind the residents of every estate of meters that nobody has read."""
    database: Database = context.additional_context["database"]
    for estate_id in await estates.every_estate_id(database):
        is_more = True
        while is_more:
            async with database.unit_of_work(estates=[estate_id]) as session:
                is_more = await operations.remind_residents(session, estate_id=estate_id, now=now_utc())
