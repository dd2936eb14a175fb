"""Devices whose last token ends soon are something to look after."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.devices import queries
from mita.identity import queries as identity
from mita.metering import queries as metering

from .issues import IssueBook

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

# a device that renews by itself has done so before
_SOON = timedelta(days=5)
_KIND = "token_expiring"


async def note_tokens(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Open an issue for each device whose last token ends within five days or has ended; return how many do.

    Of a device that is not registered it is an issue of the meters that name it.
    """
    ends = await identity.device_token_ends(session, estate_id=estate_id)
    details = {name: _detail(at, now=now) for name, at in ends.items() if at is not None and at - now < _SOON}
    registered = await queries.ids_of_devices(session, estate_id=estate_id, names=sorted(ends))
    book = await IssueBook.of(session, estate_id=estate_id, device_ids=sorted(registered.values()))
    for name, device_id in registered.items():
        await book.settle(device_id, _KIND, details.get(name), at=now)
    await book.tell(now=now)
    of_meters = await IssueBook.of_meters(session, estate_id=estate_id)
    others = sorted(details.keys() - registered.keys())
    rows = [
        (meter.meter_id, details[name])
        for name in others
        for meter in await metering.meters_behind(session, estate_id=estate_id, device=name)
        if meter.removed_at is None
    ]
    wrong = dict(rows)
    for meter_id in sorted(wrong.keys() | of_meters.open_owners):
        await of_meters.settle(meter_id, _KIND, wrong.get(meter_id), at=now)
    await of_meters.tell(now=now)
    return len(details)


def _detail(at: datetime, *, now: datetime) -> str:
    return f"its last token {'ended' if at <= now else 'ends'} {at:%Y-%m-%d %H:%M} UTC"
