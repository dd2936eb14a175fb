"""An event becomes deliveries, in the transaction that causes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import any_, insert, literal, select, text
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

from mita.kit.ids import new_id
from mita.webhooks import queries
from mita.webhooks.domain import PING, DeliveryState, body_of
from mita.webhooks.models import WebhookDelivery, WebhookEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.webhooks.domain import Topic

WEBHOOKS_CHANNEL = "mita_webhooks"
_COLUMNS = ("estate_id", "endpoint_id", "event_id", "topic", "body", "state", "tries", "tries_before",
            "next_at", "created_at")  # fmt: skip


async def tell(
    session: AsyncSession, *, estate_id: int, topic: Topic, data: Mapping[str, Any], now: datetime
) -> int:
    """Put an event on its way to every endpoint of the estate that wants it; return to how many.

    ``data`` is what the payload carries: ids, and amounts as decimal texts. The deliveries exist exactly if
    the transaction does.
    """
    row = WebhookEndpoint
    hearing = (row.estate_id == estate_id, row.is_on.is_(True), literal(topic.value) == any_(row.topics))
    return await _deliver(session, topic=topic.value, data=data, hearing=hearing, event_id=new_id(), now=now)


async def ping(session: AsyncSession, *, estate_id: int, endpoint_id: int, now: datetime) -> WebhookDelivery:
    """Put a test on its way to one endpoint, also to one that is off, and return it.

    :raises mita.kit.errors.NotFound: if there is no such endpoint
    """
    await queries.endpoint(session, estate_id=estate_id, endpoint_id=endpoint_id)
    row, event_id = WebhookEndpoint, new_id()
    hearing = (row.estate_id == estate_id, row.endpoint_id == endpoint_id)
    data = {"endpoint_id": endpoint_id}
    await _deliver(session, topic=PING, data=data, hearing=hearing, event_id=event_id, now=now)
    return await queries.delivery(session, estate_id=estate_id, endpoint_id=endpoint_id, event_id=event_id)


async def _deliver(
    session: AsyncSession,
    *,
    topic: str,
    data: Mapping[str, Any],
    hearing: tuple[ColumnElement[bool], ...],
    event_id: UUID,
    now: datetime,
) -> int:
    row = WebhookEndpoint
    body = body_of(topic, data=data, now=now)
    chosen = select(
        row.estate_id,
        row.endpoint_id,
        literal(event_id, PG_UUID(as_uuid=True)),
        literal(topic),
        literal(body),
        literal(DeliveryState.WAITING.value),
        literal(0),
        literal(0),
        literal(now, WebhookDelivery.created_at.type),
        literal(now, WebhookDelivery.created_at.type),
    ).where(*hearing)
    statement = insert(WebhookDelivery).from_select(_COLUMNS, chosen)
    made = await session.execute(statement.returning(WebhookDelivery.endpoint_id))
    count = len(made.all())
    if count:
        await wake(session)
    return count


async def wake(session: AsyncSession) -> None:
    """Let who delivers look, once this transaction is committed."""
    await session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": WEBHOOKS_CHANNEL})
