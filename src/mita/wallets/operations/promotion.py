"""Promotional credit is granted, is spent before other money, and what is left of it expires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - a field of a result

from sqlalchemy import insert

from mita.estates import queries as estate_queries
from mita.kit.errors import Invalid
from mita.kit.ids import new_id
from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.wallets import queries
from mita.wallets.domain import GENERAL, spent_micro
from mita.wallets.models import Promotion, PromotionEnd
from mita.wallets.operations.accounts import UtilityNotInWallet, wallet_account
from mita.wallets.operations.rows import hold_rows

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

PROMOTION_CODE = "promotion"
PROMOTION_MICRO_MAX = 10**15
_ACTOR = "system:wallets"


@dataclass(frozen=True, slots=True)
class Grant:
    """Promotional credit to grant: positive micro-money for one utility, the only one if None."""

    wallet_id: int
    amount_micro: int
    expires_at: datetime
    reason: str
    utility: str | None = None

    @property
    def body(self) -> list[object]:
        """What a repeat must say again."""
        return [self.wallet_id, self.amount_micro, self.expires_at.isoformat(), self.reason, self.utility]


async def grant_promotion(
    session: AsyncSession, *, estate_id: int, grant: Grant, key: str, actor: str, now: datetime
) -> tuple[UUID, bool]:
    """Grant promotional credit once per ``key``; return its id and whether it is a repeat.

    :raises Invalid: if the amount is not positive, it would be over already, or there is no reason
    :raises UtilityNotInWallet: if the utility must be named, has no account, or is the general account
    :raises mita.ledger.operations.KeyReused: if the key was used for another grant
    """
    if not 0 < grant.amount_micro <= PROMOTION_MICRO_MAX:
        raise Invalid("amount must be above zero and at most 1,000,000,000", problems=[{"path": "amount"}])
    if not grant.reason.strip():
        raise Invalid("promotional credit needs a reason", problems=[{"path": "reason"}])
    if grant.utility == GENERAL:
        raise UtilityNotInWallet("nothing is charged to a general account: name a utility")
    account = await wallet_account(
        session, estate_id=estate_id, wallet_id=grant.wallet_id, utility=grant.utility
    )
    known = await queries.promotion_of_key(session, estate_id=estate_id, key=key)
    if known is None and grant.expires_at <= now:
        raise Invalid("expires_at must lie in the future", problems=[{"path": "expires_at"}])
    movement = Movement(
        kind=JournalKind.PROMOTION,
        lines=await _lines(
            session,
            estate_id=estate_id,
            account_id=account.account_id,
            amount_micro=grant.amount_micro,
            kind=EntryKind.PROMOTION,
        ),
        actor=actor,
        memo=grant.reason,
        key=key,
        scope="promotion",
        body=grant.body,
    )
    booked = await ledger.book(session, estate_id=estate_id, movement=movement, now=now)
    if booked.is_repeat:
        first = await queries.promotion_of_key(session, estate_id=estate_id, key=key)
        assert first is not None, "the journal and the promotion were written together"
        return first.promotion_id, True
    row = {
        "estate_id": estate_id,
        "promotion_id": new_id(),
        "account_id": account.account_id,
        "wallet_id": grant.wallet_id,
        "amount_micro": grant.amount_micro,
        "granted_seq": booked.seqs[account.account_id],
        "expires_at": grant.expires_at,
        "reason": grant.reason,
        "actor": actor,
        "granted_at": now,
        "key": key,
    }
    await session.execute(insert(Promotion), [row])
    return row["promotion_id"], False  # type: ignore[return-value]  # of a dict of many types


async def _lines(
    session: AsyncSession, *, estate_id: int, account_id: int, amount_micro: int, kind: EntryKind
) -> list[Line]:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    system = await ledger.open_accounts(
        session, estate_id=estate_id, codes=[PROMOTION_CODE], currency=estate.currency
    )
    return [Line(account_id, amount_micro, kind), Line(system[PROMOTION_CODE], -amount_micro, kind)]


async def expire_promotion(
    session: AsyncSession, *, estate_id: int, promotion_id: UUID, now: datetime, is_early: bool = False
) -> bool:
    """End a promotion whose time is over: take back what is unspent; return False if it had ended before.

    ``is_early`` ends it before its time: whom it was meant for is gone.

    What happened before its end and is charged by now is still paid from it.

    :raises mita.kit.errors.NotFound: if there is no such promotion
    """
    promotion, _ = await queries.promotion(session, estate_id=estate_id, promotion_id=promotion_id)
    assert is_early or promotion.expires_at <= now, "nothing is taken back before its time"
    account_id = promotion.account_id
    lines = await _lines(
        session, estate_id=estate_id, account_id=account_id, amount_micro=0, kind=EntryKind.PROMOTION_EXPIRY
    )
    # nobody charges meanwhile, and of two who expire it the second sees that it has ended
    held = await hold_rows(session, estate_id=estate_id, account_ids=[line.account_id for line in lines])
    known = await queries.promoted(session, estate_id=estate_id, account_id=account_id)
    (this,) = (each for each in known if each.promotion_id == promotion.promotion_id)
    if this.ended_seq is not None:
        return False
    shared, charged = await queries.charged(
        session, estate_id=estate_id, account_id=account_id, promotions=[this]
    )
    spent = spent_micro(shared, charged=charged)[promotion.promotion_id]
    left = promotion.amount_micro - spent
    journal_id = await _take_back(session, promotion, left_micro=left, now=now) if left else None
    row = {
        "estate_id": estate_id,
        "promotion_id": promotion.promotion_id,
        "spent_micro": spent,
        "expired_micro": left,
        "ended_seq": held[account_id].head_seq,
        "journal_id": journal_id,
        "ended_at": now,
    }
    await session.execute(insert(PromotionEnd), [row])
    return True


async def _take_back(session: AsyncSession, promotion: Promotion, *, left_micro: int, now: datetime) -> UUID:
    movement = Movement(
        kind=JournalKind.PROMOTION_EXPIRY,
        lines=await _lines(
            session,
            estate_id=promotion.estate_id,
            account_id=promotion.account_id,
            amount_micro=-left_micro,
            kind=EntryKind.PROMOTION_EXPIRY,
        ),
        actor=_ACTOR,
        memo=f"expired: {promotion.reason}",
    )
    booked = await ledger.book(session, estate_id=promotion.estate_id, movement=movement, now=now)
    return booked.journal_id
