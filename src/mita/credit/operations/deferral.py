"""Residents hear that friendly hours keep a supply on, until it is cut or spared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.zones import zone
from mita.notifications import operations as notifications
from mita.notifications.domain import AlertKind
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.events import CutDeferred


async def tell_of_deferral(session: AsyncSession, event: CutDeferred, now: datetime) -> None:
    """Raise the alert to everybody whose access to the unit's wallet says so."""
    accounts = await wallet_queries.accounts(
        session, estate_id=event.estate_id, unit_ids=[event.unit_id], utility=event.utility
    )
    kind = AlertKind.CUT_DEFERRED
    for account in accounts:
        heard_by = await wallet_queries.hearers(
            session, estate_id=event.estate_id, wallet_id=account.wallet_id, kind=kind
        )
        if not heard_by:
            continue
        estate = await estate_queries.estate(session, estate_id=event.estate_id)
        unit = await estate_queries.unit(session, estate_id=event.estate_id, unit_id=event.unit_id)
        until = event.until.astimezone(zone(estate.time_zone))
        await notifications.raise_alert(
            session,
            estate_id=event.estate_id,
            kind=kind,
            subject=_subject(event.unit_id, event.utility),
            person_ids=heard_by,
            detail={"unit": unit.name, "utility": event.utility, "until": f"{until:%Y-%m-%d %H:%M}"},
            now=now,
        )


async def end_deferral(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str, now: datetime
) -> None:
    """End the alert: the supply was cut after all, or spared."""
    await notifications.resolve_alerts(
        session,
        estate_id=estate_id,
        kind=AlertKind.CUT_DEFERRED,
        subject=_subject(unit_id, utility),
        now=now,
    )


def _subject(unit_id: int, utility: str) -> str:
    return f"unit:{unit_id}:{utility}"
