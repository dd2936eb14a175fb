"""What a device lacks to do its work: meters, readings, a switch that obeys."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mita.devices import queries
from mita.metering import queries as metering

from .issues import IssueBook

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.devices.models import Device, DeviceState

# who is on site sets it up meanwhile
_PATIENCE = timedelta(hours=1)


async def note_lacks(
    session: AsyncSession, *, estate_id: int, heard: Sequence[tuple[Device, DeviceState]], now: datetime
) -> int:
    """Open an issue for each device that was heard for an hour and has no meter, or none that was ever read.

    Return of how many one is open; those that have both are closed.
    """
    names = [device.name for device, _ in heard]
    with_meters = await metering.meters_of_devices(session, estate_id=estate_id, devices=names)
    read = await metering.devices_read(session, estate_id=estate_id, devices=names)
    book = await IssueBook.of(session, estate_id=estate_id, device_ids=[each.device_id for each, _ in heard])
    count = 0
    for device, state in heard:
        assert state.first_heard_at is not None, "it was heard"
        since = f"heard since {state.first_heard_at:%Y-%m-%d %H:%M} UTC"
        is_settled_in = now - state.first_heard_at >= _PATIENCE
        has_meter, is_read = device.name in with_meters, device.name in read
        no_meter = f"{since}, and no meter names it" if is_settled_in and not has_meter else None
        unmapped = (
            f"{since}, and no reading of its meters was stored"
            if is_settled_in and has_meter and not is_read
            else None
        )
        await book.settle(device.device_id, "no_meter", no_meter, at=now)
        await book.settle(device.device_id, "unmapped", unmapped, at=now)
        count += no_meter is not None or unmapped is not None
    await book.tell(now=now)
    return count


async def note_switching(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    utility: str,
    detail: str | None,
    now: datetime,
    kind: str = "switch_contradicts",
) -> None:
    """Open an issue of the registered device behind a supply: it does not obey. None closes it."""
    meters = await metering.meters_with_devices(session, estate_id=estate_id, unit_ids=[unit_id])
    name = next((each.device for each in meters if each.utility == utility), None)
    if name is None:
        return
    ids = await queries.ids_of_devices(session, estate_id=estate_id, names=[name])
    book = await IssueBook.of(session, estate_id=estate_id, device_ids=list(ids.values()))
    for device_id in ids.values():
        await book.settle(device_id, kind, detail, at=now)
    await book.tell(now=now)
