"""What became of a spending limit is told: to who listens, and to persons as alerts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.events import publish
from mita.kit.live import hint
from mita.kit.money import format_cents
from mita.kit.zones import zone
from mita.notifications import operations as notifications
from mita.notifications.domain import AlertKind
from mita.wallets import queries
from mita.wallets.domain import REACHED, WARNED
from mita.wallets.events import SpendReached, SpendWarned

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.domain import SpendLimit, Spent, Telling, Told


@dataclass(frozen=True, slots=True)
class Books:
    """Of which estate, in which currency, and on which local day something is spent."""

    estate_id: int
    currency: str
    zone: ZoneInfo
    today: date


async def books_of(session: AsyncSession, *, estate_id: int, now: datetime) -> Books:
    """Return an estate's books as they stand open today."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    local = zone(estate.time_zone)
    return Books(estate_id, estate.currency, local, now.astimezone(local).date())


async def tell_of_spending(
    session: AsyncSession,
    *,
    books: Books,
    wallet_id: int,
    limit: SpendLimit,
    spent: Spent,
    telling: Telling,
    now: datetime,
) -> None:
    """Tell who listens and who hears of the wallet that it was warned, has reached its limit, or left it."""
    wallet = await queries.wallet(session, estate_id=books.estate_id, wallet_id=wallet_id)
    for cls, kind, spans in (
        (SpendWarned, AlertKind.SPEND_WARNING, telling.warned),
        (SpendReached, AlertKind.SPEND_REACHED, telling.reached),
    ):
        for span in spans:
            most = limit.of(span)
            assert most is not None, "only limits are warned of and reached"
            event = cls(books.estate_id, wallet_id, wallet.unit_id, span, most, spent.of(span))
            await publish(session, event, now=now)
            await _raise(session, books, kind=kind, event=event, now=now)
    if telling.left:
        await end_alerts(session, estate_id=books.estate_id, wallet_id=wallet_id, told=telling.told, now=now)
    await hint(session, estate_id=books.estate_id, topic="units", ids=[wallet.unit_id])


async def _raise(
    session: AsyncSession, books: Books, *, kind: AlertKind, event: SpendWarned | SpendReached, now: datetime
) -> None:
    unit = await estate_queries.unit(session, estate_id=books.estate_id, unit_id=event.unit_id)
    hearers = await queries.hearers(session, estate_id=books.estate_id, wallet_id=event.wallet_id, kind=kind)
    subject = _subject(event.wallet_id)
    # one that is open is of another day or month
    await notifications.resolve_alerts(
        session, estate_id=books.estate_id, kind=kind, subject=subject, now=now
    )
    await notifications.raise_alert(
        session,
        estate_id=books.estate_id,
        kind=kind,
        subject=subject,
        person_ids=hearers,
        detail={
            "unit": unit.name,
            "span": event.span.value,
            "limit": format_cents(event.limit_micro),
            "spent": format_cents(event.spent_micro),
            "currency": books.currency,
        },
        now=now,
    )


async def end_alerts(
    session: AsyncSession, *, estate_id: int, wallet_id: int, told: Collection[Told], now: datetime
) -> None:
    """End the alerts of a wallet's spending for which nothing of ``told`` stands any more."""
    for kind, words in ((AlertKind.SPEND_WARNING, WARNED), (AlertKind.SPEND_REACHED, REACHED)):
        if not set(words.values()) & set(told):
            await notifications.resolve_alerts(
                session, estate_id=estate_id, kind=kind, subject=_subject(wallet_id), now=now
            )


def _subject(wallet_id: int) -> str:
    return f"wallet:{wallet_id}"
