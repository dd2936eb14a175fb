"""Background tasks of notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from procrastinate import Blueprint, JobContext

from mita.kit.clock import now_utc
from mita.notifications import operations, queries

if TYPE_CHECKING:
    from mita.kit.db import Database
    from mita.notifications.operations import Post

POST = "post"
jobs = Blueprint()


@jobs.task(name="deliver_message", pass_context=True)
async def deliver_message(context: JobContext, message_id: str) -> None:
    """Hand over one message; enqueued where it was written."""
    await _deliver(context, UUID(message_id))


@jobs.task(name="push_alert", pass_context=True)
async def push_alert(context: JobContext, estate_id: int, alert_id: str) -> None:
    """Write an alert to the browsers of its person; enqueued where it was raised."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[estate_id]) as session:
        await operations.push_alert(session, estate_id=estate_id, alert_id=UUID(alert_id), now=now_utc())


@jobs.periodic(cron="* * * * *")
@jobs.task(name="deliver_due", pass_context=True, queueing_lock="notifications:deliver_due")
async def deliver_due(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Hand over the messages whose time has come again."""
    database: Database = context.additional_context["database"]
    async with database.unit_of_work(estates=[]) as session:
        due = await queries.due_messages(session, now=now_utc())
    for message_id in due:
        await _deliver(context, message_id)


async def _deliver(context: JobContext, message_id: UUID) -> None:
    database: Database = context.additional_context["database"]
    post: Post = context.additional_context[POST]
    async with database.unit_of_work(estates=[]) as session:
        await operations.deliver_message(session, message_id=message_id, post=post, now=now_utc())
