"""Reads of wallets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from mita.kit.errors import NotFound
from mita.ledger import queries as ledger_queries
from mita.wallets.domain import GENERAL, Standing, WatchLines
from mita.wallets.models import BalanceTarget, SpendLimit, Wallet, WalletAccount

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """A wallet's account for one utility; its general account's ``utility`` is ``general``."""

    account_id: int
    wallet_id: int
    unit_id: int
    utility: str
    lines: WatchLines
    standing: Standing
    is_limited: bool = False  # the wallet has a spending limit
    is_targeted: bool = False  # it has a target

    @property
    def is_general(self) -> bool:
        """Tell whether it is the wallet's general account."""
        return self.utility == GENERAL


# columns, not rows of the model, and worded once: this is read after every movement
_ACCOUNTS = (
    select(
        WalletAccount.account_id,
        WalletAccount.wallet_id,
        Wallet.unit_id,
        WalletAccount.utility,
        WalletAccount.low_line_micro,
        WalletAccount.cut_line_micro,
        WalletAccount.restore_line_micro,
        WalletAccount.standing,
        SpendLimit.wallet_id.is_not(None),
        BalanceTarget.wallet_id.is_not(None),
    )
    .join(
        Wallet,
        (Wallet.estate_id == WalletAccount.estate_id) & (Wallet.wallet_id == WalletAccount.wallet_id),
    )
    .outerjoin(
        SpendLimit,
        (SpendLimit.estate_id == Wallet.estate_id) & (SpendLimit.wallet_id == Wallet.wallet_id),
    )
    .outerjoin(
        BalanceTarget,
        (BalanceTarget.estate_id == Wallet.estate_id) & (BalanceTarget.wallet_id == Wallet.wallet_id),
    )
    .where(WalletAccount.estate_id == bindparam("estate"))
    .order_by(WalletAccount.account_id)
)


def _info(row: Any) -> AccountInfo:
    account_id, wallet_id, unit_id, utility, low, cut, restore, standing, is_limited, is_targeted = row
    return AccountInfo(
        account_id,
        wallet_id,
        unit_id,
        utility,
        WatchLines(low, cut, restore),
        Standing(standing),
        is_limited=is_limited,
        is_targeted=is_targeted,
    )


async def accounts(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_ids: Sequence[int] | None = None,
    wallet_ids: Sequence[int] | None = None,
    account_ids: Sequence[int] | None = None,
    utility: str | None = None,
    with_general: bool = True,
) -> list[AccountInfo]:
    """Return wallet accounts of an estate, by account id; None filters nothing."""
    statement = _ACCOUNTS
    if unit_ids is not None:
        statement = statement.where(Wallet.unit_id.in_(list(unit_ids)))
    if wallet_ids is not None:
        statement = statement.where(Wallet.wallet_id.in_(list(wallet_ids)))
    if account_ids is not None:
        statement = statement.where(WalletAccount.account_id.in_(list(account_ids)))
    if utility is not None:
        statement = statement.where(WalletAccount.utility == utility)
    if not with_general:
        statement = statement.where(WalletAccount.utility != GENERAL)
    return [_info(row) for row in await session.execute(statement, {"estate": estate_id})]


async def units_of_standing(session: AsyncSession, *, estate_id: int, standing: Standing) -> list[int]:
    """Return the units of which some account stands so, by id; general accounts have no standing."""
    statement = (
        select(Wallet.unit_id)
        .join(
            WalletAccount,
            (Wallet.estate_id == WalletAccount.estate_id) & (Wallet.wallet_id == WalletAccount.wallet_id),
        )
        .where(
            Wallet.estate_id == estate_id,
            WalletAccount.standing == int(standing),
            WalletAccount.utility != GENERAL,
        )
    )
    return list((await session.scalars(statement.distinct().order_by(Wallet.unit_id))).all())


async def standing_counts(session: AsyncSession, *, estate_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return how many accounts of utilities stand in each way, by estate id and the way's word."""
    statement = (
        select(WalletAccount.estate_id, WalletAccount.standing, func.count())
        .where(WalletAccount.estate_id.in_(list(estate_ids)), WalletAccount.utility != GENERAL)
        .group_by(WalletAccount.estate_id, WalletAccount.standing)
    )
    found = {estate_id: dict.fromkeys((each.shown for each in Standing), 0) for estate_id in estate_ids}
    for estate_id, standing, count in await session.execute(statement):
        found[estate_id][Standing(standing).shown] = count
    return found


async def totals(session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int]) -> dict[int, int]:
    """Return what all accounts of each wallet hold together, in micro-money."""
    found = await accounts(session, estate_id=estate_id, wallet_ids=wallet_ids)
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in found]
    )
    sums = dict.fromkeys(wallet_ids, 0)
    for each in found:
        sums[each.wallet_id] += balances[each.account_id]
    return sums


async def wallet(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Wallet:
    """Return one wallet.

    :raises NotFound: if the estate has no such wallet
    """
    found = await session.get(Wallet, (estate_id, wallet_id))
    if found is None:
        raise NotFound(f"wallet {wallet_id} does not exist in estate {estate_id}")
    return found


async def wallets(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_ids: Sequence[int] | None = None,
    unit_id: int | None = None,
    after_id: int = 0,
    limit: int = 1000,
) -> Sequence[Wallet]:
    """Return wallets of an estate by id, ``limit`` at most after ``after_id``; None filters nothing."""
    statement = select(Wallet).where(Wallet.estate_id == estate_id, Wallet.wallet_id > after_id)
    if unit_id is not None:
        statement = statement.where(Wallet.unit_id == unit_id)
    if wallet_ids is not None:
        statement = statement.where(Wallet.wallet_id.in_(list(wallet_ids)))
    return (await session.scalars(statement.order_by(Wallet.wallet_id).limit(limit))).all()
