"""Arrears are set aside by staff and recovered by a percentage of each top-up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - a field of a result

from sqlalchemy import insert, update

from mita.estates import queries as estate_queries
from mita.kit.errors import Conflict, Invalid
from mita.kit.ids import new_id
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.wallets import queries
from mita.wallets.models import DebtPlan
from mita.wallets.operations.accounts import wallet_account
from mita.wallets.operations.rows import hold_rows

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


class NotInArrears(Conflict):
    """The account does not owe what should be set aside."""

    code = "not_in_arrears"
    title = "The account does not owe that much"


@dataclass(frozen=True, slots=True)
class SetAside:
    """Arrears to set aside: positive micro-money of one utility (None: of the only one); None: all of them.

    ``percent_of_top_ups`` of each later top-up recovers them.
    """

    wallet_id: int
    percent_of_top_ups: int
    utility: str | None = None
    amount_micro: int | None = None

    @property
    def body(self) -> list[object]:
        """What a repeat must say again."""
        return [self.wallet_id, self.percent_of_top_ups, self.utility, self.amount_micro]


async def set_debt_aside(
    session: AsyncSession, *, estate_id: int, asked: SetAside, key: str, actor: str, now: datetime
) -> tuple[UUID, bool]:
    """Move an account's arrears to the wallet's debt, once per ``key``; return the journal, whether a repeat.

    A debt that is there grows, and the new percentage counts for all of it.

    :raises NotInArrears: if the account owes nothing, or less
    :raises Invalid: if the percentage is not 1 to 100, or the amount not positive
    :raises mita.wallets.operations.UtilityNotInWallet: if the utility must be named or has no account
    """
    if not 1 <= asked.percent_of_top_ups <= 100:  # noqa: PLR2004 - percent
        raise Invalid("percent must be 1 to 100", problems=[{"path": "percent_of_top_ups"}])
    if asked.amount_micro is not None and asked.amount_micro <= 0:
        raise Invalid("amount must be above zero", problems=[{"path": "amount"}])
    account = await wallet_account(
        session, estate_id=estate_id, wallet_id=asked.wallet_id, utility=asked.utility
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    code = queries.debt_code(asked.wallet_id)
    opened = await ledger.open_accounts(session, estate_id=estate_id, codes=[code], currency=estate.currency)
    held = await hold_rows(session, estate_id=estate_id, account_ids=[account.account_id, opened[code]])
    known = await ledger_queries.request(session, estate_id=estate_id, scope="debt", key=key)
    owing = held[account.account_id]
    arrears = max(0, owing.accrued_micro - owing.posted_micro)
    amount = arrears if asked.amount_micro is None else asked.amount_micro
    if known is None and not 0 < amount <= arrears:
        raise NotInArrears(f"{account.utility} of wallet {asked.wallet_id} owes {arrears} micro")
    movement = Movement(
        kind=JournalKind.DEBT,
        lines=[
            Line(account.account_id, amount, EntryKind.DEBT),
            Line(opened[code], -amount, EntryKind.DEBT),
        ],
        actor=actor,
        memo=f"arrears set aside, {asked.percent_of_top_ups} % of top-ups",
        key=key,
        scope="debt",
        body=asked.body,
    )
    booked = await ledger.book(session, estate_id=estate_id, movement=movement, now=now)
    if not booked.is_repeat:
        await _end_plan(session, estate_id=estate_id, wallet_id=asked.wallet_id, now=now)
        await session.execute(insert(DebtPlan), [_plan(estate_id, asked, actor=actor, now=now)])
    return booked.journal_id, booked.is_repeat


def _plan(estate_id: int, asked: SetAside, *, actor: str, now: datetime) -> dict[str, object]:
    return {
        "estate_id": estate_id,
        "plan_id": new_id(),
        "wallet_id": asked.wallet_id,
        "percent_of_top_ups": asked.percent_of_top_ups,
        "set_by": actor,
        "set_at": now,
    }


async def _end_plan(session: AsyncSession, *, estate_id: int, wallet_id: int, now: datetime) -> None:
    await session.execute(
        update(DebtPlan)
        .where(DebtPlan.estate_id == estate_id, DebtPlan.wallet_id == wallet_id, DebtPlan.ended_at.is_(None))
        .values(ended_at=now)
    )


async def end_paid_plan(session: AsyncSession, *, estate_id: int, wallet_id: int, now: datetime) -> None:
    """End a wallet's plan if the debt is paid back."""
    _, debt = await queries.owed(session, estate_id=estate_id, wallet_id=wallet_id)
    if not debt:
        await _end_plan(session, estate_id=estate_id, wallet_id=wallet_id, now=now)
