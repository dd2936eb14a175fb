"""Units and estates are archived once nothing hangs on them, money least of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.estates.operations import StillInUse
from mita.ledger import queries as ledger_queries
from mita.metering import queries as metering_queries
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


# whose money an estate holds, or who owes it some: their accounts' codes begin so
_OF_OTHERS = ("wallet", "group", "emergency", "debt", "occupancy", "vacancy", "clearing")


async def archive_estate(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
    """Archive an estate: nobody lives there, nobody's money stands there, nothing is on its way.

    :raises StillInUse: if something still hangs on it
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    if estate.archived_at is not None:
        return
    sums = await ledger_queries.balance_sums(session, estate_id=estate_id, first_words=_OF_OTHERS)
    if open_accounts := sum(each.open_accounts for each in sums):
        raise StillInUse(f"{open_accounts} accounts are not at zero", problems=[{"path": "accounts"}])
    await estates.archive_estate(session, estate_id=estate_id, now=now)


async def archive_unit(session: AsyncSession, *, estate_id: int, unit_id: int, now: datetime) -> None:
    """Archive a unit: no meter measures there, nobody lives there or owns it, and its wallet is at zero.

    :raises mita.kit.errors.NotFound: if the estate has no such unit
    :raises StillInUse: if something still hangs on it
    """
    meters = await metering_queries.meters(session, estate_id=estate_id, unit_id=unit_id)
    if any(meter.removed_at is None for meter in meters):
        raise StillInUse(f"meters measure in unit {unit_id}", problems=[{"path": "meters"}])
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
    )
    if any(balances.values()):
        raise StillInUse(f"the wallet of unit {unit_id} is not at zero", problems=[{"path": "wallet"}])
    await estates.archive_unit(session, estate_id=estate_id, unit_id=unit_id, now=now)
