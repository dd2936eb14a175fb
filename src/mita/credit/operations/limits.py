"""Load limits: what a supply is to be held to. The lowest one is asked of the device by a supply command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.credit import queries
from mita.credit.domain import LIMIT_W_MAX, OPEN_STATES, Limit, LimitCause, lowest
from mita.credit.models import LoadLimit
from mita.credit.operations.commands import Supplied, ask_supply, wake_sender
from mita.credit.operations.stops import held_supply, hold_supplies
from mita.kit.errors import Conflict, Invalid
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.events import SupplyChanged
    from mita.credit.models import SupplyCommand, SupplyLimit

ELECTRICITY = "electricity"
_LIMITS_AT_ONCE = 100
_ENDED = "the limit has ended"


class CannotLimit(Conflict):
    """No device can hold the supply to a power, as they are set up."""

    code = "supply_cannot_be_limited"
    title = "The supply cannot be limited"


async def put_limit(session: AsyncSession, *, supplied: Supplied, limit: Limit, now: datetime) -> None:
    """Limit a supply for one cause; a limit of that cause that stands is replaced.

    The caller holds the row of the supply's account, and has seen that a device can do it.
    """
    values = {
        "limit_w": limit.limit_w,
        "reason": limit.reason,
        "set_by": limit.set_by,
        "until": limit.until,
    }
    statement = pg_insert(LoadLimit).values(
        estate_id=supplied.estate_id,
        unit_id=supplied.unit_id,
        utility=supplied.utility,
        cause=limit.cause.value,
        since=now,
        **values,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["estate_id", "unit_id", "utility", "cause"], set_=values
        )
    )
    await _ask(session, supplied, reason=limit.reason, now=now)


async def lift_limit(
    session: AsyncSession, *, supplied: Supplied, cause: LimitCause, reason: str, now: datetime
) -> bool:
    """Take one cause away; return whether it limited the supply. The others hold it to what they say.

    The caller holds the row of the supply's account.
    """
    gone = await session.execute(
        delete(LoadLimit)
        .where(
            LoadLimit.estate_id == supplied.estate_id,
            LoadLimit.unit_id == supplied.unit_id,
            LoadLimit.utility == supplied.utility,
            LoadLimit.cause == cause.value,
        )
        .returning(LoadLimit.cause)
    )
    if not gone.all():
        return False
    await _ask(session, supplied, reason=reason, now=now)
    return True


async def _ask(
    session: AsyncSession, supplied: Supplied, *, reason: str, now: datetime, is_again: bool = False
) -> None:
    """Ask the device for what holds now, unless it was asked for that already and did not say otherwise."""
    place: dict[str, Any] = {
        "estate_id": supplied.estate_id,
        "unit_id": supplied.unit_id,
        "utility": supplied.utility,
    }
    rows = await queries.load_limits(
        session, estate_id=supplied.estate_id, unit_ids=[supplied.unit_id], utility=supplied.utility
    )
    wanted_w = lowest(row.limit_w for row in rows)
    newest = await queries.newest_limit_command(session, **place)
    if newest is not None and newest.state in OPEN_STATES and newest.limit_w == wanted_w:
        # it waits perhaps until the supply is on
        await wake_sender(session, estate_id=supplied.estate_id, command_id=newest.command_id)
        return
    is_open = newest is not None and newest.state in OPEN_STATES
    known = await queries.supply_limit(session, **place)
    is_so = _held_w(known, newest) == wanted_w and not _may_be_held(known, newest)
    if not is_open and is_so and not (is_again and wanted_w is not None):
        return
    holding = next((row for row in rows if row.limit_w == wanted_w), None)
    await ask_supply(
        session,
        supplied=supplied,
        action="lift" if wanted_w is None else "limit",
        limit_w=wanted_w,
        until=None if holding is None else holding.until,
        reason=reason,
        now=now,
    )


def _may_be_held(known: SupplyLimit | None, newest: SupplyCommand | None) -> bool:
    """Tell whether a device was given a limit and has said nothing since: it may have obeyed."""
    if newest is None or newest.action != "limit" or newest.state != "failed" or newest.attempts == 0:
        return False
    return known is None or known.since < newest.asked_at


def _held_w(known: SupplyLimit | None, newest: SupplyCommand | None) -> int | None:
    """Return what a supply is held to, as it was asked for: a device may say it in rougher steps."""
    if known is None:
        return None
    is_of_newest = newest is not None and newest.command_id == known.command_id
    return newest.limit_w if newest is not None and is_of_newest else known.limit_w


async def limit_by_staff(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    utility: str,
    limit_w: int,
    until: datetime | None,
    actor: str,
    now: datetime,
) -> None:
    """Hold a unit's supply to a power in watts until a time, or until staff lifts that.

    :raises NotFound: if the unit has no such supply
    :raises Invalid: if it is no power, not of electricity, or would be over already
    :raises CannotLimit: if no device of the unit can
    """
    problems = []
    if utility != ELECTRICITY:
        problems.append({"path": "utility", "message": "only electricity can be held to a power"})
    if not 0 < limit_w <= LIMIT_W_MAX:
        problems.append({"path": "limit_w", "message": f"must be from 1 to {LIMIT_W_MAX} watts"})
    if until is not None and until <= now:
        problems.append({"path": "until", "message": "must lie ahead"})
    if problems:
        raise Invalid(
            "; ".join(each["message"] for each in problems), problems=[{**each} for each in problems]
        )
    supplied = await held_supply(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    unable = await queries.unlimitable(session, estate_id=estate_id, unit_ids=[unit_id], utility=utility)
    if unit_id in unable:
        raise CannotLimit(f"unit {unit_id}: {unable[unit_id]}")
    limit = Limit(LimitCause.STAFF, limit_w, "limited by staff", actor, until)
    await put_limit(session, supplied=supplied, limit=limit, now=now)


async def lift_limit_by_staff(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str, now: datetime
) -> None:
    """Lift the limit that staff put on a supply; doing so again changes nothing.

    :raises NotFound: if the unit has no such supply
    """
    supplied = await held_supply(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    reason = "staff lifts the limit"
    await lift_limit(session, supplied=supplied, cause=LimitCause.STAFF, reason=reason, now=now)


async def lift_ended_limits(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Lift up to a hundred limits whose end has come; return how many were looked at."""
    keys = await queries.ended_limits(session, estate_id=estate_id, now=now, limit=_LIMITS_AT_ONCE)
    supplies = await hold_supplies(session, estate_id=estate_id, unit_ids={unit_id for unit_id, _, _ in keys})
    for unit_id, utility, word in keys:
        supplied = supplies[unit_id, utility]
        await lift_limit(session, supplied=supplied, cause=LimitCause(word), reason=_ENDED, now=now)
    return len(keys)


async def renew_limit(session: AsyncSession, event: SupplyChanged, now: datetime) -> None:
    """Ask for the limit that still holds once a supply is on: a device that was off may have forgotten it."""
    if event.is_on:
        await ask_limit_again(
            session, estate_id=event.estate_id, unit_id=event.unit_id, utility=event.utility, now=now
        )


async def ask_limit_again(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str, now: datetime
) -> None:
    """Ask a device again for the limit that holds, if there is one, or to lift one that does not.

    The rows of accounts are not held: who records what devices say holds commands already.
    """
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    account = next((each for each in accounts if each.utility == utility), None)
    if account is not None:
        supplied = Supplied(estate_id, unit_id, utility, account.account_id, 0)
        await _ask(session, supplied, reason="the limit still holds", now=now, is_again=True)
