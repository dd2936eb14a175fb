"""Background tasks of estates."""

from __future__ import annotations

from procrastinate import Blueprint, JobContext

from mita.estates import operations
from mita.kit.clock import now_utc

jobs = Blueprint()


@jobs.periodic(cron="7 * * * *")
@jobs.task(name="settle_roles", pass_context=True, queueing_lock="estates:settle_roles")
async def settle_roles(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Give residents and owners their roles on their first day, and take them back after the last."""
    database = context.additional_context["database"]
    await operations.in_every_estate(database, step=operations.settle_all_roles, clock=now_utc)
