"""Reads of wallets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from mita.kit.errors import NotFound
from mita.wallets.domain import Standing, WatchLines
from mita.wallets.models import Wallet, WalletAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """A wallet's account for one utility."""

    account_id: int
    wallet_id: int
    unit_id: int
    utility: str
    lines: WatchLines
    standing: Standing


def _accounts(estate_id: int) -> Any:
    return (
        select(WalletAccount, Wallet.unit_id)
        .join(
            Wallet,
            (Wallet.estate_id == WalletAccount.estate_id) & (Wallet.wallet_id == WalletAccount.wallet_id),
        )
        .where(WalletAccount.estate_id == estate_id)
        .order_by(WalletAccount.account_id)
    )


def _info(row: Any) -> AccountInfo:
    account, unit_id = row
    lines = WatchLines(account.low_line_micro, account.cut_line_micro, account.restore_line_micro)
    standing = Standing(account.standing)
    return AccountInfo(account.account_id, account.wallet_id, unit_id, account.utility, lines, standing)


async def accounts(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_ids: Sequence[int] | None = None,
    wallet_ids: Sequence[int] | None = None,
    utility: str | None = None,
) -> list[AccountInfo]:
    """Return wallet accounts of an estate, by account id; None filters nothing."""
    statement = _accounts(estate_id).execution_options(populate_existing=True)
    if unit_ids is not None:
        statement = statement.where(Wallet.unit_id.in_(list(unit_ids)))
    if wallet_ids is not None:
        statement = statement.where(Wallet.wallet_id.in_(list(wallet_ids)))
    if utility is not None:
        statement = statement.where(WalletAccount.utility == utility)
    return [_info(row) for row in await session.execute(statement)]


async def wallet(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Wallet:
    """Return one wallet.

    :raises NotFound: if the estate has no such wallet
    """
    found = await session.get(Wallet, (estate_id, wallet_id))
    if found is None:
        raise NotFound(f"wallet {wallet_id} does not exist in estate {estate_id}")
    return found


async def wallets(
    session: AsyncSession, *, estate_id: int, after_id: int = 0, limit: int = 1000
) -> Sequence[Wallet]:
    """Return an estate's wallets by id, ``limit`` at most after ``after_id``."""
    statement = select(Wallet).where(Wallet.estate_id == estate_id, Wallet.wallet_id > after_id)
    return (await session.scalars(statement.order_by(Wallet.wallet_id).limit(limit))).all()
