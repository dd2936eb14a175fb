"""Devices that said nothing for too long are silent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.devices import queries

from .issues import IssueBook

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

# missing one turn is nothing yet
_TURNS = 3
_EVERY_S = 86_400


async def note_silence(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Open an issue for each device that was heard and is silent for three of its turns; return how many are.

    A turn is the setting ``every_s`` of the device, a day where it has none.
    """
    count = 0
    heard = await queries.heard_devices(session, estate_id=estate_id)
    ids = [device.device_id for device, _ in heard]
    book = await IssueBook.of(session, estate_id=estate_id, device_ids=ids)
    for device, state in heard:
        assert state.last_heard_at is not None, "it was heard"
        every_s = device.settings.get("every_s")
        turn_s = every_s if isinstance(every_s, int) and every_s > 0 else _EVERY_S
        if now - state.last_heard_at > timedelta(seconds=turn_s * _TURNS):
            count += 1
            detail = f"nothing came since {state.last_heard_at:%Y-%m-%d %H:%M} UTC"
            await book.settle(device.device_id, "silent", detail, at=now)
    await book.tell(now=now)
    return count
