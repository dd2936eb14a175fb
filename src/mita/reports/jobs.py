"""Background tasks of reports."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.estates import queries as estate_queries
from mita.estates.operations import in_every_estate
from mita.kit.clock import now_utc
from mita.kit.zones import last_months, zone
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.operations import Loss
from mita.reports import queries
from mita.reports.domain import Step, steps_of

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

logger = logging.getLogger(__name__)
jobs = Blueprint()


# each hour, as estates' months end at different times and readings of the past still come
@jobs.periodic(cron="35 * * * *")
@jobs.task(name="measure_losses", pass_context=True, queueing_lock="reports:measure_losses")
async def measure_losses(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Note what every estate's bulk meters lost in the last whole local month."""
    database: Database = context.additional_context["database"]
    await in_every_estate(database, step=measure_estate, clock=now_utc)


async def measure_estate(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
    """Note what an estate's bulk meters lost in the last whole local month, as far as all of it is known."""
    utilities = await metering_queries.bulk_utilities(session, estate_id=estate_id)
    if not utilities:
        return
    estate = await estate_queries.estate(session, estate_id=estate_id)
    local = zone(estate.time_zone)
    month, until, _ = last_months(now.astimezone(local).date(), count=2)
    steps = steps_of(Step.MONTH, first=month, until=until, zone=local)
    losses = []
    for utility in utilities:
        try:
            found = await queries.reconciliation(
                session, estate_id=estate_id, utility=utility, steps=steps, local=local
            )
        except queries.TooManyValues:
            logger.warning("losses not measured estate=%d utility=%s: too many meters", estate_id, utility)
            continue
        for each in found:
            bulk, sub = each.found.totals_micro
            # with a reading missing, the difference is not the loss
            if bulk > 0 and not each.found.is_partial:
                losses.append(Loss(each.area.bulk_meter_id, bulk, bulk - sub))
    await metering.note_losses(session, estate_id=estate_id, month=month, losses=losses, now=now)
