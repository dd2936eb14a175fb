"""Messages are written with their cause, sent by a job, and wiped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select

from mita.kit.enqueue import enqueue
from mita.kit.ids import new_id
from mita.kit.seal import seals_of
from mita.notifications.domain.messages import TRIES_MAX, Letter, again_after, written
from mita.notifications.models import Message
from mita.notifications.models.messages import MESSAGE_CONTENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_PROBLEM_MAX = 300


class NotDelivered(Exception):
    """A message could not be handed over; ``is_final`` if it never will be, ``is_open`` if nobody tried."""

    def __init__(self, problem: str, *, is_final: bool = False, is_open: bool = False) -> None:
        super().__init__(problem)
        self.is_final, self.is_open = is_final, is_open


class Post(Protocol):
    """Hands messages over to a mail server or a gateway."""

    async def deliver(self, letter: Letter, *, message_id: UUID) -> None:
        """Hand one over, or raise :class:`NotDelivered`; ``message_id`` names it to whoever takes it."""


async def queue_message(
    session: AsyncSession,
    *,
    channel: str,
    address: str | None,
    template: str,
    language: str,
    values: Mapping[str, str],
    person_id: int | None,
    expires_at: datetime,
    now: datetime,
) -> UUID:
    """Have a message sent once this transaction is committed; return its id.

    With no address all the same is done, and nobody gets it: who watches cannot tell the two apart.
    """
    shown = address or ""
    content = json.dumps({"address": shown, "values": dict(values)}).encode()
    sealed = seals_of(session).seal(content, about=MESSAGE_CONTENT.about)
    is_real = address is not None
    row = Message(
        message_id=new_id(),
        person_id=person_id,
        channel=channel,
        template=template,
        language=language,
        address_hint=_hint(shown),
        content_sealed=sealed if is_real else None,
        state="queued" if is_real else "nobody",
        tries=0,
        created_at=now,
        next_at=now,
        expires_at=expires_at,
        ended_at=None if is_real else now,
    )
    session.add(row)
    await session.flush()
    await enqueue(session, task="notifications:deliver_message", message_id=str(row.message_id))
    return row.message_id


def _hint(address: str) -> str:
    name, at, place = address.partition("@")
    if at:
        return f"{name[:1]}…@{place}"
    return f"…{address[-2:]}" if address else ""


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
    subject, text = written(row.template, language=row.language, values=content["values"])
    try:
        await post.deliver(Letter(row.channel, content["address"], subject, text), message_id=row.message_id)
    except NotDelivered as problem:
        _note(row, problem, now=now)
    else:
        row.tries += 1
        _end(row, state="sent", problem=None, now=now)
    await session.flush()


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
