"""Money leaves a wallet's account by somebody's order: to another account, or out to a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.ledger import operations as ledger
from mita.wallets.operations.accounts import wallet_account

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.operations import Booked, Order


@dataclass(frozen=True, slots=True)
class Place:
    """One account: of a wallet for a utility, or ``general``."""

    wallet_id: int
    utility: str


async def transfer_money(
    session: AsyncSession, *, estate_id: int, giving: Place, taking: Place, order: Order, now: datetime
) -> Booked:
    """Move money between two wallets' accounts, once per key; what the giving one has available binds.

    :raises mita.wallets.operations.UtilityNotInWallet: if one of the accounts is not there
    :raises mita.ledger.operations.NotEnough: if the giving account has less available
    :raises mita.ledger.operations.KeyReused: if the key was used for another transfer
    """
    from_account = await wallet_account(
        session, estate_id=estate_id, wallet_id=giving.wallet_id, utility=giving.utility
    )
    to_account = await wallet_account(
        session, estate_id=estate_id, wallet_id=taking.wallet_id, utility=taking.utility
    )
    return await ledger.transfer(
        session,
        estate_id=estate_id,
        from_id=from_account.account_id,
        to_id=to_account.account_id,
        order=order,
        now=now,
    )


async def pay_money_out(
    session: AsyncSession, *, estate_id: int, giving: Place, order: Order, now: datetime
) -> Booked:
    """Give money of a wallet's account back to a person, once per key; it leaves through clearing.

    :raises mita.wallets.operations.UtilityNotInWallet: if the account is not there
    :raises mita.ledger.operations.NotEnough: if the account has less available
    """
    account = await wallet_account(
        session, estate_id=estate_id, wallet_id=giving.wallet_id, utility=giving.utility
    )
    return await ledger.pay_out(
        session, estate_id=estate_id, account_id=account.account_id, order=order, now=now
    )
