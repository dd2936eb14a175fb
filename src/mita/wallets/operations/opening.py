"""Wallets are opened when a unit gets a meter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates import queries as estate_queries
from mita.ledger import operations as ledger
from mita.wallets import queries
from mita.wallets.domain import GENERAL, account_code
from mita.wallets.models import Wallet, WalletAccount

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.events import MetersInstalled


async def open_wallets(session: AsyncSession, event: MetersInstalled, now: datetime) -> None:
    """Give every unit that got a meter a wallet with a general account and one for the meter's utility."""
    estate = await estate_queries.estate(session, estate_id=event.estate_id)
    unit_ids = sorted({unit_id for unit_id, _ in event.unit_utilities})
    rows = [{"estate_id": estate.estate_id, "unit_id": unit_id, "created_at": now} for unit_id in unit_ids]
    await session.execute(pg_insert(Wallet).on_conflict_do_nothing(), rows)
    wallet_ids = {
        wallet.unit_id: wallet.wallet_id
        for wallet in await queries.wallets(session, estate_id=estate.estate_id, limit=10**9)
    }
    pairs = [(wallet_ids[unit_id], utility) for unit_id, utility in event.unit_utilities]
    # general accounts after the others: the lowest account of a new wallet is its first utility's
    general = [(wallet_ids[unit_id], GENERAL) for unit_id in unit_ids]
    for wanted in (pairs, general):
        await _open_accounts(session, estate_id=estate.estate_id, currency=estate.currency, pairs=wanted)


async def _open_accounts(
    session: AsyncSession, *, estate_id: int, currency: str, pairs: list[tuple[int, str]]
) -> None:
    codes = [account_code(wallet_id=wallet_id, utility=utility) for wallet_id, utility in pairs]
    accounts = await ledger.open_accounts(session, estate_id=estate_id, codes=codes, currency=currency)
    links = [
        {
            "estate_id": estate_id,
            "account_id": accounts[code],
            "wallet_id": wallet_id,
            "utility": utility,
            "standing": 0,
        }
        for code, (wallet_id, utility) in zip(codes, pairs, strict=True)
    ]
    await session.execute(pg_insert(WalletAccount).on_conflict_do_nothing(), links)
