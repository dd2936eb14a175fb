"""Reads of alerts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from mita.kit.errors import NotFound
from mita.notifications.models import Alert

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.notifications.domain import AlertKind


async def alerts(
    session: AsyncSession,
    *,
    estate_id: int,
    person_id: int | None,
    is_open: bool | None = None,
    kind: AlertKind | None = None,
    before: UUID | None = None,
    limit: int = 100,
) -> Sequence[Alert]:
    """Return alerts of an estate, newest first, ``limit`` at most, those older than ``before``.

    With a ``person_id`` only that person's; None is staff, who see all. None of the others filters.
    """
    statement = select(Alert).where(Alert.estate_id == estate_id)
    if person_id is not None:
        statement = statement.where(Alert.person_id == person_id)
    if is_open is not None:
        statement = statement.where(
            Alert.resolved_at.is_(None) if is_open else Alert.resolved_at.is_not(None)
        )
    if kind is not None:
        statement = statement.where(Alert.kind == kind)
    if before is not None:
        statement = statement.where(Alert.alert_id < before)
    statement = statement.order_by(Alert.alert_id.desc()).limit(limit)
    return (await session.scalars(statement.execution_options(populate_existing=True))).all()


async def alert(session: AsyncSession, *, estate_id: int, alert_id: UUID, person_id: int | None) -> Alert:
    """Return one alert; with a ``person_id`` only if it was raised to that person.

    :raises NotFound: if there is no such alert, or it is another's
    """
    found = await session.get(Alert, (estate_id, alert_id), populate_existing=True)
    if found is None or person_id not in (None, found.person_id):
        raise NotFound(f"alert {alert_id} does not exist in estate {estate_id}")
    return found


async def open_subjects(session: AsyncSession, *, estate_id: int, kind: str) -> set[str]:
    """Return what the open alerts of a kind are about."""
    statement = select(Alert.subject).where(
        Alert.estate_id == estate_id, Alert.kind == kind, Alert.resolved_at.is_(None)
    )
    return set((await session.scalars(statement)).all())


async def open_counts(session: AsyncSession, *, estate_ids: Sequence[int]) -> dict[int, int]:
    """Return how many alerts to each estate's staff are open, by estate id."""
    statement = (
        select(Alert.estate_id, func.count())
        .where(Alert.estate_id.in_(list(estate_ids)), Alert.person_id.is_(None), Alert.resolved_at.is_(None))
        .group_by(Alert.estate_id)
    )
    rows = await session.execute(statement)
    return dict.fromkeys(estate_ids, 0) | {row[0]: row[1] for row in rows}
