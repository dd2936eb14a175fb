"""Background tasks of the registry: silence, what readings tell, old frames, tasks that are over, prices."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate import Blueprint, JobContext

from mita.devices import operations
from mita.estates.operations import in_every_estate
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

jobs = Blueprint()


@jobs.periodic(cron="*/10 * * * *")
@jobs.task(name="note_silence", pass_context=True, queueing_lock="devices:note_silence")
async def note_silence(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Open issues of devices that say nothing for too long, or lack meters or readings."""
    database: Database = context.additional_context["database"]
    await in_every_estate(database, step=operations.note_heard, clock=now_utc)


@jobs.periodic(cron="*/15 * * * *")
@jobs.task(name="note_readings", pass_context=True, queueing_lock="devices:note_readings")
async def note_readings(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Open and close the issues that meters' newest readings tell of, and those of tokens that end."""
    database: Database = context.additional_context["database"]

    async def note(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
        await operations.note_readings(session, estate_id=estate_id, now=now)
        await operations.note_tokens(session, estate_id=estate_id, now=now)

    await in_every_estate(database, step=note, clock=now_utc)


@jobs.task(name="write_to_staff", pass_context=True)
async def write_to_staff(context: JobContext, estate_id: int, issue_ids: str) -> None:
    """Write to an estate's staff of issues, named with commas; enqueued where they were opened."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[estate_id]) as session:
        await operations.write_to_staff(
            session,
            estate_id=estate_id,
            issue_ids=[UUID(each) for each in issue_ids.split(",")],
            now=now_utc(),
        )


@jobs.periodic(cron="17 * * * *")
@jobs.task(name="forget_frames", pass_context=True, queueing_lock="devices:forget_frames")
async def forget_frames(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Forget frames of more than a day ago."""
    database: Database = context.additional_context["database"]
    await in_every_estate(database, step=operations.forget_frames, clock=now_utc)


@jobs.periodic(cron="*/5 * * * *")
@jobs.task(name="expire_device_tasks", pass_context=True, queueing_lock="devices:expire_device_tasks")
async def expire_device_tasks(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Let tasks of devices fail that could not be carried out in time."""
    database: Database = context.additional_context["database"]
    await in_every_estate(database, step=operations.expire_tasks, clock=now_utc)


@jobs.periodic(cron="3-59/15 * * * *")
@jobs.task(name="follow_rate_tables", pass_context=True, queueing_lock="devices:follow_rate_tables")
async def follow_rate_tables(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Ask meters whose settings want it to charge by the rate tables in force."""
    database: Database = context.additional_context["database"]
    await in_every_estate(database, step=operations.follow_rate_tables, clock=now_utc)
