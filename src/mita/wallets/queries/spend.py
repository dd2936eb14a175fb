"""Reads of spending limits and of what was spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from mita.kit.errors import NotFound
from mita.wallets import domain
from mita.wallets.domain import Spent, Told
from mita.wallets.models import SpendDay, SpendLimit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from sqlalchemy.ext.asyncio import AsyncSession


async def spend_limit(session: AsyncSession, *, estate_id: int, wallet_id: int) -> SpendLimit:
    """Return a wallet's spending limit.

    :raises NotFound: if it has none
    """
    found = await session.get(SpendLimit, (estate_id, wallet_id), populate_existing=True)
    if found is None:
        raise NotFound(f"wallet {wallet_id} has no spending limit")
    return found


async def spend_limit_rows(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int]
) -> dict[int, SpendLimit]:
    """Return the rows of the spending limits of those wallets that have one, by wallet."""
    statement = (
        select(SpendLimit)
        .where(SpendLimit.estate_id == estate_id, SpendLimit.wallet_id.in_(list(wallet_ids)))
        .order_by(SpendLimit.wallet_id)
        .execution_options(populate_existing=True)
    )
    return {row.wallet_id: row for row in await session.scalars(statement)}


async def spend_limits(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int]
) -> dict[int, domain.SpendLimit]:
    """Return the spending limits of those wallets that have one, by wallet."""
    rows = await spend_limit_rows(session, estate_id=estate_id, wallet_ids=wallet_ids)
    return {wallet_id: limit_of(row) for wallet_id, row in rows.items()}


async def limited_wallets(session: AsyncSession, *, estate_id: int) -> list[int]:
    """Return the wallets that have a spending limit, by id."""
    statement = select(SpendLimit.wallet_id).where(SpendLimit.estate_id == estate_id)
    return list((await session.scalars(statement.order_by(SpendLimit.wallet_id))).all())


def limit_of(row: SpendLimit) -> domain.SpendLimit:
    """Return the rule that a row holds."""
    return domain.SpendLimit(row.daily_micro, row.monthly_micro, row.is_cutting)


async def spent(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int], day: date
) -> dict[int, Spent]:
    """Return what wallets with a limit have spent on a local day and in its month, up to that day."""
    of_day = func.sum(SpendDay.spent_micro).filter(SpendDay.day == day)
    statement = (
        select(SpendDay.wallet_id, of_day, func.sum(SpendDay.spent_micro))
        .where(
            SpendDay.estate_id == estate_id,
            SpendDay.wallet_id.in_(list(wallet_ids)),
            SpendDay.day.between(day.replace(day=1), day),
        )
        .group_by(SpendDay.wallet_id)
    )
    found = {
        wallet_id: Spent(int(today or 0), int(month))
        for wallet_id, today, month in await session.execute(statement)
    }
    return {wallet_id: found.get(wallet_id, Spent()) for wallet_id in wallet_ids}


async def told(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int], day: date
) -> dict[int, frozenset[Told]]:
    """Return what was told of wallets' spending on a local day and in its month."""
    statement = select(SpendDay.wallet_id, SpendDay.day, SpendDay.told).where(
        SpendDay.estate_id == estate_id,
        SpendDay.wallet_id.in_(list(wallet_ids)),
        SpendDay.day.in_([day.replace(day=1), day]),
    )
    found: dict[int, set[Told]] = {wallet_id: set() for wallet_id in wallet_ids}
    for wallet_id, of_day, words in await session.execute(statement):
        spans = {domain.Span.DAY} if of_day == day else set()
        spans |= {domain.Span.MONTH} if of_day.day == 1 else set()
        found[wallet_id] |= {Told(word) for word in words if domain.span_of(Told(word)) in spans}
    return {wallet_id: frozenset(words) for wallet_id, words in found.items()}
