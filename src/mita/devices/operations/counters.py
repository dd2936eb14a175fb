"""Pulse counters that fell for no reason are issues of their devices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.devices import queries
from mita.metering import queries as metering_queries

from .issues import IssueBook

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.events import CountersRead

FELL = "counter_fell"


async def follow_counters(session: AsyncSession, event: CountersRead, now: datetime) -> None:
    """Open an issue for each registered device whose counter fell; close it for those that rise again."""
    told = dict(event.fallen)
    behind = await metering_queries.devices_of_registers(
        session, estate_id=event.estate_id, register_ids=[*told, *event.risen]
    )
    names = sorted(set(behind.values()))
    ids = await queries.ids_of_devices(session, estate_id=event.estate_id, names=names)
    if not ids:
        return
    book = await IssueBook.of(session, estate_id=event.estate_id, device_ids=sorted(ids.values()))
    fell = {behind[register_id]: detail for register_id, detail in told.items() if register_id in behind}
    for name, device_id in sorted(ids.items()):
        await book.settle(device_id, FELL, fell.get(name), at=now)
    await book.tell(now=now)
