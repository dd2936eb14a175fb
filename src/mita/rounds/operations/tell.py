"""Persons are written to, and told what became of their readings."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.identity import queries as identity_queries
from mita.kit.money import format_cents, format_micro
from mita.kit.shapes import show_instant
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT, ReadingClass
from mita.notifications import operations as notifications
from mita.notifications.domain import AlertKind
from mita.rounds import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.events import HeldReadingAccepted

_LASTS = timedelta(days=3)


async def write_to(
    session: AsyncSession,
    *,
    person_ids: Iterable[int],
    template: str,
    language: str,
    values: Mapping[str, str],
    expires_at: datetime,
    now: datetime,
) -> None:
    """Queue a message to each person who has an address: by mail, else as a text message."""
    for person in await identity_queries.persons(session, person_ids=sorted(person_ids)):
        channel, address = ("email", person.email) if person.email else ("sms", person.phone)
        if address is not None:
            await notifications.queue_message(
                session,
                channel=channel,
                address=address,
                template=template,
                language=language,
                values=values,
                person_id=person.person_id,
                expires_at=expires_at,
                now=now,
            )


async def tell_of_acceptance(session: AsyncSession, event: HeldReadingAccepted, now: datetime) -> None:
    """Tell the resident who made a reading that staff has accepted it, and what it cost."""
    found = await queries.read_by_residents(
        session, estate_id=event.estate_id, register_id=event.register_id, taken_at=event.taken_at
    )
    persons = {
        row.person_id for row in found if row.person_id is not None and row.class_ == int(ReadingClass.HELD)
    }
    if not persons:
        return
    info = await metering_queries.register(session, estate_id=event.estate_id, register_id=event.register_id)
    estate = await estate_queries.estate(session, estate_id=event.estate_id)
    detail = {
        "meter": info.meter,
        "value": format_micro(found[0].value_micro),
        "measured": BASE_UNIT[info.utility],
        "amount": format_cents(event.amount_micro),
        "currency": estate.currency,
    }
    await notifications.raise_alert(
        session,
        estate_id=event.estate_id,
        kind=AlertKind.READING_ACCEPTED,
        subject=f"register:{event.register_id}:{show_instant(event.taken_at)}",
        person_ids=sorted(persons),
        detail=detail,
        now=now,
    )
    await write_to(
        session,
        person_ids=persons,
        template="reading_accepted",
        language=estate.languages[0],
        values=detail,
        expires_at=now + _LASTS,
        now=now,
    )
