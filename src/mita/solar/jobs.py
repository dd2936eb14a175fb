"""Background tasks of solar installations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.estates.operations import for_every_estate
from mita.kit.clock import now_utc
from mita.kit.desk import Desk
from mita.ledger.operations import StaleHeads
from mita.solar import operations

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()


@jobs.periodic(cron="25 * * * *")
@jobs.task(name="post_solar_credits", pass_context=True, queueing_lock="solar:post_solar_credits")
async def post_solar_credits(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Credit the homes of every estate for the months that are over there."""
    database: Database = context.additional_context["database"]
    desk = Desk(database, contention=(StaleHeads,))

    async def post(estate_id: int) -> None:
        await desk.run_alone(
            estate_id,
            lambda session: operations.post_solar_credits(session, estate_id=estate_id, now=now_utc()),
        )

    await for_every_estate(database, work=post)
