"""Another rate table for a time that is charged already: it is charged again, the difference posted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.charging import queries
from mita.charging.domain.causes import of_table
from mita.charging.models import ReratingDue
from mita.charging.operations.lane import bump_lane
from mita.charging.operations.release import settle_again
from mita.charging.operations.timed_marks import mark_units
from mita.charging.operations.weigh import changes_by_unit
from mita.estates import queries as estate_queries
from mita.kit.clock import from_us, to_us
from mita.kit.enqueue import enqueue
from mita.kit.errors import NotFound
from mita.metering import queries as metering_queries
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import Assignment, Scope, changed_from, in_force, segments
from mita.tariffs.events import RateTableAssigned
from mita.tariffs.operations import checked_order

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterInfo
    from mita.tariffs.operations import Order

AT_ONCE_MAX = 20  # registers that are charged again in the transaction of the assignment
JOB = "charging:rerate_estate"


async def react_to_assignment(session: AsyncSession, event: RateTableAssigned, now: datetime) -> None:
    """Find the registers whose charged past an assignment changes; a few are charged again now, many soon.

    :raises NotFound: if the estate has no such unit, meter or register
    """
    # the lane first: nobody charges between the look at the past and the end of the transaction
    await bump_lane(session, estate_id=event.estate_id)
    infos = await _named(session, event)
    await mark_units(
        session,
        estate_id=event.estate_id,
        utility=event.utility,
        unit_ids=None if event.assignment.scope is Scope.ESTATE else {info.unit_id for info in infos},
        day=event.assignment.effective_from,
    )
    assignments = await tariff_queries.assignments(session, estate_id=event.estate_id, utility=event.utility)
    since = await _changes(session, event, infos=infos, assignments=assignments)
    waiting = await queries.reratings_due(session, estate_id=event.estate_id)
    rows = [
        {
            "estate_id": event.estate_id,
            "register_id": register_id,
            "through_assignment_id": (
                waiting[register_id].through_assignment_id
                if register_id in waiting
                else event.assignment.assignment_id - 1
            ),
            "since": min(at, waiting[register_id].since) if register_id in waiting else at,
            "cause": _cause(event.assignment),
            "created_at": now,
        }
        for register_id, at in since.items()
    ]
    if not rows:
        return
    statement = pg_insert(ReratingDue)
    newer = {name: statement.excluded[name] for name in ("since", "cause", "created_at")}
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "register_id"], set_=newer), rows
    )
    left = len(rows)
    if left <= AT_ONCE_MAX:
        left = await rerate_due(session, estate_id=event.estate_id, limit=AT_ONCE_MAX, now=now)
    if left:
        await enqueue(session, task=JOB, estate_id=event.estate_id)


@dataclass(frozen=True, slots=True)
class AssignmentEffect:
    """What putting a table in force would do: the registers named, and since when each is charged again.

    ``change_micro`` is by unit what its wallet would pay more for what was used, with tax; negative is given
    back. Standing charges and what else falls due by the calendar are booked again beside it. None is too
    much to work out now.
    """

    utility: str
    currency: str
    registers: list[RegisterInfo]
    since: dict[int, datetime]
    change_micro: Mapping[int, int] | None

    @property
    def is_at_once(self) -> bool:
        """Whether few enough are charged again to be done with the assignment, not soon after it."""
        return len(self.since) <= AT_ONCE_MAX


async def assignment_effect(session: AsyncSession, *, estate_id: int, order: Order) -> AssignmentEffect:
    """Return what an assignment would change of what is charged already; keep nothing, refuse the same.

    :raises NotFound: if the estate has no such table, unit, meter or register
    :raises mita.kit.errors.Invalid: if the dates do not fit
    :raises mita.tariffs.operations.AlreadyInForce: if another table holds that date, and it is no correction
    """
    table, since, current = await checked_order(session, estate_id=estate_id, order=order)
    known = await tariff_queries.assignments(session, estate_id=estate_id, utility=table.utility)
    newest = Assignment(
        # newer than all that are stored
        assignment_id=max((each.assignment_id for each in known), default=0) + 1,
        role=order.role,
        scope=order.scope,
        target_id=order.target_id,
        effective_from=since,
        effective_until=order.effective_until,
        rate_table_id=order.rate_table_id,
    )
    event = RateTableAssigned(estate_id, table.utility, newest)
    infos = await _named(session, event)
    changes: dict[int, datetime] = {}
    if current is None:
        known = [*known, newest]
        changes = await _changes(session, event, infos=infos, assignments=known)
    change_micro = await changes_by_unit(
        session, estate_id=estate_id, registers=infos, since=changes, assignments=known
    )
    return AssignmentEffect(table.utility, table.currency, infos, changes, change_micro)


async def rerate_due(session: AsyncSession, *, estate_id: int, limit: int, now: datetime) -> int:
    """Charge some of the registers again that wait for it; return how many still do.

    :raises mita.ledger.operations.StaleHeads: if a balance moved meanwhile (roll back and repeat)
    """
    # whoever else charges waits here, so no two workers take the same register
    await bump_lane(session, estate_id=estate_id)
    waiting = await queries.reratings_due(session, estate_id=estate_id)
    chosen = sorted(waiting)[:limit]
    if chosen:
        memory = await queries.new_memory(session, estate_id=estate_id)
        for register_id in chosen:
            due = waiting[register_id]
            info = await metering_queries.register(session, estate_id=estate_id, register_id=register_id)
            (place,) = await queries.books_of(session, memory, infos=[info], is_newest=True)
            await settle_again(
                session,
                memory,
                register_id=register_id,
                # a reading at that very instant ends the interval before it
                since_s=to_us(due.since) // 1_000_000 + 1,
                cause=due.cause,
                new_book=memory.books[place],
                now=now,
            )
        await session.execute(
            delete(ReratingDue).where(ReratingDue.estate_id == estate_id, ReratingDue.register_id.in_(chosen))
        )
    return len(waiting) - len(chosen)


async def _named(session: AsyncSession, event: RateTableAssigned) -> list[RegisterInfo]:
    """Return the registers of the utility that the assignment is for."""
    scope, target_id = event.assignment.scope, event.assignment.target_id
    if scope is Scope.UNIT:
        await estate_queries.unit(session, estate_id=event.estate_id, unit_id=target_id)
    infos = await metering_queries.registers_of_utility(
        session, estate_id=event.estate_id, utility=event.utility
    )
    named = [info for info in infos if queries.target_of(info).id_in(scope) == target_id]
    if scope in (Scope.METER, Scope.REGISTER) and not named:
        raise NotFound(f"estate {event.estate_id} has no {scope.shown} {target_id} of {event.utility}")
    return named


async def _changes(
    session: AsyncSession,
    event: RateTableAssigned,
    *,
    infos: Sequence[RegisterInfo],
    assignments: Sequence[Assignment],
) -> dict[int, datetime]:
    """Return since when each register's charged past changes, of those whose past does.

    ``assignments`` are all of the utility with the event's, which is the newest.
    """
    memory = await queries.new_memory(session, estate_id=event.estate_id)
    memory.tables |= await tariff_queries.tables_by_id(
        session, estate_id=event.estate_id, rate_table_ids=[each.rate_table_id for each in assignments]
    )
    waiting = await queries.reratings_due(session, estate_id=event.estate_id)
    states = await metering_queries.register_states(
        session, estate_id=event.estate_id, register_ids=[info.register_id for info in infos]
    )
    found: dict[int, datetime] = {}
    for info in infos:
        sides = [
            in_force(
                segments(known, target=queries.target_of(info), role=event.assignment.role),
                tables=memory.tables,
            )
            for known in (
                _without(event.assignment, queries.standing(assignments, info=info, waiting=waiting)),
                assignments,
            )
        ]
        day = changed_from(*sides)
        anchor_s = states[info.register_id].anchor_s
        if day is not None and anchor_s is not None:
            at = _midnight(day, local=memory.zone)
            if from_us(anchor_s * 1_000_000) > at:
                found[info.register_id] = at
    return found


def _without(newest: Assignment, assignments: Sequence[Assignment]) -> list[Assignment]:
    return [each for each in assignments if each.assignment_id < newest.assignment_id]


def _cause(assignment: Assignment) -> str:
    return of_table(
        assignment.rate_table_id, from_on=assignment.effective_from, until_on=assignment.effective_until
    )


def _midnight(day: date, *, local: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=local).astimezone(UTC)
