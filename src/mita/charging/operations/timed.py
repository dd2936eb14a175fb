"""Timed charges: what fell due by the calendar since, and what changed of it, is booked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mita.charging import queries
from mita.charging.domain.payers import Payer
from mita.charging.domain.timed import DayCharges, ItemKey, WallClock, due_items, is_day_charge, next_due_s
from mita.charging.operations.lane import bump_lane
from mita.charging.operations.timed_book import Change, book_changes
from mita.charging.operations.timed_large import tell_of_large
from mita.charging.operations.timed_look import look, uses_of
from mita.charging.operations.timed_parts import part_row
from mita.kit.clock import EPOCH, from_us, to_us
from mita.kit.db import driver_connection
from mita.tariffs.domain import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory
    from mita.charging.domain.timed import TimedItem
    from mita.charging.models import TimedCharge
    from mita.charging.operations.timed_look import Looked


_REMEMBER = (
    "WITH seen AS (SELECT * FROM unnest(%s::bigint[], %s::timestamptz[], %s::text[], %s::text[])"
    " AS s (account_id, next_due_at, registers, after))"
    " UPDATE timed_charge_state AS t SET seen_at = %s, dirty_from = NULL, next_due_at = s.next_due_at,"
    " awaited_registers = s.registers::bigint[], awaited_after = s.after::timestamptz[]"
    " FROM seen AS s WHERE t.estate_id = %s AND t.account_id = s.account_id"
)


class SupplySight(Protocol):
    """Sees when supplies were off, for charges that are not due then."""

    async def __call__(
        self, session: AsyncSession, /, *, estate_id: int, unit_ids: Sequence[int]
    ) -> Mapping[tuple[int, str], Sequence[tuple[datetime, datetime | None]]]:
        """Return the spans [since, until) by (unit_id, utility), an until of None for one that lasts."""


async def never_off(
    session: AsyncSession,  # noqa: ARG001 - a sight
    /,
    *,
    estate_id: int,  # noqa: ARG001 - a sight
    unit_ids: Sequence[int],  # noqa: ARG001 - a sight
) -> Mapping[tuple[int, str], Sequence[tuple[datetime, datetime | None]]]:
    """See every supply on."""
    return {}


async def post_timed_charges(
    session: AsyncSession, *, estate_id: int, limit: int, now: datetime, sight: SupplySight = never_off
) -> int:
    """Book what fell due by the calendar, and what changed of it, for ``limit`` accounts at most.

    Returns for how many; 0 says that nothing is left. Each day that nobody looked becomes an entry of its
    own; what came late or was changed since is corrected, so that all ends as if it had been known.

    :raises mita.ledger.operations.StaleHeads: if another writer waits for this one (roll back and repeat)
    """
    if not await queries.is_timed_charge_due(session, estate_id=estate_id, now=now):
        return 0
    # whoever else charges waits here: no reading comes between the look and the booking
    await bump_lane(session, estate_id=estate_id)
    states = await queries.timed_states_due(session, estate_id=estate_id, now=now, limit=limit)
    if not states:
        return 0
    memory = await queries.new_memory(session, estate_id=estate_id)
    clock = WallClock(memory.zone, to_us(now) // 1_000_000)
    accounts = await look(session, memory, states=states, clock=clock)
    due = await _due(session, memory, accounts, clock=clock, sight=sight)
    booked = await _booked(session, memory, accounts)
    changes = [
        change
        for account in accounts
        for change in _changes(account, due[account.info.account_id], booked[account.info.account_id])
    ]
    await book_changes(session, estate_id=estate_id, currency=memory.currency, changes=changes, now=now)
    await tell_of_large(session, memory, accounts=accounts, due=due, now=now)
    await _remember(session, accounts, clock=clock, now=now)
    return len(states)


async def _due(
    session: AsyncSession,
    memory: LaneMemory,
    accounts: Sequence[Looked],
    *,
    clock: WallClock,
    sight: SupplySight,
) -> dict[int, dict[ItemKey, TimedItem]]:
    """Return what the chosen parts owe by now, by account."""
    uses = await uses_of(session, memory, accounts=accounts, clock=clock)
    asking = {account.info.unit_id for account in accounts for prices in account.prices if prices.asks_supply}
    spans = await sight(session, estate_id=memory.estate_id, unit_ids=sorted(asking)) if asking else {}
    found: dict[int, dict[ItemKey, TimedItem]] = {}
    days = DayCharges(clock=clock)
    for account in accounts:
        account_id = account.info.account_id
        is_off = _within(spans.get((account.info.unit_id, account.info.utility), ()))
        found[account_id] = {
            item.key: item
            for prices, parts in zip(account.prices, account.chosen, strict=True)
            for item in due_items(
                prices,
                parts=parts,
                clock=clock,
                use=uses[account_id],
                is_off=is_off,
                days=days,
                since=account.days_since(prices),
            )
        }
    return found


def _within(spans: Sequence[tuple[datetime, datetime | None]]) -> Callable[[int], bool]:
    def is_within(second: int) -> bool:
        at = from_us(second * 1_000_000)
        return any(since <= at and (until is None or at < until) for since, until in spans)

    return is_within


async def _booked(
    session: AsyncSession, memory: LaneMemory, accounts: Sequence[Looked]
) -> dict[int, dict[ItemKey, TimedCharge]]:
    """Return what is booked of the chosen parts, by account."""
    begins = {
        account.info.account_id: {
            (prices.payer, prices.role): parts[0].first
            for prices, parts in zip(account.prices, account.chosen, strict=True)
            if parts
        }
        for account in accounts
    }
    since = {account.info.account_id: account.since for account in accounts}
    of_days = {
        account.info.account_id: {
            (prices.payer, prices.role): account.days_since(prices) for prices in account.prices
        }
        for account in accounts
    }
    earliest = min([*since.values(), *(day for days in begins.values() for day in days.values())])
    first_days = [day for days in of_days.values() for day in days.values()]
    rows = await queries.timed_charges(
        session,
        estate_id=memory.estate_id,
        account_ids=list(begins),
        since=earliest,
        days_since=max(earliest, min([*since.values(), *first_days])),
    )
    found: dict[int, dict[ItemKey, TimedCharge]] = {account_id: {} for account_id in begins}
    for row in rows:
        payer = Payer(Scope(row.payer_scope), row.payer_id)
        if is_day_charge(row.kind, row.unit) and row.first_day < of_days[row.account_id].get(
            (payer, row.role), since[row.account_id]
        ):
            continue
        if row.first_day >= begins[row.account_id].get((payer, row.role), since[row.account_id]):
            key = ItemKey(payer, row.role, row.charge, row.kind, row.first_day)
            found[row.account_id][key] = row
    return found


def _changes(
    account: Looked, due: Mapping[ItemKey, TimedItem], booked: Mapping[ItemKey, TimedCharge]
) -> Iterator[Change]:
    for key, item in due.items():
        if not item.is_bookable:
            continue
        before = booked.get(key)
        old = (before.new_net_micro, before.new_tax_micro) if before else (0, 0)
        if old != (item.line.net_micro, item.line.tax_micro):
            row = _row(account, item)
            row |= {"old_net_micro": old[0], "old_tax_micro": old[1]}
            yield Change(account.info, row, is_new=before is None)
    for key, before in booked.items():
        if key not in due and (before.new_net_micro, before.new_tax_micro) != (0, 0):
            yield Change(account.info, _gone(before), is_new=False)


def _row(account: Looked, item: TimedItem) -> dict[str, Any]:
    key, line = item.key, item.line
    return {
        "estate_id": account.state.estate_id,
        "account_id": account.info.account_id,
        "payer_scope": int(key.payer.scope),
        "payer_id": key.payer.target_id,
        "role": key.role,
        "charge": key.charge,
        "kind": key.kind,
        "first_day": key.first,
        "until_day": item.until,
        "due_at": from_us(item.due_s * 1_000_000),
        "rate_table_id": item.rate_table_id,
        "register": line.register,
        "unit": line.unit,
        "season": line.season,
        "letter": line.letter,
        "quantity_micro": line.quantity_micro,
        "price_micro": line.price_micro,
        "days": line.days,
        "whole_days": line.whole_days,
        "peak_at": None if line.at_s is None else from_us(line.at_s * 1_000_000),
        "parts": [part_row(part) for part in item.parts] or None,
        "new_net_micro": line.net_micro,
        "new_tax_micro": line.tax_micro,
    }


def _gone(before: TimedCharge) -> dict[str, Any]:
    """Return the row that takes a charge back that is not due any more."""
    left_out = ("timed_charge_id", "seq", "created_at")
    row = {name: getattr(before, name) for name in before.__table__.columns.keys() if name not in left_out}  # noqa: SIM118 - a collection of columns
    return row | {
        "quantity_micro": 0,
        "peak_at": None,
        "parts": None,
        "old_net_micro": before.new_net_micro,
        "old_tax_micro": before.new_tax_micro,
        "new_net_micro": 0,
        "new_tax_micro": 0,
    }


async def _remember(
    session: AsyncSession, accounts: Sequence[Looked], *, clock: WallClock, now: datetime
) -> None:
    """Note when more falls due for each account, and what may still change."""
    rows = []
    for account in accounts:
        coming = [
            next_due_s(prices, parts=parts, clock=clock)
            for prices, parts in zip(account.prices, account.parts, strict=True)
        ]
        next_s = min((each for each in coming if each is not None), default=None)
        awaited = _awaited(account, clock=clock)
        rows.append(
            (
                account.state.account_id,
                None if next_s is None else from_us(next_s * 1_000_000),
                # an array of arrays that differ in length is none: each is written as PostgreSQL reads it
                "{" + ",".join(map(str, awaited)) + "}",
                "{" + ",".join(each.isoformat() for each in awaited.values()) + "}",
            )
        )
    connection = await driver_connection(session)
    estate_id = accounts[0].state.estate_id
    await connection.execute(_REMEMBER, (*map(list, zip(*rows, strict=True)), now, estate_id))


def _awaited(account: Looked, *, clock: WallClock) -> dict[int, datetime]:
    """Return after which instant the next reading of a register changes what was looked at.

    That of one that was never read may be the first of all; that of one that was not read since a part with
    demand or a minimum ended uses some of it.
    """
    state, ended = account.state, account.ended_use(clock=clock)
    end_s = clock.midnight_s(max(part.until for part in ended)) if ended else 0
    before = dict(zip(state.awaited_registers, state.awaited_after, strict=True))
    found: dict[int, datetime] = {}
    for info in account.registers:
        if info.register_id not in account.ends:
            found[info.register_id] = EPOCH
            continue
        newest_s = account.ends[info.register_id][1]
        newest = from_us(newest_s * 1_000_000)
        if newest_s < end_s or before.get(info.register_id) == newest:
            found[info.register_id] = newest
    return found
