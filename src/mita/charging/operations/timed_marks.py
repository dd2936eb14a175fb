"""What makes timed charges be looked at again: new meters, readings of the past, other rate tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.charging.models import TimedChargeState
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime

    from sqlalchemy import ColumnElement
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.events import MetersInstalled


async def watch_new_meters(session: AsyncSession, event: MetersInstalled, now: datetime) -> None:
    """Let the accounts that new meters are charged to be looked at, some of them for the first time."""
    accounts = await wallet_queries.accounts(
        session,
        estate_id=event.estate_id,
        unit_ids=sorted({unit_id for unit_id, _ in event.unit_utilities}),
        with_general=False,
    )
    wanted = set(event.unit_utilities)
    rows = [
        {
            "estate_id": event.estate_id,
            "account_id": account.account_id,
            "unit_id": account.unit_id,
            "utility": account.utility,
            "next_due_at": now,
            "awaited_registers": [],
            "awaited_after": [],
        }
        for account in accounts
        if (account.unit_id, account.utility) in wanted
    ]
    if rows:
        statement = pg_insert(TimedChargeState)
        newer = {"next_due_at": statement.excluded.next_due_at}
        await session.execute(
            statement.on_conflict_do_update(index_elements=["estate_id", "account_id"], set_=newer), rows
        )


async def mark_accounts(
    session: AsyncSession, *, estate_id: int, account_ids: Collection[int], day: date
) -> None:
    """Note that the past of accounts may cost something else from a local date on."""
    if account_ids:
        chosen = TimedChargeState.account_id.in_(sorted(account_ids))
        await _mark(session, estate_id=estate_id, chosen=chosen, day=day)


async def mark_units(
    session: AsyncSession, *, estate_id: int, utility: str, unit_ids: Collection[int] | None, day: date
) -> None:
    """Note that a utility of units (None: of all) may cost something else from a local date on."""
    chosen = TimedChargeState.utility == utility
    if unit_ids is not None:
        chosen &= TimedChargeState.unit_id.in_(sorted(unit_ids))
    await _mark(session, estate_id=estate_id, chosen=chosen, day=day)


async def _mark(session: AsyncSession, *, estate_id: int, chosen: ColumnElement[bool], day: date) -> None:
    state = TimedChargeState
    await session.execute(
        update(state)
        .where(state.estate_id == estate_id, chosen)
        .values(dirty_from=func.least(state.dirty_from, day))
        .execution_options(synchronize_session=False)
    )
