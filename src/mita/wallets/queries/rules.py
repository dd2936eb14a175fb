"""Reads of a wallet's rules: allocation, promotions, emergency credit, debt, targets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from mita.kit.errors import NotFound
from mita.ledger import queries as ledger_queries
from mita.wallets.domain import (
    Allocation,
    AllocationRules,
    Charged,
    Emergency,
    Promoted,
    Target,
    spent_micro,
    that_matter,
)
from mita.wallets.models import (
    AllocationRule,
    BalanceTarget,
    DebtPlan,
    EmergencyRule,
    Promotion,
    PromotionEnd,
    TopUpRequest,
    WalletAllocation,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import Row
    from sqlalchemy.ext.asyncio import AsyncSession

    PromotionRow = Row[Promotion, PromotionEnd | None]


def emergency_code(wallet_id: int) -> str:
    """Return the ledger code of what a wallet owes of emergency credit."""
    return f"emergency:{wallet_id}"


def debt_code(wallet_id: int) -> str:
    """Return the ledger code of a wallet's arrears that were set aside."""
    return f"debt:{wallet_id}"


# ── allocation ──


async def allocation_rules(session: AsyncSession, *, estate_id: int) -> AllocationRules:
    """Return an estate's rules for allocation and cover; the defaults if it has set none."""
    row = await session.get(AllocationRule, estate_id, populate_existing=True)
    if row is None:
        return AllocationRules()
    return AllocationRules(Allocation(row.kind, row.shares), row.residents_may_choose, row.cover_micro)


async def wallet_allocation(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Allocation | None:
    """Return what a wallet's resident chose, whether it counts now or not."""
    row = await session.get(WalletAllocation, (estate_id, wallet_id), populate_existing=True)
    return None if row is None else Allocation(row.kind, row.shares)


async def allocation_in_force(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Allocation | None:
    """Return how a wallet's top-ups are spread: as its resident chose, where that is allowed."""
    rules = await allocation_rules(session, estate_id=estate_id)
    if rules.residents_may_choose:
        chosen = await wallet_allocation(session, estate_id=estate_id, wallet_id=wallet_id)
        return rules.allocation if chosen is None else chosen
    return rules.allocation


# ── promotions ──


def _promotions(estate_id: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - SQLAlchemy's Select of both
    ended = (PromotionEnd.estate_id == Promotion.estate_id) & (
        PromotionEnd.promotion_id == Promotion.promotion_id
    )
    return (
        select(Promotion, PromotionEnd)
        .outerjoin(PromotionEnd, ended)
        .where(Promotion.estate_id == estate_id)
        .order_by(Promotion.granted_at.desc(), Promotion.promotion_id.desc())
        .execution_options(populate_existing=True)
    )


async def promotions(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Sequence[PromotionRow]:
    """Return a wallet's promotions, newest first, each with its end (None: it has not ended)."""
    return (await session.execute(_promotions(estate_id).where(Promotion.wallet_id == wallet_id))).all()


async def promotion_of_key(session: AsyncSession, *, estate_id: int, key: str) -> Promotion | None:
    """Return the promotion that an idempotency key granted."""
    return await session.scalar(
        select(Promotion).where(Promotion.estate_id == estate_id, Promotion.key == key)
    )


async def promotion(session: AsyncSession, *, estate_id: int, promotion_id: UUID) -> PromotionRow:
    """Return one promotion with its end.

    :raises NotFound: if the estate has no such promotion
    """
    statement = _promotions(estate_id).where(Promotion.promotion_id == promotion_id)
    found: PromotionRow | None = (await session.execute(statement)).one_or_none()
    if found is None:
        raise NotFound(f"promotion {promotion_id} does not exist in estate {estate_id}")
    return found


async def expired_promotions(session: AsyncSession, *, estate_id: int, now: datetime) -> Sequence[Promotion]:
    """Return the promotions whose time is over and that have not ended yet, by account."""
    statement = _promotions(estate_id).where(Promotion.expires_at <= now, PromotionEnd.promotion_id.is_(None))
    rows = (await session.execute(statement)).all()
    return sorted((row[0] for row in rows), key=lambda each: (each.account_id, each.expires_at))


async def promoted(session: AsyncSession, *, estate_id: int, account_id: int) -> list[Promoted]:
    """Return all promotions that an account ever had."""
    rows = (await session.execute(_promotions(estate_id).where(Promotion.account_id == account_id))).all()
    return [
        Promoted(
            each.promotion_id,
            each.amount_micro,
            each.granted_seq,
            each.expires_at,
            None if end is None else end.ended_seq,
        )
        for each, end in rows
    ]


async def remaining_micro(
    session: AsyncSession, *, estate_id: int, promotions: Sequence[PromotionRow]
) -> dict[UUID, tuple[int, int]]:
    """Return what was spent of each promotion, and what is left of it, in micro-money."""
    live: dict[int, list[UUID]] = {}
    found: dict[UUID, tuple[int, int]] = {}
    for each, end in promotions:
        if end is None:
            live.setdefault(each.account_id, []).append(each.promotion_id)
        else:
            found[each.promotion_id] = (end.spent_micro, 0)
    amount = {each.promotion_id: each.amount_micro for each, _ in promotions}
    for account_id, ids in live.items():
        known = await promoted(session, estate_id=estate_id, account_id=account_id)
        of = [each for each in known if each.promotion_id in ids]
        shared, charges = await charged(session, estate_id=estate_id, account_id=account_id, promotions=of)
        spent = spent_micro(shared, charged=charges)
        found |= {each: (spent[each], amount[each] - spent[each]) for each in ids}
    return found


async def charged(
    session: AsyncSession, *, estate_id: int, account_id: int, promotions: Sequence[Promoted]
) -> tuple[list[Promoted], list[Charged]]:
    """Return what decides how much of ``promotions`` is spent: all that share charges, and those charges.

    ``promotions`` are not empty and belong to the account.
    """
    known = await promoted(session, estate_id=estate_id, account_id=account_id)
    shared = that_matter(known, of=promotions)
    sums = await ledger_queries.charged_sums(
        session,
        estate_id=estate_id,
        account_id=account_id,
        after_seqs=[
            *(each.granted_seq for each in shared),
            *(each.ended_seq for each in shared if each.ended_seq is not None),
        ],
        instants=[each.expires_at for each in shared],
    )
    found = [Charged(*each) for each in sums]
    account = await ledger_queries.account(session, estate_id=estate_id, account_id=account_id)
    if account.accrued_micro:
        # used, not posted yet, and so without a time: it counts as used before anything expires
        since = min(each.expires_at for each in shared) - timedelta(days=1)
        found.append(Charged(account.head_seq + 1, since, account.accrued_micro))
    return shared, found


# ── emergency credit and debt ──


async def emergency_rule(session: AsyncSession, *, estate_id: int) -> Emergency:
    """Return an estate's rule for emergency credit; without one there is none."""
    row = await session.get(EmergencyRule, estate_id, populate_existing=True)
    return Emergency() if row is None else Emergency(row.is_on, row.amount_micro, row.who)


async def owed(session: AsyncSession, *, estate_id: int, wallet_id: int) -> tuple[int, int]:
    """Return what a wallet owes in micro-money: emergency credit, and arrears set aside."""
    codes = [emergency_code(wallet_id), debt_code(wallet_id)]
    found = await ledger_queries.account_codes(session, estate_id=estate_id, codes=codes)
    first, second = (max(0, -found[code].posted_micro) if code in found else 0 for code in codes)
    return first, second


async def debt_plan(session: AsyncSession, *, estate_id: int, wallet_id: int) -> DebtPlan | None:
    """Return the plan by which a wallet pays its debt back, if there is a debt."""
    return await session.scalar(
        select(DebtPlan)
        .where(DebtPlan.estate_id == estate_id, DebtPlan.wallet_id == wallet_id, DebtPlan.ended_at.is_(None))
        .execution_options(populate_existing=True)
    )


async def debt_plans(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Sequence[DebtPlan]:
    """Return a wallet's plans, newest first."""
    statement = select(DebtPlan).where(DebtPlan.estate_id == estate_id, DebtPlan.wallet_id == wallet_id)
    newest = statement.order_by(DebtPlan.set_at.desc(), DebtPlan.plan_id.desc())
    return (await session.scalars(newest.execution_options(populate_existing=True))).all()


# ── targets ──


async def balance_target(session: AsyncSession, *, estate_id: int, wallet_id: int) -> Target | None:
    """Return a wallet's target, if one was set."""
    row = await session.get(BalanceTarget, (estate_id, wallet_id), populate_existing=True)
    return None if row is None else Target(row.minimum_micro, row.target_micro, row.is_on)


async def watched_targets(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int] | None = None
) -> dict[int, Target]:
    """Return the targets that are on, by wallet; None filters nothing."""
    statement = select(BalanceTarget).where(BalanceTarget.estate_id == estate_id, BalanceTarget.is_on)
    if wallet_ids is not None:
        statement = statement.where(BalanceTarget.wallet_id.in_(list(wallet_ids)))
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    return {row.wallet_id: Target(row.minimum_micro, row.target_micro, row.is_on) for row in rows}


async def top_up_requests(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    state: str | None = None,
    after_id: UUID | None = None,
    limit: int = 100,
) -> Sequence[TopUpRequest]:
    """Return a wallet's requests for a top-up, newest first, from after one on; None filters nothing."""
    statement = select(TopUpRequest).where(
        TopUpRequest.estate_id == estate_id, TopUpRequest.wallet_id == wallet_id
    )
    if state is not None:
        statement = statement.where(TopUpRequest.state == state)
    place = (TopUpRequest.asked_at, TopUpRequest.request_id)
    if after_id is not None:
        last = select(*place).where(TopUpRequest.estate_id == estate_id, TopUpRequest.request_id == after_id)
        statement = statement.where(tuple_(*place) < last.scalar_subquery())
    newest = statement.order_by(*(each.desc() for each in place)).limit(limit)
    return (await session.scalars(newest.execution_options(populate_existing=True))).all()


async def open_requests(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int]
) -> dict[int, TopUpRequest]:
    """Return the open requests of wallets, by wallet."""
    statement = select(TopUpRequest).where(
        TopUpRequest.estate_id == estate_id,
        TopUpRequest.wallet_id.in_(list(wallet_ids)),
        TopUpRequest.state == "open",
    )
    rows = await session.scalars(statement.execution_options(populate_existing=True))
    return {row.wallet_id: row for row in rows}
