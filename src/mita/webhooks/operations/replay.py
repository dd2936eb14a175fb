"""Deliveries are sent again because somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from mita.kit.errors import Conflict
from mita.webhooks import queries
from mita.webhooks.domain import DeliveryState
from mita.webhooks.models import WebhookDelivery
from mita.webhooks.operations.tell import wake

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Update
    from sqlalchemy.ext.asyncio import AsyncSession


class EndpointOff(Conflict):
    """The endpoint is off; nothing is sent there until somebody turns it on."""

    code = "webhook_endpoint_off"
    title = "The webhook endpoint is off"


async def replay_delivery(
    session: AsyncSession, *, estate_id: int, endpoint_id: int, event_id: UUID, now: datetime
) -> WebhookDelivery:
    """Send a delivery again, with the same id and body and all its tries; one that waits goes at once.

    :raises mita.kit.errors.NotFound: if the endpoint has no delivery of that event
    :raises EndpointOff: if the endpoint is off
    """
    await _require_on(session, estate_id=estate_id, endpoint_id=endpoint_id)
    row = WebhookDelivery
    statement = _again(now=now).where(
        row.estate_id == estate_id, row.endpoint_id == endpoint_id, row.event_id == event_id
    )
    await session.execute(statement)
    found = await queries.delivery(session, estate_id=estate_id, endpoint_id=endpoint_id, event_id=event_id)
    await wake(session)
    return found


async def replay_deliveries(
    session: AsyncSession,
    *,
    estate_id: int,
    endpoint_id: int,
    since: datetime,
    states: Sequence[DeliveryState],
    now: datetime,
) -> int:
    """Send again what was told since a time and stands in one of ``states``; return how many.

    :raises mita.kit.errors.NotFound: if there is no such endpoint
    :raises EndpointOff: if the endpoint is off
    """
    await _require_on(session, estate_id=estate_id, endpoint_id=endpoint_id)
    row = WebhookDelivery
    statement = _again(now=now).where(
        row.estate_id == estate_id,
        row.endpoint_id == endpoint_id,
        row.created_at >= since,
        row.state.in_([state.value for state in states]),
    )
    moved = (await session.scalars(statement.returning(row.event_id))).all()
    await wake(session)
    return len(moved)


async def _require_on(session: AsyncSession, *, estate_id: int, endpoint_id: int) -> None:
    found = await queries.endpoint(session, estate_id=estate_id, endpoint_id=endpoint_id)
    if not found.is_on:
        raise EndpointOff(f"webhook endpoint {endpoint_id} is off: turn it on first")


def _again(*, now: datetime) -> Update:
    row = WebhookDelivery
    return (
        update(row)
        .values(state=DeliveryState.WAITING.value, next_at=now, finished_at=None, tries_before=row.tries)
        .execution_options(synchronize_session=False)
    )
