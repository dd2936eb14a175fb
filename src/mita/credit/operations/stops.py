"""Stops: why a supply is off. Off is asked when the first one takes effect, on when the last one goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - a field of what is wanted
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, update

from mita.credit import queries
from mita.credit.domain import Cause, action_on_gone, action_on_new, is_worth_stopping
from mita.credit.events import CutDeferred
from mita.credit.models import SupplyStop
from mita.credit.operations.commands import Supplied, ask_supply
from mita.credit.operations.deferral import end_deferral
from mita.kit.errors import NotFound
from mita.kit.events import publish
from mita.ledger import queries as ledger_queries
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

_STOPS_AT_ONCE = 100
# why a supply is asked on when a stop ends by itself
_ENDED = {
    Cause.BALANCE: "the stop has ended",
    Cause.SPEND_LIMIT: "the spending limit begins anew",
    Cause.STAFF: "the stop has ended",
    Cause.EVENT: "the demand event is over",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a supply is to be off, since who said so, and when that ends by itself."""

    cause: Cause
    reason: str
    set_by: str
    until: datetime | None = None


async def put_stop(session: AsyncSession, *, supplied: Supplied, stop: Stop, now: datetime) -> None:
    """Stop a supply for one cause; a stop of that cause that stands keeps its reason and gets the new end.

    In friendly hours it is written and asks nothing yet. The caller holds the row of the supply's account,
    so nobody else stops or restores it meanwhile.
    """
    standing = await _standing(session, supplied)
    known = standing.pop(stop.cause, None)
    due_at = now
    if stop.cause.knows_friendly_hours:
        due_at = await queries.next_cut(session, estate_id=supplied.estate_id, instant=now)
    if known is None:
        if is_worth_stopping(due_at=due_at, until=stop.until):
            await _begin(session, supplied, stop, due_at=due_at, others=standing, now=now)
    elif known.is_asked or is_worth_stopping(due_at=known.due_at, until=stop.until):
        await session.execute(_one(supplied, stop.cause, update(SupplyStop)).values(until=stop.until))
    else:
        await _spare(session, supplied, stop.cause, now=now)


async def _begin(
    session: AsyncSession,
    supplied: Supplied,
    stop: Stop,
    *,
    due_at: datetime,
    others: dict[Cause, SupplyStop],
    now: datetime,
) -> None:
    is_due = due_at <= now
    row = {
        **_key(supplied),
        "cause": stop.cause.value,
        "reason": stop.reason,
        "set_by": stop.set_by,
        "since": now,
        "due_at": due_at,
        "until": stop.until,
        "is_asked": is_due,
    }
    await session.execute(insert(SupplyStop), [row])
    if not is_due:
        await _tell_deferred(session, supplied, stop.cause, until=due_at, now=now)
    elif action_on_new(is_due=True, others_in_effect=_in_effect(others)):
        await ask_supply(session, supplied=supplied, action="off", reason=stop.reason, now=now)


async def lift_stop(
    session: AsyncSession, *, supplied: Supplied, cause: Cause, reason: str, now: datetime
) -> bool:
    """Take one cause away; return whether it stopped the supply. Nothing is restored that others stop too.

    The caller holds the row of the supply's account.
    """
    standing = await _standing(session, supplied)
    gone = standing.pop(cause, None)
    if gone is None:
        return False
    await session.execute(_one(supplied, cause, delete(SupplyStop)))
    action = action_on_gone(was_in_effect=gone.is_asked, others_in_effect=_in_effect(standing))
    if action is not None:
        await ask_supply(session, supplied=supplied, action=action, reason=reason, now=now)
    if not gone.is_asked:
        await end_deferral(
            session, estate_id=supplied.estate_id, unit_id=supplied.unit_id, utility=supplied.utility, now=now
        )
    return True


async def stop_by_staff(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    utility: str,
    reason: str,
    actor: str,
    now: datetime,
) -> bool:
    """Stop a supply until staff lifts that; return whether staff had not stopped it already.

    :raises NotFound: if the unit has no such supply
    """
    supplied = await held_supply(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    is_new = Cause.STAFF not in await _standing(session, supplied)
    stop = Stop(Cause.STAFF, f"stopped by staff: {reason}", actor)
    await put_stop(session, supplied=supplied, stop=stop, now=now)
    return is_new


async def lift_by_staff(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str, now: datetime
) -> None:
    """Lift what staff stopped; other causes go on.

    :raises NotFound: if the unit has no such supply, or staff has not stopped it
    """
    supplied = await held_supply(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    reason = "staff lifted its stop"
    if not await lift_stop(session, supplied=supplied, cause=Cause.STAFF, reason=reason, now=now):
        raise NotFound(f"staff has not stopped {utility} of unit {unit_id}")


async def ask_due_stops(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Let up to a hundred deferred stops that are due take effect; return how many were looked at.

    One that has met other friendly hours meanwhile is deferred again.
    """
    keys = await queries.due_stops(session, estate_id=estate_id, now=now, limit=_STOPS_AT_ONCE)
    supplies = await hold_supplies(session, estate_id=estate_id, unit_ids={unit_id for unit_id, _, _ in keys})
    due_at = await queries.next_cut(session, estate_id=estate_id, instant=now)
    for unit_id, utility, word in keys:
        await _ask_one(session, supplies[unit_id, utility], Cause(word), due_at=due_at, now=now)
    return len(keys)


async def _ask_one(
    session: AsyncSession, supplied: Supplied, cause: Cause, *, due_at: datetime, now: datetime
) -> None:
    standing = await _standing(session, supplied)
    stop = standing.pop(cause, None)
    # money may have come while the supply's account was waited for
    if stop is None or stop.is_asked or stop.due_at > now:
        return
    if not is_worth_stopping(due_at=max(due_at, now), until=stop.until):
        await _spare(session, supplied, cause, now=now)
        return
    is_due = due_at <= now
    await session.execute(_one(supplied, cause, update(SupplyStop)).values(due_at=due_at, is_asked=is_due))
    await end_deferral(
        session, estate_id=supplied.estate_id, unit_id=supplied.unit_id, utility=supplied.utility, now=now
    )
    if action_on_new(is_due=is_due, others_in_effect=_in_effect(standing)):
        await ask_supply(session, supplied=supplied, action="off", reason=stop.reason, now=now)
    elif not is_due:
        await _tell_deferred(session, supplied, cause, until=due_at, now=now)


async def lift_ended_stops(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Lift up to a hundred stops whose end has come; return how many were looked at."""
    keys = await queries.ended_stops(session, estate_id=estate_id, now=now, limit=_STOPS_AT_ONCE)
    supplies = await hold_supplies(session, estate_id=estate_id, unit_ids={unit_id for unit_id, _, _ in keys})
    for unit_id, utility, word in keys:
        supplied, cause = supplies[unit_id, utility], Cause(word)
        stop = (await _standing(session, supplied)).get(cause)
        if stop is not None and stop.until is not None and stop.until <= now:
            reason = _ENDED[cause]
            await lift_stop(session, supplied=supplied, cause=cause, reason=reason, now=now)
    return len(keys)


async def _spare(session: AsyncSession, supplied: Supplied, cause: Cause, *, now: datetime) -> None:
    """Drop a deferred stop that would end before it could take effect."""
    await session.execute(_one(supplied, cause, delete(SupplyStop)))
    await end_deferral(
        session, estate_id=supplied.estate_id, unit_id=supplied.unit_id, utility=supplied.utility, now=now
    )


async def hold_supplies(
    session: AsyncSession, *, estate_id: int, unit_ids: Collection[int]
) -> dict[tuple[int, str], Supplied]:
    """Hold the accounts behind units' supplies, in key order; return them by (unit_id, utility)."""
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=sorted(unit_ids))
    account_ids = [each.account_id for each in accounts]
    await ledger_queries.lock_accounts(session, estate_id=estate_id, account_ids=account_ids)
    balances = await ledger_queries.balances(session, estate_id=estate_id, account_ids=account_ids)
    return {
        (each.unit_id, each.utility): Supplied(
            estate_id, each.unit_id, each.utility, each.account_id, balances[each.account_id]
        )
        for each in accounts
    }


async def held_supply(session: AsyncSession, *, estate_id: int, unit_id: int, utility: str) -> Supplied:
    """Hold the account behind a unit's supply and return it.

    :raises NotFound: if the unit has no such supply
    """
    found = await hold_supplies(session, estate_id=estate_id, unit_ids=[unit_id])
    if (unit_id, utility) not in found:
        raise NotFound(f"unit {unit_id} of estate {estate_id} has no {utility}")
    return found[unit_id, utility]


async def _standing(session: AsyncSession, supplied: Supplied) -> dict[Cause, SupplyStop]:
    rows: Sequence[SupplyStop] = await queries.stops(
        session, estate_id=supplied.estate_id, unit_id=supplied.unit_id, utility=supplied.utility
    )
    return {Cause(row.cause): row for row in rows}


def _in_effect(stops: dict[Cause, SupplyStop]) -> list[Cause]:
    return [cause for cause, stop in stops.items() if stop.is_asked]


def _key(supplied: Supplied) -> dict[str, int | str]:
    return {
        "estate_id": supplied.estate_id,
        "unit_id": supplied.unit_id,
        "utility": supplied.utility,
    }


def _one(supplied: Supplied, cause: Cause, statement: Any) -> Any:
    return statement.where(
        SupplyStop.estate_id == supplied.estate_id,
        SupplyStop.unit_id == supplied.unit_id,
        SupplyStop.utility == supplied.utility,
        SupplyStop.cause == cause.value,
    )


async def _tell_deferred(
    session: AsyncSession, supplied: Supplied, cause: Cause, *, until: datetime, now: datetime
) -> None:
    event = CutDeferred(
        estate_id=supplied.estate_id,
        unit_id=supplied.unit_id,
        utility=supplied.utility,
        cause=cause.value,
        until=until,
    )
    await publish(session, event, now=now)
