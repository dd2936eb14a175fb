"""Crossings of balances become alerts to whoever hears of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.money import format_cents
from mita.notifications import operations as notifications
from mita.wallets import queries
from mita.wallets.domain import alerts_of_crossing

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.events import BalanceCrossed


async def tell_hearers(session: AsyncSession, event: BalanceCrossed, now: datetime) -> None:
    """Raise the alert of a crossing to everybody whose grant says so, and end those that it overtook."""
    raised, overtaken = alerts_of_crossing(before=event.before, after=event.after)
    subject = f"wallet:{event.wallet_id}:{event.utility}"
    await notifications.resolve_kinds(
        session, estate_id=event.estate_id, kinds=overtaken, subject=subject, now=now
    )
    if raised is None:
        return
    heard_by = await queries.hearers(
        session, estate_id=event.estate_id, wallet_id=event.wallet_id, kind=raised
    )
    if not heard_by:
        return
    estate = await estate_queries.estate(session, estate_id=event.estate_id)
    unit = await estate_queries.unit(session, estate_id=event.estate_id, unit_id=event.unit_id)
    await notifications.raise_alert(
        session,
        estate_id=event.estate_id,
        kind=raised,
        subject=subject,
        person_ids=heard_by,
        detail={
            "unit": unit.name,
            "utility": event.utility,
            "balance": format_cents(event.balance_micro),
            "currency": estate.currency,
        },
        now=now,
    )
