"""Answers that are kept under idempotency keys: a request that comes again is answered again."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from mita.identity.models import KeptAnswer
from mita.identity.models.answers import ANSWER
from mita.kit.db import see_estates
from mita.kit.errors import KeyReused
from mita.kit.seal import seals_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request under an idempotency key: in which estate (0: in none), whose, SHA-256 of what it asks."""

    estate_id: int
    actor: str
    key: str
    request_hash: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it went out: HTTP status, media type, body."""

    status: int
    media_type: str
    body: bytes


@asynccontextmanager
async def _seeing(session: AsyncSession, estate_id: int) -> AsyncIterator[None]:
    seen = await session.scalar(text("SELECT current_setting('mita.estates', true)")) or ""
    await see_estates(session, estates=[estate_id])
    yield
    await session.execute(text("SELECT set_config('mita.estates', :seen, true)"), {"seen": seen})


async def begin_keyed(session: AsyncSession, *, keyed: Keyed, now: datetime) -> Answer | None:
    """Take a key for a request, or return what was answered to the same request before.

    Another request under the same key that is under way is waited for. The key is taken when the transaction
    commits, and not at all if it does not.

    :raises KeyReused: if the key belongs to another request
    """
    async with _seeing(session, keyed.estate_id):
        taken = insert(KeptAnswer).values(
            estate_id=keyed.estate_id,
            actor=keyed.actor,
            key=keyed.key,
            request_hash=keyed.request_hash,
            created_at=now,
        )
        is_new = await session.scalar(taken.on_conflict_do_nothing().returning(KeptAnswer.key))
        if is_new is not None:
            return None
        found = (await session.scalars(select(KeptAnswer).where(*_of(keyed)))).one()
    if bytes(found.request_hash) != keyed.request_hash:
        raise KeyReused(f"the key {keyed.key!r} belongs to another request")
    assert found.status is not None, "what has taken a key was answered in the same transaction"
    assert found.media_type is not None, "so was its media type kept"
    body = seals_of(session).open(bytes(found.answer_sealed or b""), about=ANSWER.about)
    return Answer(found.status, found.media_type, body)


async def keep_answer(session: AsyncSession, *, keyed: Keyed, answer: Answer) -> None:
    """Keep the answer of a request whose key this transaction has taken."""
    sealed = seals_of(session).seal(answer.body, about=ANSWER.about)
    async with _seeing(session, keyed.estate_id):
        await session.execute(
            update(KeptAnswer)
            .where(*_of(keyed))
            .values(status=answer.status, media_type=answer.media_type, answer_sealed=sealed)
        )


def _of(keyed: Keyed) -> tuple[ColumnElement[bool], ...]:
    return (
        KeptAnswer.estate_id == keyed.estate_id,
        KeptAnswer.actor == keyed.actor,
        KeptAnswer.key == keyed.key,
    )


async def forget_answers(session: AsyncSession, *, older_than: datetime) -> int:
    """Delete the answers of every estate that were kept before then, and return how many those were."""
    return int(await session.scalar(text("SELECT forget_answers(:then)"), {"then": older_than}) or 0)
