"""Reads of sharing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from mita.kit.clock import to_us
from mita.kit.errors import NotFound
from mita.sharing.domain import GroupRule, MemberMonth, PriceTerms, Spell
from mita.sharing.models import (
    SharedDay,
    SharedMonth,
    SharingGroup,
    SharingKey,
    SharingMember,
    SharingPrice,
    SharingSource,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def group(
    session: AsyncSession, *, estate_id: int, sharing_group_id: int, lock: bool = False
) -> SharingGroup:
    """Return a group; with ``lock`` nobody else settles it until the transaction ends.

    :raises NotFound: if the estate has no such group
    """
    statement = select(SharingGroup).where(
        SharingGroup.estate_id == estate_id, SharingGroup.sharing_group_id == sharing_group_id
    )
    statement = statement.execution_options(populate_existing=True)
    found = await session.scalar(statement.with_for_update() if lock else statement)
    if found is None:
        raise NotFound(f"sharing group {sharing_group_id} does not exist in estate {estate_id}")
    return found


async def groups(
    session: AsyncSession, *, estate_id: int, after_id: int = 0, limit: int = 1000
) -> Sequence[SharingGroup]:
    """Return an estate's groups by id, ``limit`` at most after ``after_id``."""
    statement = select(SharingGroup).where(
        SharingGroup.estate_id == estate_id, SharingGroup.sharing_group_id > after_id
    )
    return (await session.scalars(statement.order_by(SharingGroup.sharing_group_id).limit(limit))).all()


async def member_rows(
    session: AsyncSession, *, estate_id: int, sharing_group_id: int
) -> Sequence[SharingMember]:
    """Return all terms that members of a group ever had, in the order in which they were written."""
    statement = select(SharingMember).where(
        SharingMember.estate_id == estate_id, SharingMember.sharing_group_id == sharing_group_id
    )
    return (await session.scalars(statement.order_by(SharingMember.sharing_member_id))).all()


async def source_rows(
    session: AsyncSession, *, estate_id: int, sharing_group_id: int
) -> Sequence[SharingSource]:
    """Return all sources that a group ever had, in the order in which they were written."""
    statement = select(SharingSource).where(
        SharingSource.estate_id == estate_id, SharingSource.sharing_group_id == sharing_group_id
    )
    return (await session.scalars(statement.order_by(SharingSource.sharing_source_id))).all()


async def price_terms(session: AsyncSession, *, estate_id: int, sharing_group_id: int) -> list[PriceTerms]:
    """Return all prices that a group ever had, in the order in which they were written."""
    statement = select(SharingPrice).where(
        SharingPrice.estate_id == estate_id, SharingPrice.sharing_group_id == sharing_group_id
    )
    rows = await session.scalars(statement.order_by(SharingPrice.sharing_price_id))
    return [
        PriceTerms(
            row.from_on,
            row.rate_table_id,
            row.surplus_rate_table_id,
            row.incentive_rate_table_id,
            tuple(row.roles),
        )
        for row in rows
    ]


async def groups_of_registers(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int]
) -> set[int]:
    """Return the groups that any of these registers ever was a member or a source of."""
    found: set[int] = set()
    for model in (SharingMember, SharingSource):
        statement = select(model.sharing_group_id).where(
            model.estate_id == estate_id, model.register_id.in_(list(register_ids))
        )
        found |= set(await session.scalars(statement.distinct()))
    return found


def member_spells(rows: Sequence[SharingMember]) -> list[Spell]:
    """Return the terms of members as values."""
    return [
        Spell(row.unit_id, row.register_id, row.from_on, row.until_on, row.key_micro, row.place)
        for row in rows
    ]


def source_spells(rows: Sequence[SharingSource]) -> list[Spell]:
    """Return sources as values."""
    return [Spell(row.register_id, row.register_id, row.from_on, row.until_on) for row in rows]


def rule_of_group(row: SharingGroup) -> GroupRule:
    """Return a group's rule as a value."""
    return GroupRule(row.rule, row.kind, row.is_own_surplus, row.keys, row.interval_minutes)


async def interval_keys(
    session: AsyncSession, *, estate_id: int, sharing_group_id: int, since: datetime, until: datetime
) -> dict[tuple[int, int], int]:
    """Return the keys of single intervals that begin in [since, until), by (second, unit).

    Of an interval only those that were sent last, together, count.
    """
    statement = (
        select(SharingKey.starts_at, SharingKey.created_at, SharingKey.unit_id, SharingKey.key_micro)
        .where(
            SharingKey.estate_id == estate_id,
            SharingKey.sharing_group_id == sharing_group_id,
            SharingKey.starts_at >= since,
            SharingKey.starts_at < until,
        )
        .order_by(SharingKey.sharing_key_id)
    )
    newest: dict[datetime, tuple[datetime, dict[int, int]]] = {}
    for starts_at, created_at, unit_id, key in await session.execute(statement):
        if starts_at not in newest or newest[starts_at][0] != created_at:
            newest[starts_at] = (created_at, {})
        newest[starts_at][1][unit_id] = key
    return {
        (to_us(starts_at) // 1_000_000, unit_id): key
        for starts_at, (_, keys) in newest.items()
        for unit_id, key in keys.items()
    }


async def newest_key_id(session: AsyncSession, *, estate_id: int, sharing_group_id: int) -> int:
    """Return the id of the key of an interval that a group was sent last, 0 if it has none."""
    statement = select(func.max(SharingKey.sharing_key_id)).where(
        SharingKey.estate_id == estate_id, SharingKey.sharing_group_id == sharing_group_id
    )
    return await session.scalar(statement) or 0


async def shared_days(
    session: AsyncSession, *, estate_id: int, sharing_group_id: int, first: date, until: date
) -> dict[date, SharedDay]:
    """Return what is settled of the local dates [first, until)."""
    statement = (
        select(SharedDay)
        .where(
            SharedDay.estate_id == estate_id,
            SharedDay.sharing_group_id == sharing_group_id,
            SharedDay.day >= first,
            SharedDay.day < until,
        )
        .order_by(SharedDay.day, SharedDay.shared_day_id.desc())
        .ext(distinct_on(SharedDay.day))
    )
    return {row.day: row for row in await session.scalars(statement)}


async def shared_months(
    session: AsyncSession, *, estate_id: int, sharing_group_id: int, month: date
) -> dict[int, SharedMonth]:
    """Return what is booked of a month, by unit."""
    statement = (
        select(SharedMonth)
        .where(
            SharedMonth.estate_id == estate_id,
            SharedMonth.sharing_group_id == sharing_group_id,
            SharedMonth.month == month,
        )
        .order_by(SharedMonth.unit_id, SharedMonth.shared_month_id.desc())
        .ext(distinct_on(SharedMonth.unit_id))
    )
    return {row.unit_id: row for row in await session.scalars(statement)}


def month_of(row: SharedMonth) -> MemberMonth:
    """Return what a stored row says is booked."""
    return MemberMonth(*row.new_micro)


async def month_of_entry(
    session: AsyncSession, *, estate_id: int, account_id: int, seq: int
) -> SharedMonth | None:
    """Return the change of a member's month that an entry booked, None if it booked none."""
    statement = select(SharedMonth).where(
        SharedMonth.estate_id == estate_id, SharedMonth.account_id == account_id, SharedMonth.seq == seq
    )
    return await session.scalar(statement)


async def later_changes(session: AsyncSession, *, row: SharedMonth) -> Sequence[SharedMonth]:
    """Return what changed in the same month of the same member after a change, the oldest first."""
    statement = select(SharedMonth).where(
        SharedMonth.estate_id == row.estate_id,
        SharedMonth.sharing_group_id == row.sharing_group_id,
        SharedMonth.unit_id == row.unit_id,
        SharedMonth.month == row.month,
        SharedMonth.shared_month_id > row.shared_month_id,
    )
    return (await session.scalars(statement.order_by(SharedMonth.shared_month_id))).all()
