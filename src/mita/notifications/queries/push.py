"""Reads of web push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.kit.errors import NotFound
from mita.notifications.models import PushKey, PushSubscription

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def current_push_key(session: AsyncSession) -> PushKey | None:
    """Return the key that browsers subscribe with: the oldest; None before the first one is made."""
    statement = select(PushKey).order_by(PushKey.created_at, PushKey.push_key_id).limit(1)
    return (await session.scalars(statement)).one_or_none()


async def subscriptions(session: AsyncSession, *, person_id: int) -> Sequence[PushSubscription]:
    """Return the browsers in which a person is told, the oldest first; a session has one at most."""
    statement = select(PushSubscription).where(PushSubscription.person_id == person_id)
    ordered = statement.order_by(PushSubscription.push_subscription_id)
    return (await session.scalars(ordered.execution_options(populate_existing=True))).all()


async def subscribed(session: AsyncSession, *, person_ids: Sequence[int]) -> set[int]:
    """Return which of some persons are told in a browser at all."""
    statement = select(PushSubscription.person_id).where(PushSubscription.person_id.in_(person_ids))
    return set((await session.scalars(statement)).all())


async def subscription(
    session: AsyncSession, *, push_subscription_id: UUID, person_id: int
) -> PushSubscription:
    """Return one of a person's own.

    :raises NotFound: if there is none, or it is another's
    """
    found = await session.get(PushSubscription, push_subscription_id, populate_existing=True)
    if found is None or found.person_id != person_id:
        raise NotFound(f"push subscription {push_subscription_id} does not exist")
    return found
