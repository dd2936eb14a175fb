"""How long the money of wallets lasts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.kit.clock import to_us
from mita.kit.zones import zone
from mita.metering import queries as metering_queries
from mita.reports.domain import LOOKED_BACK_DAYS, Lasting, lasting
from mita.reports.queries.charged import charged
from mita.tariffs.domain import local_midnight_s
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def how_long(
    session: AsyncSession, *, estate_id: int, wallet_ids: Sequence[int], now: datetime, time_zone: str
) -> dict[int, Lasting]:
    """Return by wallet what all its accounts hold, what they were charged lately, and how long that lasts.

    Counted are the last 28 whole local days; of a home whose first reading, of those that the reader sees, is
    younger, the time since then.
    """
    local = zone(time_zone)
    today = now.astimezone(local).date()
    start_s, end_s = (
        local_midnight_s(day, zone=local) for day in (today - timedelta(days=LOOKED_BACK_DAYS), today)
    )
    spent = await charged(session, estate_id=estate_id, wallet_ids=wallet_ids, borders_s=(start_s, end_s))
    totals = await wallet_queries.totals(session, estate_id=estate_id, wallet_ids=wallet_ids)
    unit = {each.wallet_id: each.unit_id for each in spent.accounts}
    first = await metering_queries.first_readings(
        session, estate_id=estate_id, unit_ids=sorted(set(unit.values()))
    )
    begun_s = {unit_id: to_us(taken_at) // 1_000_000 for unit_id, taken_at in first.items()}
    return {
        wallet_id: lasting(
            balance_micro=totals.get(wallet_id, 0),
            charged_micro=spent.by_wallet.get(wallet_id, 0),
            counted_s=max(0, end_s - max(start_s, begun_s.get(unit.get(wallet_id, 0), start_s))),
        )
        for wallet_id in wallet_ids
    }
