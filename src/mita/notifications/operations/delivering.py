"""A job hands messages over, tries again, and wipes what they said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from mita.kit.seal import seals_of
from mita.notifications.domain.messages import TRIES_MAX, Letter, again_after, written
from mita.notifications.domain.push import PUSH, pushed_text
from mita.notifications.models import Message
from mita.notifications.models.messages import MESSAGE_CONTENT
from mita.notifications.operations import push
from mita.notifications.operations.messages import NotDelivered

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.notifications.operations.messages import Post

_PROBLEM_MAX = 300


async def deliver_message(session: AsyncSession, *, message_id: UUID, post: Post, now: datetime) -> None:
    """Hand a message over and wipe what it said; what fails is tried again later, up to eight times.

    Another worker's message, one that ended and one whose time has not come are left alone. A worker that
    dies between the handing over and its commit hands the message over twice.
    """
    statement = select(Message).where(Message.message_id == message_id).with_for_update(skip_locked=True)
    row = (await session.scalars(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None or row.state != "queued" or row.next_at > now or row.content_sealed is None:
        return
    if row.expires_at <= now:
        _end(row, state="failed", problem=row.problem or "it came too late to be of use", now=now)
        await session.flush()
        return
    content = json.loads(seals_of(session).open(bytes(row.content_sealed), about=MESSAGE_CONTENT.about))
    try:
        letter = await _letter(session, row, content=content, now=now)
        await post.deliver(letter, message_id=row.message_id)
    except NotDelivered as problem:
        if problem.is_gone:
            await push.forget_browser(session, address=content["address"])
        _note(row, problem, now=now)
    else:
        if row.channel == PUSH:
            await push.note_arrival(session, address=content["address"], now=now)
        row.tries += 1
        _end(row, state="sent", problem=None, now=now)
    await session.flush()


async def _letter(session: AsyncSession, row: Message, *, content: dict[str, Any], now: datetime) -> Letter:
    address, values = content["address"], content["values"]
    if row.channel != PUSH:
        subject, text = written(row.template, language=row.language, values=values)
        return Letter(row.channel, address, subject, text)
    to_browser = await push.addressed(session, message=row, address=address, values=values, now=now)
    title, text = pushed_text(row.template, language=row.language, detail=values)
    return Letter(row.channel, to_browser.browser.endpoint, title, text, to_browser)


def _note(row: Message, problem: NotDelivered, *, now: datetime) -> None:
    said = str(problem)[:_PROBLEM_MAX]
    if problem.is_open:
        row.problem, row.next_at = said, now + again_after(1)
        return
    row.tries += 1
    if problem.is_final or row.tries >= TRIES_MAX:
        _end(row, state="failed", problem=said, now=now)
        return
    row.problem, row.next_at = said, now + again_after(row.tries)


def _end(row: Message, *, state: str, problem: str | None, now: datetime) -> None:
    row.state, row.problem, row.ended_at = state, problem, now
    row.content_sealed = None
