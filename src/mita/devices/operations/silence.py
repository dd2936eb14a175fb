"""Devices that said nothing for too long are silent."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.devices import queries

from .issues import IssueBook
from .lacks import note_lacks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.devices.models import Device, DeviceState

# missing one turn is nothing yet
_TURNS = 3
_EVERY_S = 86_400


async def note_heard(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Open and close the issues of devices that were heard and are silent, or lack something.

    Return how many are silent.
    """
    heard = await queries.heard_devices(session, estate_id=estate_id)
    await note_lacks(session, estate_id=estate_id, heard=heard, now=now)
    return await note_silence(session, estate_id=estate_id, heard=heard, now=now)


async def note_silence(
    session: AsyncSession, *, estate_id: int, heard: Sequence[tuple[Device, DeviceState]], now: datetime
) -> int:
    """Open an issue for each device that was heard and is silent for three of its turns; return how many are.

    A turn is the setting ``every_s`` of the device, a day where it has none.
    """
    count = 0
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
