"""Alerts are raised, seen and resolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.notifications import queries
from mita.notifications.domain import MOMENTARY, AlertKind
from mita.notifications.events import AlertRaised
from mita.notifications.models import Alert
from mita.notifications.operations.push import enqueue_pushes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


async def raise_alert(
    session: AsyncSession,
    *,
    estate_id: int,
    kind: str,
    subject: str,
    person_ids: Sequence[int | None],
    detail: Mapping[str, str | int],
    now: datetime,
) -> None:
    """Raise an alert to each of ``person_ids``; None among them is the estate's staff.

    ``subject`` names what it is about (``wallet:7``), ``detail`` what the sentence says, money as text.
    Whoever has an open alert of the same kind and subject gets no second one. An alert that tells of a
    moment takes the place of the one before.

    :raises ValueError: if the kind is not one of :class:`mita.notifications.domain.AlertKind`
    """
    known = AlertKind(kind)
    if not person_ids:
        return
    if known in MOMENTARY:
        await resolve_alerts(session, estate_id=estate_id, kind=known, subject=subject, now=now)
    rows = [
        {
            "estate_id": estate_id,
            "alert_id": new_id(),
            "kind": known.value,
            "subject": subject,
            "person_id": person_id,
            "detail": dict(detail),
            "raised_at": now,
        }
        for person_id in dict.fromkeys(person_ids)
    ]
    statement = pg_insert(Alert).values(rows).on_conflict_do_nothing()
    answer = await session.execute(statement.returning(Alert.alert_id, Alert.person_id))
    raised = [(row.alert_id, row.person_id) for row in answer.all()]
    await enqueue_pushes(session, estate_id=estate_id, raised=raised)
    for alert_id, person_id in raised:
        event = AlertRaised(estate_id, alert_id, known, subject, person_id)
        await publish(session, event, now=now)


async def resolve_alerts(
    session: AsyncSession, *, estate_id: int, kind: str, subject: str, now: datetime
) -> None:
    """End the open alerts of a kind about a subject, whoever heard of them; none open does nothing."""
    await resolve_kinds(session, estate_id=estate_id, kinds=[kind], subject=subject, now=now)


async def resolve_kinds(
    session: AsyncSession, *, estate_id: int, kinds: Sequence[str], subject: str, now: datetime
) -> None:
    """End the open alerts of several kinds about a subject in one statement."""
    await session.execute(
        update(Alert)
        .where(
            Alert.estate_id == estate_id,
            Alert.kind.in_([AlertKind(kind).value for kind in kinds]),
            Alert.subject == subject,
            Alert.resolved_at.is_(None),
        )
        .values(resolved_at=now)
    )


async def resolve_outdated(
    session: AsyncSession, *, estate_id: int, kind: str, day: date, now: datetime
) -> None:
    """End the open alerts of a kind whose ``over_on`` (an ISO date in their detail) is not after ``day``."""
    await session.execute(
        update(Alert)
        .where(
            Alert.estate_id == estate_id,
            Alert.kind == AlertKind(kind).value,
            Alert.resolved_at.is_(None),
            Alert.detail["over_on"].astext <= day.isoformat(),
        )
        .values(resolved_at=now)
    )


async def mark_seen(
    session: AsyncSession, *, estate_id: int, alert_id: UUID, person_id: int | None, now: datetime
) -> Alert:
    """Note that an alert was seen, by staff or by the person it was raised to; again changes nothing.

    :raises mita.kit.errors.NotFound: if there is no such alert, or a person asks for another's
    """
    alert = await queries.alert(session, estate_id=estate_id, alert_id=alert_id, person_id=person_id)
    if alert.seen_at is None:
        alert.seen_at = now
        await session.flush()
    return alert
