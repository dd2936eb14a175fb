"""What wallets were charged in steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.kit.clock import from_us
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import CHARGES, EntryKind
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.queries import AccountInfo

# what a wallet pays for its utilities, less what its shares of generation and panels give back
SPENDING = CHARGES | {EntryKind.SHARING, EntryKind.SOLAR_CREDIT}


@dataclass(frozen=True, slots=True)
class Charged:
    """What accounts of utilities were charged: (utility, kind, step, micro-money), plus is what was paid.

    ``accrued_micro`` was used and not posted yet, and is in none of the steps. ``by_wallet`` adds them up.
    """

    accounts: Sequence[AccountInfo]
    lines: Sequence[tuple[str, EntryKind, int, int]]
    accrued_micro: int
    by_wallet: dict[int, int]

    def by_step(self, *, count: int) -> list[int]:
        """Return the micro-money of each step."""
        found = [0] * count
        for _, _, step, amount_micro in self.lines:
            found[step] += amount_micro
        return found

    @property
    def total_micro(self) -> int:
        """What was charged in all steps."""
        return sum(amount_micro for *_, amount_micro in self.lines)


async def charged(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int], borders_s: Sequence[int]
) -> Charged:
    """Return what wallets were charged between borders, by when it happened."""
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, wallet_ids=wallet_ids)
    utility = {each.account_id: each.utility for each in accounts}
    moved = await ledger_queries.moved_in_steps(
        session,
        estate_id=estate_id,
        account_ids=list(utility),
        kinds=SPENDING,
        borders=[from_us(border * 1_000_000) for border in borders_s],
    )
    _, accrued_micro = await ledger_queries.held_and_accrued(
        session, estate_id=estate_id, account_ids=list(utility)
    )
    lines = [
        (utility[account_id], EntryKind(kind), step, -moved_micro)
        for account_id, kind, step, moved_micro in moved
    ]
    wallet = {each.account_id: each.wallet_id for each in accounts}
    by_wallet: dict[int, int] = {}
    for account_id, _, _, moved_micro in moved:
        by_wallet[wallet[account_id]] = by_wallet.get(wallet[account_id], 0) - moved_micro
    return Charged(accounts, sorted(lines), accrued_micro, by_wallet)
