"""Browsers ask to be told, and are told: subscriptions, and the messages that go to them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import delete, or_, text, update

from mita.identity import queries as identity
from mita.kit.enqueue import enqueue
from mita.kit.errors import Invalid
from mita.kit.ids import new_id
from mita.kit.seal import seals_of
from mita.notifications import queries
from mita.notifications.domain.push import (
    PUSH,
    PUSHED_FOR,
    TEST,
    BadSubscription,
    Browser,
    Push,
    checked_browser,
    new_push_key,
    path_of,
)
from mita.notifications.models import PushKey, PushSubscription
from mita.notifications.models.push import PUSH_SECRET, SUBSCRIPTION
from mita.notifications.operations.messages import NotDelivered, queue_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.notifications.models import Message

_DAY_S = 24 * 3600


async def push_key(session: AsyncSession, *, now: datetime) -> PushKey:
    """Return the key by which push services know this installation; the first call makes it."""
    found = await queries.current_push_key(session)
    if found is not None:
        return found
    # one of several processes makes it, the others find it
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtext('mita.push_key'))"))
    found = await queries.current_push_key(session)
    if found is not None:
        return found
    public, secret = new_push_key()
    sealed = seals_of(session).seal(secret, about=PUSH_SECRET.about)
    row = PushKey(push_key_id=new_id(), public_key=public, secret_sealed=sealed, created_at=now)
    session.add(row)
    await session.flush()
    return row


async def subscribe(
    session: AsyncSession,
    *,
    person_id: int,
    person_session_id: UUID,
    endpoint: str,
    p256dh: str,
    auth: str,
    language: str,
    now: datetime,
) -> PushSubscription:
    """Tell a person of alerts in the browser of their session; what it had before gives way.

    :raises Invalid: if a key cannot be one
    """
    try:
        browser = checked_browser(endpoint=endpoint, p256dh=p256dh, auth=auth)
    except BadSubscription as error:
        message = str(error)
        raise Invalid(
            f"keys.{error.path} {message}", problems=[{"path": f"body.keys.{error.path}", "message": message}]
        ) from error
    mark = hashlib.sha256(endpoint.encode()).digest()
    # the browser may have been somebody else's: what it shows is now this person's alone
    of_session = PushSubscription.person_session_id == person_session_id
    same = or_(PushSubscription.endpoint_hash == mark, of_session)
    await session.execute(delete(PushSubscription).where(same))
    row = PushSubscription(
        push_subscription_id=new_id(),
        person_id=person_id,
        person_session_id=person_session_id,
        endpoint_hash=mark,
        subscription_sealed=seals_of(session).seal(browser.sealable(), about=SUBSCRIPTION.about),
        host=(urlsplit(endpoint).hostname or "")[:255],
        language=language,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row


async def unsubscribe(session: AsyncSession, *, push_subscription_id: UUID, person_id: int) -> None:
    """Tell a browser no more.

    :raises mita.kit.errors.NotFound: if there is none, or it is another's
    """
    row = await queries.subscription(session, push_subscription_id=push_subscription_id, person_id=person_id)
    await session.delete(row)
    await session.flush()


async def forget_browsers(session: AsyncSession, *, person_id: int) -> None:
    """Tell a person in no browser any more."""
    await session.execute(delete(PushSubscription).where(PushSubscription.person_id == person_id))


async def enqueue_pushes(
    session: AsyncSession, *, estate_id: int, raised: Sequence[tuple[UUID, int | None]]
) -> None:
    """Have alerts, each with its person, shown in the persons' browsers; who has none costs nothing.

    What is sent is written by a job: who raises alerts (ingest) has no keys of secrets.
    """
    of_persons = [(alert_id, person_id) for alert_id, person_id in raised if person_id is not None]
    if not of_persons:
        return
    told = await queries.subscribed(session, person_ids=[person_id for _, person_id in of_persons])
    for alert_id, person_id in of_persons:
        if person_id in told:
            await enqueue(
                session, task="notifications:push_alert", estate_id=estate_id, alert_id=str(alert_id)
            )


async def push_alert(session: AsyncSession, *, estate_id: int, alert_id: UUID, now: datetime) -> int:
    """Write an alert to each browser of its person; return to how many. One that is over is not told."""
    alert = await queries.alert(session, estate_id=estate_id, alert_id=alert_id, person_id=None)
    if alert.person_id is None or alert.resolved_at is not None or alert.seen_at is not None:
        return 0
    detail = {**alert.detail, "path": path_of(alert.subject, estate_id=estate_id), "tag": str(alert_id)}
    rows = await queries.subscriptions(session, person_id=alert.person_id)
    for row in rows:
        await _queue(session, row, template=alert.kind, detail=detail, now=now)
    return len(rows)


async def push_test(
    session: AsyncSession, *, push_subscription_id: UUID, person_id: int, now: datetime
) -> None:
    """Write to one of a person's browsers that it works.

    :raises mita.kit.errors.NotFound: if there is none, or it is another's
    """
    row = await queries.subscription(session, push_subscription_id=push_subscription_id, person_id=person_id)
    await _queue(session, row, template=TEST, detail={"path": "", "tag": TEST}, now=now)


async def _queue(
    session: AsyncSession,
    row: PushSubscription,
    *,
    template: str,
    detail: Mapping[str, str | int],
    now: datetime,
) -> None:
    await queue_message(
        session,
        channel=PUSH,
        address=str(row.push_subscription_id),
        hint=row.host,
        template=template,
        language=row.language,
        values={name: str(value) for name, value in detail.items()},
        person_id=row.person_id,
        expires_at=now + PUSHED_FOR,
        now=now,
    )


async def addressed(
    session: AsyncSession, *, message: Message, address: str, values: Mapping[str, str], now: datetime
) -> Push:
    """Return how a message reaches its browser.

    :raises NotDelivered: if the person is told there no more: they stopped it, or signed out
    """
    row = await session.get(PushSubscription, UUID(address), populate_existing=True)
    if row is None:
        raise NotDelivered("nobody is told in that browser any more", is_final=True)
    if await identity.live_session(session, session_id=row.person_session_id, now=now) is None:
        raise NotDelivered("the person has signed out there", is_final=True, is_gone=True)
    seals = seals_of(session)
    key = await push_key(session, now=now)
    return Push(
        browser=Browser.opened(seals.open(bytes(row.subscription_sealed), about=SUBSCRIPTION.about)),
        secret=seals.open(bytes(key.secret_sealed), about=PUSH_SECRET.about),
        ttl_s=max(0, min(int((message.expires_at - now).total_seconds()), _DAY_S)),
        path=values["path"],
        tag=values["tag"],
    )


async def note_arrival(session: AsyncSession, *, address: str, now: datetime) -> None:
    """Keep when a browser was written to last."""
    same = PushSubscription.push_subscription_id == UUID(address)
    await session.execute(update(PushSubscription).where(same).values(last_sent_at=now))


async def forget_browser(session: AsyncSession, *, address: str) -> None:
    """Forget a browser that its push service does not know any more."""
    same = PushSubscription.push_subscription_id == UUID(address)
    await session.execute(delete(PushSubscription).where(same))
