"""Writes of wallets: they are opened, topped up and watched."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates import queries as estate_queries
from mita.kit.clock import to_us
from mita.kit.errors import Conflict, Invalid
from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.kit.live import hint
from mita.kit.zones import local_month, zone
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, JournalDraft, JournalKind, Lines, SourceKind
from mita.wallets import queries
from mita.wallets.domain import WatchLines, account_code, standing_after
from mita.wallets.events import BalanceCrossed
from mita.wallets.models import Wallet, WalletAccount

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.events import MetersInstalled
    from mita.wallets.queries import AccountInfo

TOP_UP_MICRO_MAX = 10**15
METHODS = ("cash", "eft")


class UtilityNotInWallet(Conflict):
    """The wallet has no account for that utility, or several and none was named."""

    code = "utility_not_in_wallet"
    title = "The wallet has no such account"


async def open_wallets(session: AsyncSession, event: MetersInstalled, now: datetime) -> None:
    """Give every unit that got a meter a wallet, and an account for the meter's utility."""
    estate = await estate_queries.estate(session, estate_id=event.estate_id)
    unit_ids = sorted({unit_id for unit_id, _ in event.unit_utilities})
    rows = [{"estate_id": estate.estate_id, "unit_id": unit_id, "created_at": now} for unit_id in unit_ids]
    await session.execute(pg_insert(Wallet).on_conflict_do_nothing(), rows)
    wallet_ids = {
        wallet.unit_id: wallet.wallet_id
        for wallet in await queries.wallets(session, estate_id=estate.estate_id, limit=10**9)
    }
    pairs = [(wallet_ids[unit_id], utility) for unit_id, utility in event.unit_utilities]
    codes = [account_code(wallet_id=wallet_id, utility=utility) for wallet_id, utility in pairs]
    accounts = await ledger.open_accounts(
        session, estate_id=estate.estate_id, codes=codes, currency=estate.currency
    )
    links = [
        {
            "estate_id": estate.estate_id,
            "account_id": accounts[code],
            "wallet_id": wallet_id,
            "utility": utility,
            "standing": 0,
        }
        for code, (wallet_id, utility) in zip(codes, pairs, strict=True)
    ]
    await session.execute(pg_insert(WalletAccount).on_conflict_do_nothing(), links)


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
    balances_micro: dict[int, int],
    now: datetime,
) -> list[BalanceCrossed]:
    """Compare balances with their lines; store and tell every change of standing, in account order.

    The caller has just moved these accounts or holds their rows, so nobody else settles them meanwhile.
    """
    crossings: list[BalanceCrossed] = []
    for account in sorted(accounts, key=lambda a: a.account_id):
        balance = balances_micro[account.account_id]
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


@dataclass(frozen=True, slots=True)
class TopUp:
    """A receipt to book: positive micro-money received by ``method`` for one utility of a wallet."""

    wallet_id: int
    amount_micro: int
    method: str
    reference: str
    utility: str | None = None


@dataclass(frozen=True, slots=True)
class ToppedUp:
    """What a top-up did; ``is_repeat`` if the key had been carried out before."""

    journal_id: UUID
    account_id: int
    balance_micro: int
    is_repeat: bool


async def _account_for(session: AsyncSession, *, estate_id: int, top_up: TopUp) -> AccountInfo:
    await queries.wallet(session, estate_id=estate_id, wallet_id=top_up.wallet_id)
    accounts = await queries.accounts(
        session, estate_id=estate_id, wallet_ids=[top_up.wallet_id], utility=top_up.utility
    )
    if len(accounts) != 1:
        have = sorted(
            a.utility
            for a in await queries.accounts(session, estate_id=estate_id, wallet_ids=[top_up.wallet_id])
        )
        raise UtilityNotInWallet(
            f"name one utility of wallet {top_up.wallet_id}: it has {', '.join(have) or 'no account yet'}"
        )
    return accounts[0]


def _body_hash(top_up: TopUp) -> bytes:
    body = [top_up.wallet_id, top_up.amount_micro, top_up.method, top_up.reference, top_up.utility]
    return hashlib.sha256(json.dumps(body).encode()).digest()


async def receive_top_up(
    session: AsyncSession, *, estate_id: int, top_up: TopUp, idempotency_key: str, actor: str, now: datetime
) -> ToppedUp:
    """Book a manual receipt (cash or EFT) to a wallet, once per ``idempotency_key``.

    :raises Invalid: if the amount is not positive, too large, or the method is unknown
    :raises UtilityNotInWallet: if the utility has to be named, or has no account
    :raises mita.ledger.operations.KeyReused: if the key belongs to another receipt
    """
    if not 0 < top_up.amount_micro <= TOP_UP_MICRO_MAX:
        raise Invalid("amount must be above zero and at most 1,000,000,000", problems=[{"path": "amount"}])
    if top_up.method not in METHODS:
        raise Invalid(f"method must be one of {', '.join(METHODS)}", problems=[{"path": "method"}])
    account = await _account_for(session, estate_id=estate_id, top_up=top_up)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    journal = JournalDraft(
        journal_id=new_id(),
        estate_id=estate_id,
        kind=JournalKind.TOP_UP,
        currency=estate.currency,
        actor=actor,
        memo=f"{top_up.method}: {top_up.reference}",
        idempotency_key=idempotency_key,
        booked_at=now,
        period=local_month(now, local=zone(estate.time_zone)),
    )
    is_new = await ledger.remember_request(
        session,
        estate_id=estate_id,
        scope="top_up",
        key=idempotency_key,
        body_hash=_body_hash(top_up),
        journal=journal,
        now=now,
    )
    if not is_new:
        found = await ledger_queries.request(
            session, estate_id=estate_id, scope="top_up", key=idempotency_key
        )
        assert found is not None, "remember_request has just found it"
        balance = await ledger_queries.balances(
            session, estate_id=estate_id, account_ids=[account.account_id]
        )
        return ToppedUp(found[1], account.account_id, balance[account.account_id], is_repeat=True)
    balance_micro = await _post_receipt(session, journal=journal, account=account, top_up=top_up, now=now)
    return ToppedUp(journal.journal_id, account.account_id, balance_micro, is_repeat=False)


async def _post_receipt(
    session: AsyncSession, *, journal: JournalDraft, account: AccountInfo, top_up: TopUp, now: datetime
) -> int:
    code = f"clearing:{top_up.method}"
    clearing = await ledger.open_accounts(
        session, estate_id=journal.estate_id, codes=[code], currency=journal.currency
    )
    await ledger.ensure_entry_partition(session, period=journal.period)
    heads = await ledger_queries.heads(
        session, estate_id=journal.estate_id, account_ids=[account.account_id, clearing[code]], lock=True
    )
    place = {int(account_id): index for index, account_id in enumerate(heads.account_id)}
    two = np.array([place[account.account_id], place[clearing[code]]])
    lines = Lines(
        account=two,
        amount_micro=np.array([top_up.amount_micro, -top_up.amount_micro]),
        quantity_micro=np.zeros(2, dtype=np.int64),
        event_us=np.full(2, to_us(now)),
        kind=np.array([EntryKind.TOP_UP, EntryKind.CLEARING]),
        source_kind=np.full(2, SourceKind.NONE),
        source_id=np.zeros(2, dtype=np.int64),
    )
    chained = await ledger.post(session, journal=journal, heads=heads, lines=lines)
    balance = int(chained.balance_after_micro[0])
    # the row lock is held: read the standing again, it may have moved since
    fresh = await queries.accounts(session, estate_id=journal.estate_id, wallet_ids=[account.wallet_id])
    watched = [a for a in fresh if a.account_id == account.account_id]
    await settle_standings(
        session,
        estate_id=journal.estate_id,
        accounts=watched,
        balances_micro={account.account_id: balance},
        now=now,
    )
    await hint(session, estate_id=journal.estate_id, topic="units", ids=[account.unit_id])
    return balance
