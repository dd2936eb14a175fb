"""Balances are watched against their lines; each change of standing is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from mita.kit.events import publish
from mita.kit.live import hint
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import JournalKind
from mita.wallets import queries
from mita.wallets.domain import WatchLines, standing_after
from mita.wallets.events import BalanceCrossed
from mita.wallets.models import WalletAccount
from mita.wallets.operations.cover import cover_lacking
from mita.wallets.operations.moves import moves_of, note_moves
from mita.wallets.operations.rows import hold_rows
from mita.wallets.operations.spend import count_movement
from mita.wallets.operations.targets import check_targets

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.events import JournalBooked
    from mita.wallets.queries import AccountInfo


async def follow_journal(session: AsyncSession, event: JournalBooked, now: datetime) -> None:
    """Settle the standings of the wallets' accounts that a small journal moved; their rows are held."""
    note_moves(session, account_ids=event.balances_micro)
    if event.kind is JournalKind.COVER:
        return  # who covers settles what follows
    touched = await queries.accounts(
        session, estate_id=event.estate_id, account_ids=sorted(event.balances_micro)
    )
    if not touched:
        return
    await count_movement(session, event=event, accounts=touched, now=now)
    accounts, balances = await _with_those_it_covers(session, event, touched)
    await settle_standings(
        session, estate_id=event.estate_id, accounts=accounts, balances_micro=balances, now=now
    )
    targeted = sorted({account.wallet_id for account in touched if account.is_targeted})
    if targeted:
        await check_targets(session, estate_id=event.estate_id, wallet_ids=targeted, now=now)
    units = [account.unit_id for account in touched]
    await hint(session, estate_id=event.estate_id, topic="units", ids=units)


async def _with_those_it_covers(
    session: AsyncSession, event: JournalBooked, touched: list[AccountInfo]
) -> tuple[list[AccountInfo], dict[int, int]]:
    """Return the accounts to settle: where a general account has money, the wallet's others too, held."""
    wallet_ids = [
        each.wallet_id for each in touched if each.is_general and event.balances_micro[each.account_id] > 0
    ]
    if not wallet_ids:
        return touched, event.balances_micro
    others = await queries.accounts(
        session, estate_id=event.estate_id, wallet_ids=wallet_ids, with_general=False
    )
    held = await hold_rows(
        session, estate_id=event.estate_id, account_ids=[each.account_id for each in others]
    )
    live = {each.account_id: each.posted_micro - each.accrued_micro for each in held.values()}
    balances = {**event.balances_micro, **live}
    # a standing may have changed while this waited for the rows
    accounts = await queries.accounts(
        session,
        estate_id=event.estate_id,
        account_ids=sorted({each.account_id for each in touched} | set(held)),
    )
    return accounts, balances


async def watch_balances(
    session: AsyncSession, *, estate_id: int, utility: str, lines: WatchLines, now: datetime
) -> None:
    """Set the lines of the estate's accounts of a utility; tell of each balance that now stands elsewhere."""
    await session.execute(
        update(WalletAccount)
        .where(WalletAccount.estate_id == estate_id, WalletAccount.utility == utility)
        .values(
            low_line_micro=lines.low_micro,
            cut_line_micro=lines.cut_micro,
            restore_line_micro=lines.restore_micro,
        )
    )
    accounts = await queries.accounts(session, estate_id=estate_id, utility=utility)
    account_ids = [account.account_id for account in accounts]
    balances = await ledger_queries.balances(session, estate_id=estate_id, account_ids=account_ids)
    await settle_standings(session, estate_id=estate_id, accounts=accounts, balances_micro=balances, now=now)


async def settle_standings(
    session: AsyncSession,
    *,
    estate_id: int,
    accounts: Sequence[AccountInfo],
    balances_micro: Mapping[int, int],
    now: datetime,
) -> list[BalanceCrossed]:
    """Compare balances with their lines; store and tell every change of standing, in account order.

    Before an account stands low or out, its wallet's general account pays what it can.
    The caller has just moved these accounts or holds their rows, so nobody else settles them meanwhile.
    """
    crossings: list[BalanceCrossed] = []
    with moves_of(session) as moved:
        await cover_lacking(
            session, estate_id=estate_id, accounts=accounts, balances_micro=balances_micro, now=now
        )
        for known in sorted(accounts, key=lambda a: a.account_id):
            account, balance = known, balances_micro[known.account_id]
            if account.account_id in moved:
                account, balance = await _as_it_is(session, estate_id=estate_id, account_id=known.account_id)
            after = standing_after(account.standing, balance_micro=balance, lines=account.lines)
            if after is account.standing:
                continue
            await session.execute(
                update(WalletAccount)
                .where(WalletAccount.estate_id == estate_id, WalletAccount.account_id == account.account_id)
                .values(standing=int(after))
            )
            crossing = BalanceCrossed(
                estate_id=estate_id,
                wallet_id=account.wallet_id,
                account_id=account.account_id,
                unit_id=account.unit_id,
                utility=account.utility,
                before=account.standing,
                after=after,
                balance_micro=balance,
            )
            crossings.append(crossing)
            await publish(session, crossing, now=now)
    return crossings


async def _as_it_is(session: AsyncSession, *, estate_id: int, account_id: int) -> tuple[AccountInfo, int]:
    (account,) = await queries.accounts(session, estate_id=estate_id, account_ids=[account_id])
    balances = await ledger_queries.balances(session, estate_id=estate_id, account_ids=[account_id])
    return account, balances[account_id]
