"""Messages are written with their cause; a job sends them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from mita.kit.enqueue import enqueue
from mita.kit.ids import new_id
from mita.kit.seal import seals_of
from mita.notifications.models import Message
from mita.notifications.models.messages import MESSAGE_CONTENT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.notifications.domain import Letter


class NotDelivered(Exception):
    """A message could not be handed over; ``is_final`` if it never will be, ``is_open`` if nobody tried.

    ``is_gone`` if nothing ever reaches that address again.
    """

    def __init__(
        self, problem: str, *, is_final: bool = False, is_open: bool = False, is_gone: bool = False
    ) -> None:
        super().__init__(problem)
        self.is_final, self.is_open, self.is_gone = is_final, is_open, is_gone


class Post(Protocol):
    """Hands messages over to a mail server, a gateway or a push service."""

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
    hint: str | None = None,
) -> UUID:
    """Have a message sent once this transaction is committed; return its id.

    With no address all the same is done, and nobody gets it: who watches cannot tell the two apart. ``hint``
    is what lists show of the address; without it they show a part of it.
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
        address_hint=_hint(shown) if hint is None else hint,
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
