"""Background tasks of wallets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext, RetryStrategy

from mita.estates.operations import for_every_estate, in_every_estate
from mita.kit.clock import now_utc
from mita.wallets import operations, queries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

jobs = Blueprint()
# rows that were held in another order, a month that closed meanwhile: soon it is over
_AGAIN = RetryStrategy(max_attempts=5, exponential_wait=2)


@jobs.periodic(cron="* * * * *")
@jobs.task(name="expire_promotions", pass_context=True, queueing_lock="wallets:expire_promotions")
async def expire_promotions(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Take back what is unspent of the promotions whose time is over."""
    database: Database = context.additional_context["database"]

    async def expire(estate_id: int) -> None:
        async with database.unit_of_work(estates=[estate_id]) as session:
            expired = await queries.expired_promotions(session, estate_id=estate_id, now=now_utc())
        for promotion in expired:
            # a transaction each: whoever charges waits for one account at a time
            async with database.unit_of_work(estates=[estate_id]) as session:
                await operations.expire_promotion(
                    session, estate_id=estate_id, promotion_id=promotion.promotion_id, now=now_utc()
                )

    await for_every_estate(database, work=expire)


@jobs.periodic(cron="*/15 * * * *")
@jobs.task(name="check_targets", pass_context=True, queueing_lock="wallets:check_targets")
async def check_targets(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Ask for top-ups where a total fell below its minimum and no line was crossed."""
    database = context.additional_context["database"]
    await in_every_estate(database, step=operations.check_targets, clock=now_utc)


@jobs.task(name="fill_group", pass_context=True, retry=_AGAIN)
async def fill_group(context: JobContext, estate_id: int, group_id: int) -> None:
    """Fill the wallets of one group by its rule; enqueued where a balance crossed or money came in."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[estate_id]) as session:
        await operations.fill_group(session, estate_id=estate_id, group_id=group_id, now=now_utc())


@jobs.periodic(cron="*/15 * * * *")
@jobs.task(name="fill_groups", pass_context=True, queueing_lock="wallets:fill_groups")
async def fill_groups(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Have every group filled whose rule is on: a total may fall below a threshold and cross no line."""
    database: Database = context.additional_context["database"]

    async def ask(session: AsyncSession, *, estate_id: int, now: datetime) -> None:  # noqa: ARG001 - as every step
        for group_id in await queries.groups_to_fill(session, estate_id=estate_id):
            await operations.ask_filling(session, estate_id=estate_id, group_id=group_id)

    await in_every_estate(database, step=ask, clock=now_utc)


@jobs.periodic(cron="5 * * * *")
@jobs.task(name="end_stale_alerts", pass_context=True, queueing_lock="wallets:end_stale_alerts")
async def end_stale_alerts(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """End the alerts of spending limits that were about a day or a month that is over."""
    database = context.additional_context["database"]
    await in_every_estate(database, step=operations.end_stale_alerts, clock=now_utc)
