"""A sign-in on a device that a person has not used before is told to them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from mita.identity.events import MessageAsked
from mita.identity.models import Identifier, PersonSession
from mita.kit.events import publish

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

_WORTH_TELLING = timedelta(days=1)
_CHANNELS = {"email": "email", "phone": "sms"}


async def tell_of_new_device(
    session: AsyncSession, *, begun: PersonSession, language: str, now: datetime
) -> bool:
    """Write to a person whose session has begun on a device that none of their known sessions had.

    The first session of all is no news; a device whose sessions all ended a month ago is new again. A mail
    goes before a text message, and to verified addresses only. False: there was nothing to tell, or nowhere.
    """
    others = (PersonSession.person_id == begun.person_id) & (
        PersonSession.person_session_id != begun.person_session_id
    )
    same = func.coalesce(func.bool_or(PersonSession.device == begun.device), False)
    known = (await session.execute(select(func.count(), same).where(others))).one()
    if known[0] == 0 or known[1]:
        return False
    verified = select(Identifier).where(
        Identifier.person_id == begun.person_id, Identifier.verified_at.is_not(None)
    )
    name = await session.scalar(verified.order_by(Identifier.kind, Identifier.created_at).limit(1))
    if name is None:
        return False
    asked = MessageAsked(
        channel=_CHANNELS[name.kind],
        address=name.value,
        template="new_device",
        language=language,
        values={"device": begun.device, "at": f"{now:%Y-%m-%d %H:%M} UTC"},
        person_id=begun.person_id,
        expires_at=now + _WORTH_TELLING,
    )
    await publish(session, asked, now=now)
    return True
