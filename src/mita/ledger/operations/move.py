"""Money moves by somebody's order: between accounts, out to a person, from a clearing account to the bank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.errors import Invalid, NotFound
from mita.ledger import queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations.accounts import open_accounts
from mita.ledger.operations.book import Booked, Line, Movement, book

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

BANK_CODE = "bank"
TRANSFERS_CODE = "clearing:transfers"
CLEARING_PREFIX = "clearing:"


@dataclass(frozen=True, slots=True)
class Order:
    """Who moves positive micro-money, why, and under which idempotency key."""

    amount_micro: int
    memo: str
    key: str
    actor: str

    def __post_init__(self) -> None:
        """Refuse nothing and less.

        :raises Invalid: if the amount is not positive
        """
        if self.amount_micro <= 0:
            raise Invalid("amount must be above zero", problems=[{"path": "amount"}])


async def transfer(
    session: AsyncSession, *, estate_id: int, from_id: int, to_id: int, order: Order, now: datetime
) -> Booked:
    """Move money between two accounts of an estate; the giving one's floor binds.

    :raises Invalid: if both are the same account
    :raises mita.ledger.operations.NotEnough: if the giving account has less available above its floor
    :raises mita.ledger.operations.KeyReused: if the key was used for another transfer
    """
    if from_id == to_id:
        raise Invalid("money cannot go to where it comes from", problems=[{"path": "to"}])
    return await _between(
        session,
        estate_id=estate_id,
        kind=JournalKind.TRANSFER,
        from_id=from_id,
        to_id=to_id,
        order=order,
        now=now,
    )


async def pay_out(
    session: AsyncSession, *, estate_id: int, account_id: int, order: Order, now: datetime
) -> Booked:
    """Give money back to a person: it leaves the account for the transfers clearing account.

    :raises mita.ledger.operations.NotEnough: if the account has less available above its floor
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    accounts = await open_accounts(
        session, estate_id=estate_id, codes=[TRANSFERS_CODE], currency=estate.currency
    )
    return await _between(
        session,
        estate_id=estate_id,
        kind=JournalKind.PAY_OUT,
        from_id=account_id,
        to_id=accounts[TRANSFERS_CODE],
        order=order,
        now=now,
    )


async def bank_clearing(
    session: AsyncSession, *, estate_id: int, method: str, order: Order, is_incoming: bool, now: datetime
) -> Booked:
    """Book that what stood on a clearing account reached the bank, or left it (``is_incoming`` false).

    Receipts stand on a clearing account as minus, pay-outs as plus; banked, both return to zero.

    :raises NotFound: if the estate has no such clearing account
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    code = CLEARING_PREFIX + method
    known = await queries.account_codes(session, estate_id=estate_id, codes=[code])
    if code not in known:
        raise NotFound(f"no money has come or gone by {method!r} in estate {estate_id}")
    clearing = known[code].account_id
    opened = await open_accounts(session, estate_id=estate_id, codes=[BANK_CODE], currency=estate.currency)
    bank = opened[BANK_CODE]
    return await _between(
        session,
        estate_id=estate_id,
        kind=JournalKind.BANKING,
        from_id=bank if is_incoming else clearing,
        to_id=clearing if is_incoming else bank,
        order=order,
        now=now,
    )


async def _between(
    session: AsyncSession,
    *,
    estate_id: int,
    kind: JournalKind,
    from_id: int,
    to_id: int,
    order: Order,
    now: datetime,
) -> Booked:
    line = EntryKind[kind.name]
    movement = Movement(
        kind=kind,
        lines=[Line(from_id, -order.amount_micro, line), Line(to_id, order.amount_micro, line)],
        actor=order.actor,
        memo=order.memo,
        key=order.key,
        scope=kind.shown,
        body=[from_id, to_id, order.amount_micro, order.memo],
    )
    return await book(session, estate_id=estate_id, movement=movement, now=now)
