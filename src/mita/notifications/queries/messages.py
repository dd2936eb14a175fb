"""Reads of messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.notifications.models import Message

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def messages(
    session: AsyncSession, *, state: str | None = None, before: UUID | None = None, limit: int = 100
) -> Sequence[Message]:
    """Return messages, newest first, ``limit`` at most, those older than ``before``; None is any state."""
    statement = select(Message)
    if state is not None:
        statement = statement.where(Message.state == state)
    if before is not None:
        statement = statement.where(Message.message_id < before)
    statement = statement.order_by(Message.message_id.desc()).limit(limit)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def due_messages(session: AsyncSession, *, now: datetime, limit: int = 100) -> Sequence[UUID]:
    """Return messages whose time has come, the oldest first."""
    statement = select(Message.message_id).where(Message.state == "queued", Message.next_at <= now)
    return (await session.scalars(statement.order_by(Message.next_at).limit(limit))).all()
