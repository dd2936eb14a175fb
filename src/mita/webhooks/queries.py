"""Reads of webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from mita.kit.errors import NotFound
from mita.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def endpoints(
    session: AsyncSession, *, estate_id: int, after_id: int = 0, limit: int = 100
) -> Sequence[WebhookEndpoint]:
    """Return an estate's endpoints by id, ``limit`` at most after ``after_id``."""
    row = WebhookEndpoint
    statement = select(row).where(row.estate_id == estate_id, row.endpoint_id > after_id)
    return (await session.scalars(statement.order_by(row.endpoint_id).limit(limit))).all()


async def endpoint(
    session: AsyncSession, *, estate_id: int, endpoint_id: int, lock: bool = False
) -> WebhookEndpoint:
    """Return one endpoint; with ``lock`` nobody else changes it until this transaction ends.

    :raises NotFound: if the estate has no such endpoint
    """
    found = await session.get(
        WebhookEndpoint, (estate_id, endpoint_id), with_for_update=lock or None, populate_existing=True
    )
    if found is None:
        raise NotFound(f"webhook endpoint {endpoint_id} does not exist in estate {estate_id}")
    return found


async def endpoint_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how many endpoints an estate has."""
    statement = select(func.count()).where(WebhookEndpoint.estate_id == estate_id)
    return int(await session.scalar(statement) or 0)


async def wanted_topics(session: AsyncSession, *, estate_id: int) -> frozenset[str]:
    """Return what any endpoint of an estate that is on wants to be told of; mostly nothing, and cheap."""
    row = WebhookEndpoint
    statement = select(func.unnest(row.topics)).where(row.estate_id == estate_id, row.is_on)
    return frozenset((await session.scalars(statement)).all())


async def deliveries(
    session: AsyncSession,
    *,
    estate_id: int,
    endpoint_id: int,
    topic: str | None = None,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[WebhookDelivery]:
    """Return an endpoint's deliveries, newest event first, ``limit`` at most, those older than ``before``.

    A ``topic`` or ``state`` of None filters nothing.
    """
    row = WebhookDelivery
    statement = select(row).where(row.estate_id == estate_id, row.endpoint_id == endpoint_id)
    if topic is not None:
        statement = statement.where(row.topic == topic)
    if state is not None:
        statement = statement.where(row.state == state)
    if before is not None:
        statement = statement.where(row.event_id < before)
    statement = statement.order_by(row.event_id.desc()).limit(limit)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def delivery(
    session: AsyncSession, *, estate_id: int, endpoint_id: int, event_id: UUID, lock: bool = False
) -> WebhookDelivery:
    """Return one delivery.

    :raises NotFound: if the endpoint has no delivery of that event
    """
    found = await session.get(
        WebhookDelivery,
        (estate_id, endpoint_id, event_id),
        with_for_update=lock or None,
        populate_existing=True,
    )
    if found is None:
        raise NotFound(f"endpoint {endpoint_id} has no delivery of event {event_id}")
    return found


async def attempts(
    session: AsyncSession, *, estate_id: int, endpoint_id: int, event_id: UUID
) -> Sequence[WebhookAttempt]:
    """Return the tries of a delivery in their order."""
    row = WebhookAttempt
    statement = select(row).where(
        row.estate_id == estate_id, row.endpoint_id == endpoint_id, row.event_id == event_id
    )
    return (await session.scalars(statement.order_by(row.number))).all()


async def due_estate_ids(session: AsyncSession, *, now: datetime) -> list[int]:
    """Return the ids of the estates, of all there are, that have something to deliver now."""
    statement = text("SELECT webhook_estate_ids(:now)")
    return sorted((await session.scalars(statement, {"now": now})).all())


async def waiting_count(session: AsyncSession) -> int:
    """Return how many deliveries of the estates that the session sees are not made yet."""
    found = select(func.count()).select_from(WebhookDelivery).where(WebhookDelivery.state == "waiting")
    return await session.scalar(found) or 0
