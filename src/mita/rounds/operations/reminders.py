"""Residents are reminded of meters that nobody has read: once early in time, once on the last day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates import queries as estate_queries
from mita.identity import queries as identity_queries
from mita.identity.domain import Role, Scope
from mita.notifications import operations as notifications
from mita.notifications import queries as alert_queries
from mita.notifications.domain import AlertKind
from mita.rounds import queries
from mita.rounds.domain import NO_RIGHT, stage_due
from mita.rounds.models import ReadingReminder
from mita.rounds.operations.tell import write_to
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Right

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterByHand
    from mita.rounds.queries import Today

UNITS_AT_ONCE = 200
_ROLES_MAX = 100_000
# nobody is woken up for a meter
_FROM_HOUR = 8


async def remind_residents(session: AsyncSession, *, estate_id: int, now: datetime) -> bool:
    """Remind the residents of some units of their meters, where it is time; say if more wait.

    Whoever may read a meter of the unit and hears of ``reading_due`` gets an alert and a message, once three
    days before the window's last one and once on that, from eight o'clock on. A run that was missed is made
    up on the next day of the window; of two that were missed only the later one is.
    """
    today = await queries.today(session, estate_id=estate_id, now=now)
    await notifications.resolve_outdated(
        session, estate_id=estate_id, kind=AlertKind.READING_DUE, day=today.day, now=now
    )
    if today.rule is None or today.rule.least_right == NO_RIGHT:
        return False
    stage = stage_due(today.window, day=today.day)
    if stage is None or now.astimezone(today.zone).hour < _FROM_HOUR:
        return False
    due = await queries.due_registers(session, estate_id=estate_id, span=today.span, unit_ids=None)
    await _end_done(session, estate_id=estate_id, due=due, now=now)
    told = await queries.reminded_units(
        session, estate_id=estate_id, window_on=today.window.from_on, stage=stage
    )
    waiting = sorted(due.keys() - told)
    chosen = {unit_id: due[unit_id] for unit_id in waiting[:UNITS_AT_ONCE]}
    heard_by = await _hearers(
        session, estate_id=estate_id, unit_ids=list(chosen), least=Right.of(today.rule.least_right), now=now
    )
    for unit_id in chosen:
        row = pg_insert(ReadingReminder).values(
            estate_id=estate_id,
            unit_id=unit_id,
            window_on=today.window.from_on,
            stage=stage,
            persons=len(heard_by[unit_id]),
            reminded_at=now,
        )
        is_first = await session.scalar(row.on_conflict_do_nothing().returning(ReadingReminder.unit_id))
        if is_first is None:
            del heard_by[unit_id]  # another worker was faster
    await _tell(session, today, chosen, heard_by, estate_id=estate_id, now=now)
    return len(waiting) > len(chosen)


async def end_reminders(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int], now: datetime
) -> None:
    """End the open reminders of units all of whose meters have been read in the window."""
    today = await queries.today(session, estate_id=estate_id, now=now)
    due = await queries.due_registers(session, estate_id=estate_id, span=today.span, unit_ids=unit_ids)
    for unit_id in sorted(set(unit_ids) - due.keys()):
        await notifications.resolve_alerts(
            session,
            estate_id=estate_id,
            kind=AlertKind.READING_DUE,
            subject=_subject(unit_id),
            now=now,
        )


async def _end_done(
    session: AsyncSession, *, estate_id: int, due: Mapping[int, object], now: datetime
) -> None:
    """End the reminders of units whose readings came another way."""
    waiting = {_subject(unit_id) for unit_id in due}
    is_open = await alert_queries.open_subjects(session, estate_id=estate_id, kind=AlertKind.READING_DUE)
    for subject in sorted(is_open - waiting):
        await notifications.resolve_alerts(
            session, estate_id=estate_id, kind=AlertKind.READING_DUE, subject=subject, now=now
        )


async def _hearers(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int], least: Right, now: datetime
) -> dict[int, set[int]]:
    """Return who is reminded, by unit: residents, and whoever has enough right and wants to hear."""
    found: dict[int, set[int]] = {unit_id: set() for unit_id in unit_ids}
    if not unit_ids:
        return found
    roles = await identity_queries.role_grants(
        session,
        role=Role.RESIDENT,
        scope=Scope.UNIT,
        of_estate_id=estate_id,
        is_live=True,
        limit=_ROLES_MAX,
        now=now,
    )
    for role in roles:
        if role.unit_id in found:
            found[role.unit_id].add(role.person_id)
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=unit_ids)
    for wallet_id, unit_id in sorted({(each.wallet_id, each.unit_id) for each in accounts}):
        for grant in await wallet_queries.live_grants(session, estate_id=estate_id, wallet_id=wallet_id):
            access = wallet_queries.access_of(grant)
            if AlertKind.READING_DUE not in access.hears:
                found[unit_id].discard(grant.person_id)
            elif access.allows(least):
                found[unit_id].add(grant.person_id)
    return found


async def _tell(
    session: AsyncSession,
    today: Today,
    chosen: Mapping[int, Sequence[RegisterByHand]],
    heard_by: Mapping[int, set[int]],
    *,
    estate_id: int,
    now: datetime,
) -> None:
    units = await estate_queries.units(session, estate_id=estate_id, unit_ids=list(heard_by))
    language = (await estate_queries.estate(session, estate_id=estate_id)).languages[0]
    for unit in units:
        persons = heard_by[unit.unit_id]
        values = {
            "unit": unit.name,
            "meters": ", ".join(dict.fromkeys(each.meter for each in chosen[unit.unit_id])),
            "last_on": today.window.last_on.isoformat(),
        }
        await notifications.raise_alert(
            session,
            estate_id=estate_id,
            kind=AlertKind.READING_DUE,
            subject=_subject(unit.unit_id),
            person_ids=sorted(persons),
            detail={**values, "over_on": today.window.until_on.isoformat()},
            now=now,
        )
        await write_to(
            session,
            person_ids=persons,
            template="reading_due",
            language=language,
            values=values,
            expires_at=today.span[1],
            now=now,
        )


def _subject(unit_id: int) -> str:
    return f"unit:{unit_id}"
