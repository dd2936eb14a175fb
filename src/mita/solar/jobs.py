"""Background tasks of solar installations."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.estates import queries as estates
from mita.kit.clock import now_utc
from mita.kit.desk import Desk
from mita.ledger.operations import StaleHeads
from mita.solar import operations

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()
logger = logging.getLogger("mita.solar.jobs")


@jobs.periodic(cron="25 * * * *")
@jobs.task(name="post_solar_credits", pass_context=True, queueing_lock="solar:post_solar_credits")
async def post_solar_credits(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Credit the homes of every estate for the months that are over there."""
    database: Database = context.additional_context["database"]
    failed: list[Exception] = []
    desk = Desk(database, contention=(StaleHeads,))
    for estate_id in await estates.every_estate_id(database):
        work = partial(operations.post_solar_credits, estate_id=estate_id, now=now_utc())
        try:
            await desk.run_alone(estate_id, work)
        except Exception as error:
            # one estate whose figures are absurd is no reason to keep all others waiting
            logger.exception("solar credits not posted estate=%d", estate_id)
            failed.append(error)
    if failed:
        raise failed[0]
