"""Background tasks of charging."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.charging import operations
from mita.estates.operations import for_every_estate, in_every_estate
from mita.kit.clock import now_utc
from mita.kit.desk import Desk
from mita.ledger.operations import StaleHeads

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()
_RERATED_AT_ONCE = 25
_TIMED_AT_ONCE = 200
SUPPLY_SIGHT = "supply_sight"  # what a worker may bring: when supplies were off


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(name="post_accruals", pass_context=True, queueing_lock="charging:post_accruals")
async def post_accruals(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Post what has accrued in the estates whose hour or day is over."""
    database = context.additional_context["database"]
    await in_every_estate(database, step=operations.post_due_accruals, clock=now_utc)


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(name="post_timed_charges", pass_context=True, queueing_lock="charging:post_timed_charges")
async def post_timed_charges(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Book what fell due by the calendar in every estate: standing charges, demand, minimum bills."""
    database: Database = context.additional_context["database"]
    sight: operations.SupplySight = context.additional_context.get(SUPPLY_SIGHT, operations.never_off)
    desk = Desk(database, contention=(StaleHeads, operations.StaleLane))

    async def post(estate_id: int) -> None:
        work = partial(
            operations.post_timed_charges,
            estate_id=estate_id,
            limit=_TIMED_AT_ONCE,
            now=now_utc(),
            sight=sight,
        )
        seen = 1
        while seen:
            seen = await desk.run_alone(estate_id, work)

    await for_every_estate(database, work=post)


@jobs.task(name="rerate_estate", pass_context=True)
async def rerate_estate(context: JobContext, estate_id: int) -> None:
    """Charge again, some registers at a time, whose rate table for the past has changed."""
    desk = Desk(context.additional_context["database"], contention=(StaleHeads, operations.StaleLane))
    left = 1
    while left:
        left = await desk.run_alone(
            estate_id,
            lambda session: operations.rerate_due(
                session, estate_id=estate_id, limit=_RERATED_AT_ONCE, now=now_utc()
            ),
        )


@jobs.task(name="derive_virtual", pass_context=True)
async def derive_virtual(context: JobContext, estate_id: int) -> None:
    """Charge what an estate's virtual meters show once their parts were read."""
    await _derive(context.additional_context["database"], estate_id)


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(name="derive_waiting", pass_context=True, queueing_lock="charging:derive_waiting")
async def derive_waiting(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Charge what virtual meters show that a job which was killed left waiting, in every estate."""
    database: Database = context.additional_context["database"]
    await for_every_estate(database, work=partial(_derive, database))


async def _derive(database: Database, estate_id: int) -> None:
    desk = Desk(database, contention=(StaleHeads, operations.StaleLane))
    seen = 1
    while seen:
        # what comes out of one virtual meter may go into another
        seen = await desk.run_alone(
            estate_id,
            lambda session: operations.derive_virtual(session, estate_id=estate_id, now=now_utc()),
        )


@jobs.periodic(cron="*/10 * * * *")
@jobs.task(name="tell_of_rates", pass_context=True, queueing_lock="charging:tell_of_rates")
async def tell_of_rates(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Tell the residents of every estate whose prices change soon, or were corrected."""
    database = context.additional_context["database"]
    await in_every_estate(database, step=operations.tell_of_rates, clock=now_utc, is_repeated=True)
