"""Which of a wallet's accounts is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.kit.errors import Conflict
from mita.wallets import queries

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.queries import AccountInfo


class UtilityNotInWallet(Conflict):
    """The wallet has no account for that utility, or several and none was named."""

    code = "utility_not_in_wallet"
    title = "The wallet has no such account"


async def wallet_account(
    session: AsyncSession, *, estate_id: int, wallet_id: int, utility: str | None
) -> AccountInfo:
    """Return a wallet's account for a utility, or ``general``; None is its only utility.

    :raises UtilityNotInWallet: if there is none, or several and none is named
    :raises mita.kit.errors.NotFound: if there is no such wallet
    """
    await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    accounts = await queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id])
    if utility is None:
        meant = [each for each in accounts if not each.is_general]
    else:
        meant = [each for each in accounts if each.utility == utility]
    if len(meant) != 1:
        have = ", ".join(sorted(each.utility for each in accounts))
        raise UtilityNotInWallet(f"name one account of wallet {wallet_id}: it has {have or 'none yet'}")
    return meant[0]
