"""Background tasks of flexibility."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.estates.operations import in_every_estate
from mita.flexibility import operations
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()


@jobs.periodic(cron="* * * * *")
@jobs.task(name="settle_events", pass_context=True, queueing_lock="flexibility:settle_events")
async def settle_events(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Begin, carry on and end the flexibility events of all estates, a hundred units in a transaction."""
    database: Database = context.additional_context["database"]
    await in_every_estate(database, step=operations.settle_events, clock=now_utc, is_repeated=True)
