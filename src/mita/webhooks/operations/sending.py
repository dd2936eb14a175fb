"""Deliveries that are due are claimed, and what came of each try is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID  # noqa: TC003 - a field of a result

from sqlalchemy import bindparam, delete, insert, text, update

from mita.kit.events import publish
from mita.kit.seal import KeyGone, seals_of
from mita.webhooks import queries
from mita.webhooks.domain import Answer, DeliveryState, next_of, off_reason
from mita.webhooks.events import EndpointSwitched
from mita.webhooks.models import OLD_SECRET, SECRET, WebhookAttempt, WebhookDelivery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from sqlalchemy import Row, Table
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.seal import Seals

ERROR_CHARS_MAX = 500
ANSWER_CHARS_MAX = 1024
# a test goes also to an endpoint that is off
_CLAIM = text("""
    WITH due AS (
        SELECT d.estate_id, d.endpoint_id, d.event_id
        FROM webhook_endpoint AS e
        CROSS JOIN LATERAL (
            SELECT w.estate_id, w.endpoint_id, w.event_id, w.next_at FROM webhook_delivery AS w
            WHERE w.estate_id = e.estate_id AND w.endpoint_id = e.endpoint_id
                AND w.state = 'waiting' AND w.next_at <= :now AND (e.is_on OR w.topic = 'ping')
            ORDER BY w.next_at
            LIMIT greatest(0, :at_once - coalesce((CAST(:busy AS jsonb) ->> e.endpoint_id::text)::int, 0))
            FOR UPDATE OF w SKIP LOCKED
        ) AS d
        ORDER BY d.next_at
        LIMIT :limit
    )
    UPDATE webhook_delivery AS d SET tries = d.tries + 1, next_at = :claimed_until
    FROM due, webhook_endpoint AS e
    WHERE (d.estate_id, d.endpoint_id, d.event_id) = (due.estate_id, due.endpoint_id, due.event_id)
        AND (e.estate_id, e.endpoint_id) = (d.estate_id, d.endpoint_id)
    RETURNING d.estate_id, d.endpoint_id, d.event_id, d.body, d.tries, d.tries_before, e.url, e.secret_sealed,
        CASE WHEN e.old_secret_until > :now THEN e.old_secret_sealed END AS old_secret_sealed
""")


_ROW = cast("Table", WebhookDelivery.__table__)
_CHANGE = (
    update(_ROW)
    .where(
        _ROW.c.estate_id == bindparam("of_estate"),
        _ROW.c.endpoint_id == bindparam("of_endpoint"),
        _ROW.c.event_id == bindparam("of_event"),
    )
    .values(
        {name: bindparam(name) for name in ("state", "next_at", "finished_at", "last_status", "last_error")}
    )
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process sends now: nobody else does, for a while.

    ``number`` counts its tries, ``tries`` those since it was made or replayed.
    """

    estate_id: int
    endpoint_id: int
    event_id: UUID
    url: str
    body: str
    secrets: tuple[str, ...]
    number: int
    tries: int


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of sending a claimed delivery; ``spread_permille`` is picked at random for its next delay."""

    claimed: Claimed
    answer: Answer
    sent_at: datetime
    spread_permille: int


async def claim_due(
    session: AsyncSession,
    *,
    busy: Mapping[int, int],
    at_once: int,
    limit: int,
    claim_for: timedelta,
    now: datetime,
) -> list[Claimed]:
    """Claim deliveries that are due in the estates this connection sees, oldest first.

    ``busy`` is how many this process sends to an endpoint already, by id; no endpoint gets more than
    ``at_once``. Who dies loses the claim after ``claim_for``, and the delivery is sent again: at least once.
    """
    shown = "{" + ",".join(f'"{int(key)}":{int(count)}' for key, count in busy.items()) + "}"
    parameters = {
        "now": now,
        "busy": shown,
        "at_once": at_once,
        "limit": limit,
        "claimed_until": now + claim_for,
    }
    found, seals = [], seals_of(session)
    for row in (await session.execute(_CLAIM, parameters)).all():
        claimed = Claimed(
            estate_id=row.estate_id,
            endpoint_id=row.endpoint_id,
            event_id=row.event_id,
            url=row.url,
            body=row.body,
            secrets=_opened(seals, row),
            number=row.tries,
            tries=row.tries - row.tries_before,
        )
        found.append(claimed)
    return found


def _opened(seals: Seals, row: Row[Any]) -> tuple[str, ...]:
    """Return the secrets that sign now, newest first; none if they do not open any more."""
    sealed = [(SECRET, row.secret_sealed), (OLD_SECRET, row.old_secret_sealed)]
    try:
        return tuple(
            seals.open(bytes(value), about=column.about).decode() for column, value in sealed if value
        )
    except KeyGone:
        return ()


async def record_tries(session: AsyncSession, *, tried: Sequence[Tried], now: datetime) -> None:
    """Record what came of tries of one estate, and turn off endpoints where nothing arrives any more.

    A delivery that was removed or replayed meanwhile is left as it is.
    """
    if not tried:
        return
    known = await _still_there(session, tried)
    tried = [each for each in tried if (each.claimed.endpoint_id, each.claimed.event_id) in known]
    if not tried:
        return
    await _record(session, tried, now=now)
    for endpoint_id in sorted({each.claimed.endpoint_id for each in tried}):
        of_endpoint = [each for each in tried if each.claimed.endpoint_id == endpoint_id]
        await _judge_endpoint(session, of_endpoint, now=now)


async def _still_there(session: AsyncSession, tried: Sequence[Tried]) -> set[tuple[int, UUID]]:
    """Hold the deliveries whose try is still the newest, and return which they are."""
    estate_id = tried[0].claimed.estate_id
    statement = text(
        "SELECT d.endpoint_id, d.event_id FROM webhook_delivery AS d"
        " JOIN unnest(CAST(:endpoints AS bigint[]), CAST(:events AS uuid[]), CAST(:numbers AS int[]))"
        " AS t (endpoint_id, event_id, number)"
        " ON d.endpoint_id = t.endpoint_id AND d.event_id = t.event_id AND d.tries = t.number"
        " WHERE d.estate_id = :estate_id ORDER BY d.endpoint_id, d.event_id FOR UPDATE OF d"
    )
    parameters = {
        "estate_id": estate_id,
        "endpoints": [each.claimed.endpoint_id for each in tried],
        "events": [each.claimed.event_id for each in tried],
        "numbers": [each.claimed.number for each in tried],
    }
    return {(row.endpoint_id, row.event_id) for row in await session.execute(statement, parameters)}


def _clean(said: str, *, chars_max: int) -> str:
    return "".join(each if each.isprintable() else " " for each in said)[:chars_max]


async def _record(session: AsyncSession, tried: Sequence[Tried], *, now: datetime) -> None:
    attempts, changes = [], []
    for each in tried:
        claimed, answer = each.claimed, each.answer
        error = answer.problem and _clean(answer.problem, chars_max=ERROR_CHARS_MAX)
        attempts.append(
            {
                "estate_id": claimed.estate_id,
                "endpoint_id": claimed.endpoint_id,
                "event_id": claimed.event_id,
                "number": claimed.number,
                "sent_at": each.sent_at,
                "duration_ms": answer.duration_ms,
                "status": answer.status,
                "error": error,
                "answer": _clean(answer.text, chars_max=ANSWER_CHARS_MAX),
            }
        )
        following = next_of(answer, tries=claimed.tries, spread_permille=each.spread_permille, now=now)
        changes.append(
            {
                "of_estate": claimed.estate_id,
                "of_endpoint": claimed.endpoint_id,
                "of_event": claimed.event_id,
                "state": following.state.value,
                "next_at": following.next_at,
                "finished_at": now if following.next_at is None else None,
                "last_status": answer.status,
                "last_error": error,
            }
        )
    await session.execute(insert(WebhookAttempt), attempts)
    # on the connection: many rows by many keys in one go
    await (await session.connection()).execute(_CHANGE, changes)


async def _judge_endpoint(session: AsyncSession, tried: Sequence[Tried], *, now: datetime) -> None:
    """Note since when nothing arrives; turn the endpoint off if that is too long, or it is gone."""
    claimed = tried[0].claimed
    key = {"estate_id": claimed.estate_id, "endpoint_id": claimed.endpoint_id}
    row = await queries.endpoint(session, **key, lock=True)
    gone = [each.answer for each in tried if each.answer.is_gone]
    if any(each.answer.is_delivered for each in tried) and not gone:
        row.failing_since = None
        await session.flush()
        return
    if row.failing_since is None:
        row.failing_since = now
    last = gone[0] if gone else tried[-1].answer
    reason = off_reason(last, failing_since=row.failing_since, now=now)
    if reason is None or not row.is_on:
        await session.flush()
        return
    row.is_on = False
    row.off_reason = reason[:ERROR_CHARS_MAX]
    row.updated_at = now
    await session.flush()
    await _give_up(session, **key, now=now)
    event = EndpointSwitched(**key, url=row.url, is_on=False, reason=row.off_reason)
    await publish(session, event, now=now)


async def _give_up(session: AsyncSession, *, estate_id: int, endpoint_id: int, now: datetime) -> None:
    """Let what still waits for an endpoint count as failed: it can be replayed."""
    row = WebhookDelivery
    await session.execute(
        update(row)
        .where(
            row.estate_id == estate_id,
            row.endpoint_id == endpoint_id,
            row.state == DeliveryState.WAITING.value,
        )
        .values(
            state=DeliveryState.FAILED.value,
            next_at=None,
            finished_at=now,
            last_error="the endpoint was turned off",
        )
        .execution_options(synchronize_session=False)
    )


async def forget_deliveries(session: AsyncSession, *, estate_id: int, before: datetime) -> int:
    """Delete deliveries, with their tries, that came to an end before a time; return how many."""
    row = WebhookDelivery
    statement = delete(row).where(row.estate_id == estate_id, row.finished_at < before)
    gone = await session.scalars(
        statement.returning(row.event_id).execution_options(synchronize_session=False)
    )
    return len(gone.all())
