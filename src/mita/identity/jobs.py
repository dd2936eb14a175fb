"""Background tasks of identity."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.identity import operations, queries
from mita.kit.clock import now_utc
from mita.kit.db import see_estates

if TYPE_CHECKING:
    from mita.kit.db import Database

jobs = Blueprint()
ANSWERS_KEPT = timedelta(days=7)


@jobs.periodic(cron="20 * * * *")
@jobs.task(name="tidy_sign_in", pass_context=True, queueing_lock="identity:tidy_sign_in")
async def tidy_sign_in(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Delete what signing in needs no more."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[]) as session:
        await operations.tidy_sign_in(session, now=now_utc())


@jobs.periodic(cron="35 * * * *")
@jobs.task(name="forget_answers", pass_context=True, queueing_lock="identity:forget_answers")
async def forget_answers(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Delete what was answered under idempotency keys a week ago."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[]) as session:
        await operations.forget_answers(session, older_than=now_utc() - ANSWERS_KEPT)


@jobs.periodic(cron="50 2 * * *")
@jobs.task(name="forget_old", pass_context=True, queueing_lock="identity:forget_old")
async def forget_old(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Delete what is older than its kind of data is kept."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[]) as session:
        await operations.forget_old(session, now=now_utc())


@jobs.periodic(cron="* * * * *")
@jobs.task(name="seal_audit", pass_context=True, queueing_lock="identity:seal_audit")
async def seal_audit(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Put what the audit log has gained into its chains, in portions."""
    database: Database = context.additional_context["database"]
    while await _seal_some(database):
        pass


async def _seal_some(database: Database) -> int:
    async with database.unit_of_work(estates=[]) as session:
        everyone = await queries.audited_estates(session)
        await see_estates(session, estates=everyone)
        return await operations.seal_audit(session, estates=everyone, now=now_utc())
