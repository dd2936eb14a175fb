"""Writes of flexibility: events are made, begun, followed and ended; units take part, or leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import insert, text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.credit import operations as credit
from mita.credit import queries as credit_queries
from mita.credit.domain import SWITCHING, Cause, Limit, LimitCause
from mita.credit.operations import ELECTRICITY
from mita.estates import queries as estates
from mita.flexibility import queries
from mita.flexibility.domain import ASKED, LIVE, UNITS_MAX, Terms, left_out
from mita.flexibility.events import FlexibilityEnded, FlexibilityStarted
from mita.flexibility.models import FlexibilityConsent, FlexibilityEvent, FlexibilityUnit
from mita.kit.errors import Conflict, Invalid, NotFound
from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.kit.live import hint
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.events import SupplyChanged, SupplyLimited, SupplyUnchanged

_UNITS_AT_ONCE = 100
_REASON_MAX = 300
_OVER = "the flexibility event is over"


class EventsOverlap(Conflict):
    """A unit is asked by another event in these hours."""

    code = "flexibility_events_overlap"
    title = "Another event asks these units"


class EventOver(Conflict):
    """The event is over, or was cancelled."""

    code = "flexibility_event_over"
    title = "The event is over"


async def plan_event(
    session: AsyncSession,
    *,
    estate_id: int,
    terms: Terms,
    unit_ids: Sequence[int] | None,
    actor: str,
    now: datetime,
) -> FlexibilityEvent:
    """Plan an event for some units, or with None for every unit with electricity.

    Who takes part, is protected or cannot is looked at when it begins.

    :raises Invalid: if what it asks contradicts itself, or it is about no unit
    :raises NotFound: if one of the units is not of the estate, or has no electricity
    :raises EventsOverlap: if another event asks one of the units in these hours
    """
    problems = terms.problems(now=now)
    if problems:
        raise Invalid(
            "; ".join(f"{field} {sentence}" for field, sentence in problems),
            problems=[{"path": field, "message": sentence} for field, sentence in problems],
        )
    # of two events that are made at once the later one sees the other
    lock = text("SELECT pg_advisory_xact_lock(hashtext('flexibility'), CAST(:estate_id AS integer))")
    await session.execute(lock, {"estate_id": estate_id % 2**31})
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, utility=ELECTRICITY)
    with_electricity = {each.unit_id for each in accounts}
    wanted = sorted(with_electricity if unit_ids is None else set(unit_ids))
    strange = [unit_id for unit_id in wanted if unit_id not in with_electricity]
    if strange:
        raise NotFound(f"unit {strange[0]} of estate {estate_id} has no electricity")
    if not wanted or len(wanted) > UNITS_MAX:
        raise Invalid(f"an event is about 1 to {UNITS_MAX} units, this one is about {len(wanted)}")
    taken = await queries.units_taken(
        session, estate_id=estate_id, from_at=terms.from_at, until_at=terms.until_at
    )
    if taken & set(wanted):
        raise EventsOverlap(f"unit {min(taken & set(wanted))} is asked by another event in these hours")
    event = FlexibilityEvent(
        estate_id=estate_id,
        flexibility_event_id=new_id(),
        title=terms.title.strip(),
        kind=terms.kind,
        limit_w=terms.limit_w,
        from_at=terms.from_at,
        until_at=terms.until_at,
        state="planned",
        created_by=actor,
        created_at=now,
        changed_at=now,
    )
    session.add(event)
    await session.flush()
    rows = [
        {
            "estate_id": estate_id,
            "flexibility_event_id": event.flexibility_event_id,
            "unit_id": unit_id,
            "state": "planned",
            "reason": "",
            "changed_at": now,
        }
        for unit_id in wanted
    ]
    await session.execute(insert(FlexibilityUnit), rows)
    return event


async def settle_events(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Begin the events whose time has come, ask a hundred of their units, and end those that are over.

    Return how many units were asked or left out: as long as there are some, more may wait.
    """
    seen = 0
    for event in await queries.due_events(session, estate_id=estate_id, now=now):
        if event.until_at <= now:
            await _end(session, event, state="over", now=now)
            continue
        if event.state == "planned":
            event.state, event.changed_at = "running", now
            await session.flush()
            await publish(session, FlexibilityStarted(estate_id, event.flexibility_event_id), now=now)
        seen += await _ask(session, event, now=now)
    return seen


async def _ask(session: AsyncSession, event: FlexibilityEvent, *, now: datetime) -> int:
    estate_id = event.estate_id
    rows = await queries.units(
        session,
        estate_id=estate_id,
        event_id=event.flexibility_event_id,
        states=["planned"],
        limit=_UNITS_AT_ONCE,
    )
    unit_ids = [row.unit_id for row in rows]
    consents = await queries.consents(session, estate_id=estate_id, unit_ids=unit_ids)
    able = credit_queries.unswitchable if event.kind == "shed" else credit_queries.unlimitable
    unable = await able(session, estate_id=estate_id, unit_ids=unit_ids, utility=ELECTRICITY)
    supplies = await credit.hold_supplies(session, estate_id=estate_id, unit_ids=unit_ids)
    for row in rows:
        supplied = supplies.get((row.unit_id, ELECTRICITY))
        cannot = "the unit has no electricity any more" if supplied is None else unable.get(row.unit_id)
        left = left_out(consents[row.unit_id], unable=cannot)
        if supplied is None or left is not None:
            assert left is not None, "without electricity it cannot"
            _move(row, *left, now=now)
            continue
        _move(row, "asked", "", now=now)
        # its own state first: what is asked may be so already, and be told at once
        await session.flush()
        reason = f"flexibility event: {event.title}"[:_REASON_MAX]
        actor = event.created_by
        if event.limit_w is None:
            stop = credit.Stop(Cause.EVENT, reason, actor, event.until_at)
            await credit.put_stop(session, supplied=supplied, stop=stop, now=now)
        else:
            limit = Limit(LimitCause.EVENT, event.limit_w, reason, actor, event.until_at)
            await credit.put_limit(session, supplied=supplied, limit=limit, now=now)
        if await _is_so(session, event, unit_id=row.unit_id):
            _move(row, "confirmed", "", now=now)
    await session.flush()
    return len(rows)


async def _is_so(session: AsyncSession, event: FlexibilityEvent, *, unit_id: int) -> bool:
    """Tell whether a unit's device has said that it does what an event asks: perhaps for another cause."""
    estate_id = event.estate_id
    if not await credit_queries.is_supply_on(
        session, estate_id=estate_id, unit_id=unit_id, utility=ELECTRICITY
    ):
        return True
    if event.limit_w is None:
        return False
    known = await credit_queries.supply_limit(
        session, estate_id=estate_id, unit_id=unit_id, utility=ELECTRICITY
    )
    return known is not None and known.limit_w is not None and known.limit_w <= event.limit_w


def _move(row: FlexibilityUnit, state: str, reason: str, *, now: datetime) -> None:
    row.state, row.reason, row.changed_at = state, reason[:_REASON_MAX], now


async def follow_supply(
    session: AsyncSession, event: SupplyLimited | SupplyChanged | SupplyUnchanged, now: datetime
) -> None:
    """Record what a device said, or did not say, of a unit that was asked in a running event."""
    if event.utility != ELECTRICITY:
        return
    running = await queries.running_of_unit(session, estate_id=event.estate_id, unit_id=event.unit_id)
    for asked, row in running:
        if row.state not in ASKED:
            continue
        if await _is_so(session, asked, unit_id=event.unit_id):
            if row.state != "confirmed":
                _move(row, "confirmed", "", now=now)
        elif (action := getattr(event, "action", None)) is None:
            if row.state == "confirmed":
                _move(row, "asked", "the device does not do so any more", now=now)
        elif (action in SWITCHING) is (asked.kind == "shed"):
            reason = getattr(event, "reason", "") or "the device did not say that it did"
            _move(row, "failed", reason, now=now)
    await session.flush()


async def cancel_event(
    session: AsyncSession, *, estate_id: int, event_id: UUID, now: datetime
) -> FlexibilityEvent:
    """Cancel an event; of one that is running everything is lifted. Doing so again changes nothing.

    :raises NotFound: if the estate has no such event
    :raises EventOver: if it is over
    """
    event = await queries.event(session, estate_id=estate_id, event_id=event_id, lock=True)
    if event.state == "over":
        raise EventOver(f"flexibility event {event_id} is over")
    if event.state in LIVE:
        await _end(session, event, state="cancelled", now=now)
    return event


async def _end(session: AsyncSession, event: FlexibilityEvent, *, state: str, now: datetime) -> None:
    was_running = event.state == "running"
    event.state, event.changed_at = state, now
    rows = await queries.units(
        session,
        estate_id=event.estate_id,
        event_id=event.flexibility_event_id,
        states=[*ASKED, "planned"],
        limit=None,
    )
    await _give_back(session, event, unit_ids=[row.unit_id for row in rows if row.state in ASKED], now=now)
    for row in rows:
        if row.state == "asked":
            _move(row, "failed", row.reason or "its device had not said so when the event ended", now=now)
        elif row.state == "planned" and state == "over":
            _move(row, "failed", "the event was over before the unit was asked", now=now)
    await session.flush()
    if was_running:
        await publish(session, FlexibilityEnded(event.estate_id, event.flexibility_event_id), now=now)


async def _give_back(
    session: AsyncSession, event: FlexibilityEvent, *, unit_ids: Collection[int], now: datetime
) -> None:
    """Lift what an event asked of supplies; what else holds them stays."""
    supplies = await credit.hold_supplies(session, estate_id=event.estate_id, unit_ids=unit_ids)
    for (_, utility), supplied in sorted(supplies.items()):
        if utility != ELECTRICITY:
            continue
        if event.limit_w is None:
            await credit.lift_stop(session, supplied=supplied, cause=Cause.EVENT, reason=_OVER, now=now)
        else:
            cause = LimitCause.EVENT
            await credit.lift_limit(session, supplied=supplied, cause=cause, reason=_OVER, now=now)


async def leave_event(
    session: AsyncSession, *, estate_id: int, event_id: UUID, unit_id: int, now: datetime
) -> FlexibilityUnit:
    """Take a unit out of an event, before or while it runs; what was asked is lifted at once.

    :raises NotFound: if the event is not about the unit
    :raises EventOver: if it is over, or was cancelled
    """
    event = await queries.event(session, estate_id=estate_id, event_id=event_id, lock=True)
    if event.state not in LIVE:
        raise EventOver(f"flexibility event {event_id} is {event.state}")
    row = await session.get(
        FlexibilityUnit, (estate_id, event_id, unit_id), with_for_update={"key_share": True}
    )
    if row is None:
        raise NotFound(f"flexibility event {event_id} is not about unit {unit_id}")
    await _leave(session, event, row, now=now)
    return row


async def _leave(
    session: AsyncSession, event: FlexibilityEvent, row: FlexibilityUnit, *, now: datetime
) -> None:
    if row.state in ASKED:
        await _give_back(session, event, unit_ids=[row.unit_id], now=now)
    if row.state in (*ASKED, "planned"):
        _move(row, "left", "the unit opted out", now=now)
        await session.flush()
        await hint(session, estate_id=event.estate_id, topic="supply", ids=[row.unit_id])


async def set_consent(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    takes_part: bool,
    is_protected: bool | None,
    actor: str,
    now: datetime,
) -> FlexibilityConsent:
    """Set whether a unit takes part; None leaves its protection as it is.

    One that takes part no more, or is protected from now on, leaves the events that are running.

    :raises NotFound: if the estate has no such unit
    """
    await estates.unit(session, estate_id=estate_id, unit_id=unit_id, lock=True)
    before = (await queries.consents(session, estate_id=estate_id, unit_ids=[unit_id]))[unit_id]
    protected = before.is_protected if is_protected is None else is_protected
    values = {
        "takes_part": takes_part,
        "is_protected": protected,
        "changed_by": actor,
        "changed_at": now,
    }
    statement = pg_insert(FlexibilityConsent).values(estate_id=estate_id, unit_id=unit_id, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "unit_id"], set_=values)
    )
    if protected or not takes_part:
        for event, row in await queries.running_of_unit(session, estate_id=estate_id, unit_id=unit_id):
            await _leave(session, event, row, now=now)
    found = await queries.consent(session, estate_id=estate_id, unit_id=unit_id)
    assert found is not None, "it was written above"
    return found


async def forget_consent(session: AsyncSession, *, estate_id: int, unit_id: int, now: datetime) -> None:
    """Let a unit take part no more: who agreed has moved out. Its protection stays until staff ends it."""
    await session.execute(
        update(FlexibilityConsent)
        .where(
            FlexibilityConsent.estate_id == estate_id,
            FlexibilityConsent.unit_id == unit_id,
            FlexibilityConsent.takes_part,
        )
        .values(takes_part=False, changed_by="system:flexibility", changed_at=now)
    )
