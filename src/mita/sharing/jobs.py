"""Background tasks of sharing."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.estates.operations import for_every_estate
from mita.kit.clock import now_utc
from mita.kit.desk import Desk
from mita.ledger.operations import StaleHeads
from mita.sharing import operations, queries

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()
logger = logging.getLogger("mita.sharing.jobs")


@jobs.periodic(cron="20 * * * *")
@jobs.task(name="settle_groups", pass_context=True, queueing_lock="sharing:settle_groups")
async def settle_groups(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Settle the generation of every group of every estate as far as its meters are read."""
    database: Database = context.additional_context["database"]
    desk = Desk(database, contention=(StaleHeads,))

    async def settle(estate_id: int) -> None:
        failed: list[Exception] = []
        async with database.unit_of_work(estates=[estate_id]) as session:
            rows = await queries.groups(session, estate_id=estate_id)
        for row in rows:
            work = partial(
                operations.settle_group,
                estate_id=estate_id,
                sharing_group_id=row.sharing_group_id,
                now=now_utc(),
            )
            try:
                await desk.run_alone(estate_id, work)
            except Exception as error:
                # one community whose figures are absurd is no reason to keep all others waiting
                logger.exception("group not settled estate=%d group=%d", estate_id, row.sharing_group_id)
                failed.append(error)
        if failed:
            raise failed[0]

    await for_every_estate(database, work=settle)
