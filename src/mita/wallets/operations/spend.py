"""What wallets with a limit spend is counted; reaching a limit is told, and binds what is authorised."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.errors import Invalid
from mita.kit.events import publish
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import AUTHORISING, EntryKind, JournalKind
from mita.ledger.operations import SpendLimitReached
from mita.wallets import queries
from mita.wallets.domain import (
    Span,
    cut_until,
    settle_spend,
    span_of,
    spans_beyond,
    start_of_day,
)
from mita.wallets.events import SpendCutChanged, SpendLimitChanged
from mita.wallets.models import SpendDay, SpendLimit
from mita.wallets.operations.spend_told import Books, books_of, end_alerts, tell_of_spending

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.events import AvailableChanged, JournalBooked
    from mita.wallets import domain
    from mita.wallets.domain import Told
    from mita.wallets.queries import AccountInfo

# what leaves a wallet by somebody's order counts like consumption
_MOVED_OUT = (EntryKind.TRANSFER, EntryKind.PAY_OUT, EntryKind.PURCHASE)
_SPENDING = frozenset({JournalKind.TRANSFER, JournalKind.PAY_OUT, JournalKind.PURCHASE})


async def set_spend_limit(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    limit: domain.SpendLimit,
    actor: str,
    now: datetime,
) -> None:
    """Set what a wallet may spend; what it has spent today and this month counts, and acts at once.

    :raises Invalid: if the limit has no amount, or one that is not positive
    :raises mita.kit.errors.NotFound: if the estate has no such wallet
    """
    problems = limit.problems()
    if problems:
        raise Invalid("; ".join(problems), problems=[{"path": "daily", "message": p} for p in problems])
    before = await _begin(session, estate_id=estate_id, wallet_id=wallet_id, now=now)
    values = {
        "daily_micro": limit.daily_micro,
        "monthly_micro": limit.monthly_micro,
        "is_cutting": limit.is_cutting,
        "set_by": actor,
        "updated_at": now,
    }
    statement = pg_insert(SpendLimit).values(estate_id=estate_id, wallet_id=wallet_id, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "wallet_id"], set_=values)
    )
    books = await books_of(session, estate_id=estate_id, now=now)
    told: frozenset[Told] = frozenset()
    if before is not None:
        earlier = await queries.told(session, estate_id=estate_id, wallet_ids=[wallet_id], day=books.today)
        # of a limit that stays as it is nothing is told twice
        told = frozenset(
            word for word in earlier[wallet_id] if before.of(span_of(word)) == limit.of(span_of(word))
        )
        await end_alerts(session, estate_id=estate_id, wallet_id=wallet_id, told=told, now=now)
    await _count_again(session, books, wallet_id=wallet_id, told=told)
    await _settle(session, books, limits={wallet_id: limit}, now=now, is_cut_told=True)


async def remove_spend_limit(session: AsyncSession, *, estate_id: int, wallet_id: int, now: datetime) -> None:
    """Let a wallet spend what it has again; a supply that the limit stopped comes back.

    :raises mita.kit.errors.NotFound: if the wallet has no limit
    """
    await queries.spend_limit(session, estate_id=estate_id, wallet_id=wallet_id)
    await _begin(session, estate_id=estate_id, wallet_id=wallet_id, now=now)
    for table in (SpendLimit, SpendDay):
        await session.execute(delete(table).where(table.estate_id == estate_id, table.wallet_id == wallet_id))
    await end_alerts(session, estate_id=estate_id, wallet_id=wallet_id, told=(), now=now)
    wallet = await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    event = SpendCutChanged(estate_id, wallet_id, wallet.unit_id, cut_until=None)
    await publish(session, event, now=now)


async def _begin(
    session: AsyncSession, *, estate_id: int, wallet_id: int, now: datetime
) -> domain.SpendLimit | None:
    """Let nobody move the wallet's money before the limit stands; return the limit before."""
    await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    # first: who charges meanwhile must count, or stop counting
    await publish(session, SpendLimitChanged(estate_id, wallet_id), now=now)
    accounts = await queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id])
    await ledger_queries.lock_accounts(
        session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
    )
    return (await queries.spend_limits(session, estate_id=estate_id, wallet_ids=[wallet_id])).get(wallet_id)


async def _count_again(
    session: AsyncSession, books: Books, *, wallet_id: int, told: Collection[Told]
) -> None:
    """Write what the wallet spent on each day of this month, from its entries."""
    today = books.today
    days = [today.replace(day=1) + timedelta(days=place) for place in range(today.day)]
    accounts = await queries.accounts(session, estate_id=books.estate_id, wallet_ids=[wallet_id])
    account_ids = [each.account_id for each in accounts]
    spent = await ledger_queries.spent_since(
        session,
        estate_id=books.estate_id,
        account_ids=account_ids,
        starts=[start_of_day(day, zone=books.zone) for day in days],
        moved_out=_MOVED_OUT,
    )
    _, accrued_micro = await ledger_queries.held_and_accrued(
        session, estate_id=books.estate_id, account_ids=account_ids
    )
    spent[-1] += accrued_micro
    await session.execute(
        delete(SpendDay).where(SpendDay.estate_id == books.estate_id, SpendDay.wallet_id == wallet_id)
    )
    rows = [
        {
            "estate_id": books.estate_id,
            "wallet_id": wallet_id,
            "day": day,
            "spent_micro": spent_micro,
            "told": _told_on(day, today=today, told=told),
        }
        for day, spent_micro in zip(days, spent, strict=True)
    ]
    await session.execute(insert(SpendDay), rows)


async def count_spending(
    session: AsyncSession, *, estate_id: int, spent_micro: Mapping[int, int], now: datetime
) -> None:
    """Count what wallets have spent, in micro-money by wallet id (minus gives back), and tell of limits.

    Wallets without a limit are left out. The caller holds the rows of the accounts that moved.
    """
    limits = await queries.spend_limits(session, estate_id=estate_id, wallet_ids=sorted(spent_micro))
    if not limits:
        return
    books = await books_of(session, estate_id=estate_id, now=now)
    today = books.today
    rows = [
        {
            "estate_id": estate_id,
            "wallet_id": wallet_id,
            "day": today,
            "spent_micro": spent_micro[wallet_id],
            "told": [],
        }
        for wallet_id in limits
    ]
    statement = pg_insert(SpendDay)
    more = SpendDay.spent_micro + statement.excluded.spent_micro
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["estate_id", "wallet_id", "day"], set_={"spent_micro": more}
        ),
        rows,
    )
    await _settle(session, books, limits=limits, now=now)


async def count_movement(
    session: AsyncSession, *, event: JournalBooked, accounts: Sequence[AccountInfo], now: datetime
) -> None:
    """Count what a small journal took out of wallets with a limit; refuse what goes beyond one.

    What a hold takes was authorised when it was placed.

    :raises SpendLimitReached: if a limit leaves less than is authorised now
    """
    if event.kind not in _SPENDING or not any(account.is_limited for account in accounts):
        return
    moved: dict[int, int] = {}
    for account in accounts:
        moved[account.wallet_id] = moved.get(account.wallet_id, 0) - event.amounts_micro[account.account_id]
    spent = {wallet_id: amount for wallet_id, amount in moved.items() if amount > 0}
    if event.kind in AUTHORISING:
        for wallet_id, amount in sorted(spent.items()):
            await check_spend(
                session, estate_id=event.estate_id, wallet_id=wallet_id, amount_micro=amount, now=now
            )
    await count_spending(session, estate_id=event.estate_id, spent_micro=spent, now=now)


async def check_hold(session: AsyncSession, event: AvailableChanged, now: datetime) -> None:
    """Refuse a hold that goes beyond a wallet's limit; its account's row is held.

    :raises SpendLimitReached: if the limit leaves less
    """
    if event.by_micro <= 0:
        return
    accounts = await queries.accounts(session, estate_id=event.estate_id, account_ids=[event.account_id])
    for account in accounts:
        if account.is_limited:
            # what is held knows this hold already
            await check_spend(
                session, estate_id=event.estate_id, wallet_id=account.wallet_id, amount_micro=0, now=now
            )


async def check_spend(
    session: AsyncSession, *, estate_id: int, wallet_id: int, amount_micro: int, now: datetime
) -> None:
    """Refuse what goes beyond a wallet's limit: spent, held and ``amount_micro`` together. Writes nothing.

    Booking asks this by itself for every movement that is authorised, and so does a hold.

    :raises SpendLimitReached: if a limit leaves less
    """
    limits = await queries.spend_limits(session, estate_id=estate_id, wallet_ids=[wallet_id])
    if wallet_id not in limits:
        return
    books = await books_of(session, estate_id=estate_id, now=now)
    accounts = await queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id])
    held_micro, _ = await ledger_queries.held_and_accrued(
        session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
    )
    spent = (await queries.spent(session, estate_id=estate_id, wallet_ids=[wallet_id], day=books.today))[
        wallet_id
    ]
    beyond = spans_beyond(limits[wallet_id], spent=spent, more_micro=held_micro + amount_micro)
    if beyond:
        raise SpendLimitReached(f"wallet {wallet_id} would spend more than its limit for the {beyond[0]}")


async def _settle(
    session: AsyncSession,
    books: Books,
    *,
    limits: Mapping[int, domain.SpendLimit],
    now: datetime,
    is_cut_told: bool = False,
) -> None:
    """Tell what became of limits; with ``is_cut_told`` also what is wanted of the supplies as before."""
    today = books.today
    wallet_ids = sorted(limits)
    estate_id = books.estate_id
    spent = await queries.spent(session, estate_id=estate_id, wallet_ids=wallet_ids, day=today)
    told = await queries.told(session, estate_id=estate_id, wallet_ids=wallet_ids, day=today)
    for wallet_id in wallet_ids:
        limit = limits[wallet_id]
        telling = settle_spend(limit, spent=spent[wallet_id], told=told[wallet_id])
        if telling.told != told[wallet_id]:
            await _note(session, estate_id=estate_id, wallet_id=wallet_id, day=today, told=telling.told)
            await tell_of_spending(
                session,
                books=books,
                wallet_id=wallet_id,
                limit=limit,
                spent=spent[wallet_id],
                telling=telling,
                now=now,
            )
        if is_cut_told or telling.reached or telling.left:
            wallet = await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
            until = cut_until(limit, told=telling.told, day=today, zone=books.zone)
            await publish(session, SpendCutChanged(estate_id, wallet_id, wallet.unit_id, until), now=now)


async def _note(
    session: AsyncSession, *, estate_id: int, wallet_id: int, day: date, told: Collection[Told]
) -> None:
    """Remember what was told: of a day on its row, of a month on that of its first day."""
    rows = [
        {
            "estate_id": estate_id,
            "wallet_id": wallet_id,
            "day": of_day,
            "spent_micro": 0,
            "told": _told_on(of_day, today=day, told=told),
        }
        for of_day in sorted({day.replace(day=1), day})
    ]
    statement = pg_insert(SpendDay)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["estate_id", "wallet_id", "day"], set_={"told": statement.excluded.told}
        ),
        rows,
    )


def _told_on(day: date, *, today: date, told: Collection[Told]) -> list[str]:
    spans = {Span.DAY} if day == today else set()
    spans |= {Span.MONTH} if day.day == 1 else set()
    return sorted(word.value for word in told if span_of(word) in spans)


async def end_stale_alerts(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
    """End the alerts that were about a day or a month that is over."""
    books = await books_of(session, estate_id=estate_id, now=now)
    wallet_ids = await queries.limited_wallets(session, estate_id=estate_id)
    told = await queries.told(session, estate_id=estate_id, wallet_ids=wallet_ids, day=books.today)
    for wallet_id in wallet_ids:
        await end_alerts(session, estate_id=estate_id, wallet_id=wallet_id, told=told[wallet_id], now=now)
