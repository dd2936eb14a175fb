"""Background tasks of readings by hand."""

from __future__ import annotations

from procrastinate import Blueprint, JobContext

from mita.estates.operations import in_every_estate
from mita.kit.clock import now_utc
from mita.rounds import operations

jobs = Blueprint()


@jobs.periodic(cron="12 * * * *")
@jobs.task(name="remind_residents", pass_context=True, queueing_lock="rounds:remind_residents")
async def remind_residents(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Remind the residents of every estate of meters that nobody has read."""
    database = context.additional_context["database"]
    await in_every_estate(database, step=operations.remind_residents, clock=now_utc, is_repeated=True)
