"""Background tasks that ask one feature for what another one knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.credit import queries as credit
from mita.devices import operations as devices
from mita.estates.operations import in_every_estate
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

jobs = Blueprint()


@jobs.periodic(cron="41 */6 * * *")
@jobs.task(name="note_frozen", pass_context=True, queueing_lock="upkeep:note_frozen")
async def note_frozen(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Open and close the issues of meters that stand still, where the supply is on."""
    database: Database = context.additional_context["database"]

    async def note(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
        known = await credit.supplies(session, estate_id=estate_id)
        supplies = {key: each.since if each.is_on else None for key, each in known.items()}
        await devices.note_frozen(session, estate_id=estate_id, supplies=supplies, now=now)

    await in_every_estate(database, step=note, clock=now_utc)
