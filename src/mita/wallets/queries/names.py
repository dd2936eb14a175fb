"""What people call the things that ledger codes number: wallets are known by their unit, groups by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.ledger.domain.chart import Names
from mita.wallets.queries.accounts import accounts as accounts_of
from mita.wallets.queries.groups import groups

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.ext.asyncio import AsyncSession

_OF_WALLETS = ("wallet", "emergency", "debt")


async def account_names(session: AsyncSession, *, estate_id: int, codes: Iterable[str]) -> Names:
    """Return the names of what these account codes number."""
    numbered = [
        (first, int(number))
        for first, number, *_ in (f"{code}:".split(":") for code in codes)
        if number.isdecimal()
    ]
    wallet_ids = sorted({number for first, number in numbered if first in _OF_WALLETS})
    group_ids = sorted({number for first, number in numbered if first == "group"})
    return Names(
        unit_by_wallet=await _units(session, estate_id=estate_id, wallet_ids=wallet_ids),
        group=await _groups(session, estate_id=estate_id, group_ids=group_ids),
    )


async def _units(session: AsyncSession, *, estate_id: int, wallet_ids: list[int]) -> dict[int, str]:
    if not wallet_ids:
        return {}
    accounts = await accounts_of(session, estate_id=estate_id, wallet_ids=wallet_ids)
    unit_ids = sorted({account.unit_id for account in accounts})
    units = await estate_queries.units(
        session, estate_id=estate_id, unit_ids=unit_ids, limit=len(unit_ids) + 1
    )
    name = {unit.unit_id: unit.name for unit in units}
    return {account.wallet_id: name[account.unit_id] for account in accounts}


async def _groups(session: AsyncSession, *, estate_id: int, group_ids: list[int]) -> dict[int, str]:
    if not group_ids:
        return {}
    found = await groups(session, estate_id=estate_id, group_ids=group_ids, limit=len(group_ids))
    return {group.group_id: group.name for group in found}
