"""Background tasks of metering."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext
from sqlalchemy import text

from mita.estates.operations import in_every_estate
from mita.kit.clock import coming_months, now_utc
from mita.kit.events import publish
from mita.kit.months import month_gaps
from mita.metering import operations
from mita.metering.events import ReadingMonthsChecked

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

logger = logging.getLogger(__name__)
jobs = Blueprint()
# one after the other: nobody misses what is just being made
_MONTHS = "metering:months"


@jobs.periodic(cron="5 * * * *")
@jobs.task(
    name="ensure_partitions",
    pass_context=True,
    lock=_MONTHS,
    queueing_lock="metering:ensure_partitions",
)
async def ensure_partitions(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Create the partitions of readings for this month and the next three."""
    database: Database = context.additional_context["database"]
    for month in coming_months(now=now_utc()):
        # a transaction each: the lock on the table must be short
        async with database.unit_of_work(estates=[]) as session:
            await operations.ensure_reading_partition(session, month=month)


@jobs.periodic(cron="20 * * * *")
@jobs.task(name="check_months", pass_context=True, lock=_MONTHS, queueing_lock="metering:check_months")
async def check_months(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Tell of coming months that have no partition for readings, and of rows that went astray."""
    database: Database = context.additional_context["database"]
    now = now_utc()
    async with database.unit_of_work(estates=[]) as session:
        gaps = await month_gaps(session, parent="reading", now=now)
        if gaps:
            logger.error("months of readings missing=%s has_strays=%s", gaps.missing, gaps.has_strays)
        await publish(session, ReadingMonthsChecked(gaps.missing, gaps.has_strays), now=now)


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(name="notice_silence", pass_context=True, queueing_lock="metering:notice_silence")
async def notice_silence(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Note the meters of every estate that have fallen silent."""
    database: Database = context.additional_context["database"]

    async def notice(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
        count = await operations.notice_silence(session, estate_id=estate_id, now=now)
        if count:
            logger.warning("meters are silent estate=%d meters=%d", estate_id, count)

    await in_every_estate(database, step=notice, clock=now_utc)


@jobs.periodic(cron="20 2 * * *")
@jobs.task(name="refresh_statistics", pass_context=True, queueing_lock="metering:refresh_statistics")
async def refresh_statistics(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Let the planner know how large the tables have become."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[]) as session:
        await session.execute(text("SELECT refresh_statistics()"))
