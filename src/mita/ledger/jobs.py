"""Background tasks of the ledger."""

from __future__ import annotations

import logging
from datetime import datetime, time
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext, RetryStrategy

from mita.estates import queries as estates
from mita.estates.operations import for_every_estate, in_every_estate
from mita.kit.clock import coming_months, now_utc
from mita.kit.events import publish
from mita.kit.months import month_gaps
from mita.kit.zones import zone
from mita.ledger import operations, queries
from mita.ledger.domain import CheckpointKind
from mita.ledger.events import EntryMonthsChecked

if TYPE_CHECKING:
    from datetime import date

    from mita.kit.db import Database
    from mita.ledger.domain import SignedCheckpoint
    from mita.ledger.operations import Notary

logger = logging.getLogger(__name__)
jobs = Blueprint()
# one after the other: nobody misses what is just being made
_MONTHS = "ledger:months"


@jobs.periodic(cron="10 * * * *")
@jobs.task(
    name="ensure_partitions",
    pass_context=True,
    lock=_MONTHS,
    queueing_lock="ledger:ensure_partitions",
)
async def ensure_partitions(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Create the partitions of entries for this month and the next three."""
    database: Database = context.additional_context["database"]
    for month in coming_months(now=now_utc()):
        # a transaction each: the lock on the table must be short
        async with database.unit_of_work(estates=[]) as session:
            await operations.ensure_entry_partition(session, period=month)


@jobs.periodic(cron="25 * * * *")
@jobs.task(name="check_months", pass_context=True, lock=_MONTHS, queueing_lock="ledger:check_months")
async def check_months(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Tell of coming months that have no partition for entries, and of rows that went astray."""
    database: Database = context.additional_context["database"]
    now = now_utc()
    async with database.unit_of_work(estates=[]) as session:
        gaps = await month_gaps(session, parent="entry", now=now)
        if gaps:
            logger.error("months of entries missing=%s has_strays=%s", gaps.missing, gaps.has_strays)
        await publish(session, EntryMonthsChecked(gaps.missing, gaps.has_strays), now=now)


@jobs.periodic(cron="* * * * *")
@jobs.task(name="expire_holds", pass_context=True, queueing_lock="ledger:expire_holds")
async def expire_holds(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Release the holds whose time is over."""
    database = context.additional_context["database"]
    await in_every_estate(database, step=operations.expire_holds, clock=now_utc)


@jobs.periodic(cron="40 * * * *")
@jobs.task(name="check_clearings", pass_context=True, queueing_lock="ledger:check_clearings")
async def check_clearings(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Tell of money that stands on a clearing account longer than it may."""
    database = context.additional_context["database"]
    await in_every_estate(database, step=operations.check_clearings, clock=now_utc)


@jobs.periodic(cron="* * * * *")
@jobs.task(name="seal_closing_months", pass_context=True, queueing_lock="ledger:seal_closing_months")
async def seal_closing_months(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Finish the months that are closing: enqueued when one begins to, each minute for what was missed."""
    database: Database = context.additional_context["database"]
    notary: Notary = context.additional_context["notary"]

    async def seal(estate_id: int) -> None:
        async with database.unit_of_work(estates=[estate_id]) as session:
            closing = await queries.closing_months(session, estate_id=estate_id)
        for month in closing:
            await seal_month(database, estate_id=estate_id, period=month, notary=notary, now=now_utc())

    await for_every_estate(database, work=seal)


async def seal_month(
    database: Database, *, estate_id: int, period: date, notary: Notary, now: datetime
) -> None:
    """Sign what the books are at the close, then write where the next month begins and lock the month.

    A close that cannot be signed or published stays closing and is tried again.
    """
    await operations.take_checkpoint(
        database, estate_id=estate_id, kind=CheckpointKind.CLOSE, period=period, notary=notary, now=now
    )
    async with database.unit_of_work(estates=[estate_id]) as session:
        await operations.lock_month(session, estate_id=estate_id, period=period, now=now)


@jobs.periodic(cron="5 * * * *")
@jobs.task(
    name="take_daily_checkpoints",
    pass_context=True,
    # no queueing lock: a job that is to be tried again could not go back to a queue where the next one waits
    lock="ledger:take_daily_checkpoints",
    retry=RetryStrategy(max_attempts=4, wait=300),
)
async def take_daily_checkpoints(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Take the checkpoint of each estate's local day, if it has none yet; also after a time without worker.

    :raises mita.ledger.operations.NotPublished: after all estates were tried, if one of them has none yet
    """
    database: Database = context.additional_context["database"]
    notary: Notary = context.additional_context["notary"]

    async def take(estate_id: int) -> None:
        await take_daily_checkpoint(database, estate_id=estate_id, notary=notary, now=now_utc())

    await for_every_estate(database, work=take)


async def take_daily_checkpoint(
    database: Database, *, estate_id: int, notary: Notary, now: datetime
) -> SignedCheckpoint | None:
    """Take the daily checkpoint of an estate; None if its local day has one.

    :raises mita.ledger.operations.NotPublished: if it cannot be signed or published
    """
    async with database.unit_of_work(estates=[estate_id]) as session:
        estate = await estates.estate(session, estate_id=estate_id)
        local = zone(estate.time_zone)
        midnight = datetime.combine(now.astimezone(local).date(), time.min, tzinfo=local)
        if await queries.is_checkpoint_taken(
            session, estate_id=estate_id, kind=CheckpointKind.DAILY, since=midnight
        ):
            return None
    return await operations.take_checkpoint(
        database, estate_id=estate_id, kind=CheckpointKind.DAILY, period=None, notary=notary, now=now
    )
