"""Reads of groups: who is in them, what they hold together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.kit.errors import NotFound
from mita.ledger import queries as ledger_queries
from mita.wallets.domain import StandingOrder
from mita.wallets.models import DistributionRule, GroupMember, WalletGroup
from mita.wallets.queries.accounts import totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class GroupBalance:
    """What a group's own account holds and each of its wallets in all their accounts, in micro-money."""

    own_micro: int
    wallets_micro: dict[int, int]

    @property
    def total_micro(self) -> int:
        """All of it together."""
        return self.own_micro + sum(self.wallets_micro.values())


async def group(session: AsyncSession, *, estate_id: int, group_id: int) -> WalletGroup:
    """Return one group.

    :raises NotFound: if the estate has no such group
    """
    found = await session.get(WalletGroup, (estate_id, group_id))
    if found is None:
        raise NotFound(f"group {group_id} does not exist in estate {estate_id}")
    return found


async def groups(
    session: AsyncSession,
    *,
    estate_id: int,
    owner_person_id: int | None = None,
    group_ids: Sequence[int] | None = None,
    after_id: int = 0,
    limit: int = 100,
) -> Sequence[WalletGroup]:
    """Return an estate's groups by id, ``limit`` at most after ``after_id``; None filters nothing."""
    statement = select(WalletGroup).where(WalletGroup.estate_id == estate_id, WalletGroup.group_id > after_id)
    if owner_person_id is not None:
        statement = statement.where(WalletGroup.owner_person_id == owner_person_id)
    if group_ids is not None:
        statement = statement.where(WalletGroup.group_id.in_(list(group_ids)))
    return (await session.scalars(statement.order_by(WalletGroup.group_id).limit(limit))).all()


async def groups_of_person(session: AsyncSession, *, person_id: int) -> Sequence[WalletGroup]:
    """Return the groups that a person owns in the estates this connection sees, by estate and id."""
    statement = (
        select(WalletGroup)
        .where(WalletGroup.owner_person_id == person_id)
        .order_by(WalletGroup.estate_id, WalletGroup.group_id)
    )
    return (await session.scalars(statement)).all()


async def members(session: AsyncSession, *, estate_id: int, group_id: int) -> list[int]:
    """Return the wallets that are in a group now, by id."""
    statement = select(GroupMember.wallet_id).where(
        GroupMember.estate_id == estate_id, GroupMember.group_id == group_id, GroupMember.left_at.is_(None)
    )
    return sorted((await session.scalars(statement)).all())


async def group_of_wallet(session: AsyncSession, *, estate_id: int, wallet_id: int) -> int | None:
    """Return the group that a wallet is in now, if any."""
    return await session.scalar(
        select(GroupMember.group_id).where(
            GroupMember.estate_id == estate_id,
            GroupMember.wallet_id == wallet_id,
            GroupMember.left_at.is_(None),
        )
    )


async def groups_of_wallets(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int]
) -> dict[int, int]:
    """Return the group that each of some wallets is in now, by wallet; of those that are in one."""
    statement = select(GroupMember.wallet_id, GroupMember.group_id).where(
        GroupMember.estate_id == estate_id,
        GroupMember.wallet_id.in_(list(wallet_ids)),
        GroupMember.left_at.is_(None),
    )
    return {row.wallet_id: row.group_id for row in await session.execute(statement)}


async def group_filling(session: AsyncSession, *, estate_id: int, wallet_id: int) -> int | None:
    """Return the group that keeps a wallet filled, if it is in one whose distribution rule is on."""
    return await session.scalar(
        select(GroupMember.group_id)
        .join(
            DistributionRule,
            (DistributionRule.estate_id == GroupMember.estate_id)
            & (DistributionRule.group_id == GroupMember.group_id),
        )
        .where(
            GroupMember.estate_id == estate_id,
            GroupMember.wallet_id == wallet_id,
            GroupMember.left_at.is_(None),
            DistributionRule.is_on,
        )
    )


async def group_balances(
    session: AsyncSession, *, estate_id: int, groups: Sequence[WalletGroup]
) -> dict[int, GroupBalance]:
    """Return what groups and their wallets hold, by group."""
    statement = select(GroupMember.group_id, GroupMember.wallet_id).where(
        GroupMember.estate_id == estate_id,
        GroupMember.group_id.in_([each.group_id for each in groups]),
        GroupMember.left_at.is_(None),
    )
    inside = (await session.execute(statement.order_by(GroupMember.wallet_id))).all()
    held = await totals(session, estate_id=estate_id, wallet_ids=[row.wallet_id for row in inside])
    own = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in groups]
    )
    return {
        each.group_id: GroupBalance(
            own[each.account_id],
            {row.wallet_id: held[row.wallet_id] for row in inside if row.group_id == each.group_id},
        )
        for each in groups
    }


async def group_balance(session: AsyncSession, *, group: WalletGroup) -> GroupBalance:
    """Return what one group and its wallets hold."""
    found = await group_balances(session, estate_id=group.estate_id, groups=[group])
    return found[group.group_id]


async def standing_orders(
    session: AsyncSession, *, estate_id: int, group_ids: Sequence[int]
) -> dict[int, StandingOrder]:
    """Return the distribution rules of those groups that have set one, by group."""
    statement = (
        select(DistributionRule)
        .where(DistributionRule.estate_id == estate_id, DistributionRule.group_id.in_(list(group_ids)))
        .execution_options(populate_existing=True)
    )
    return {
        row.group_id: StandingOrder(row.is_on, row.threshold_micro, row.target_micro)
        for row in await session.scalars(statement)
    }


async def standing_order(session: AsyncSession, *, estate_id: int, group_id: int) -> StandingOrder | None:
    """Return a group's distribution rule, if it has set one."""
    return (await standing_orders(session, estate_id=estate_id, group_ids=[group_id])).get(group_id)


async def groups_to_fill(session: AsyncSession, *, estate_id: int) -> list[int]:
    """Return the groups whose distribution rule is on, by id."""
    statement = select(DistributionRule.group_id).where(
        DistributionRule.estate_id == estate_id, DistributionRule.is_on
    )
    return sorted((await session.scalars(statement)).all())
