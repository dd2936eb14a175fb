"""Meters over time: their notes and state, where they measured, and what took their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, update

from mita.identity.operations import record_change
from mita.kit.errors import Conflict
from mita.kit.events import publish
from mita.metering import queries
from mita.metering.events import MeterRemoved, MeterSwapped
from mita.metering.models import DeviceRoute, Meter, MeterPlacement, MeterSwap

from .meters import route_devices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


class MeterGone(Conflict):
    """The meter was removed: it measures no more, and nothing can take its place again."""

    code = "meter_removed"
    title = "The meter was removed"


@dataclass(frozen=True, slots=True)
class MeterNotes:
    """What people say of a meter: whether it is faulty, read by hand, and notes; None leaves it.

    ``device`` is what speaks for it from now on; empty: nothing does.
    """

    is_faulty: bool | None = None
    notes: str | None = None
    is_read_by_hand: bool | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Swap:
    """One meter takes another's place at an instant; values by register, in millionths of the base unit."""

    swap_id: UUID
    old_meter_id: int
    new_meter_id: int
    swapped_at: datetime
    reason: str
    closing_micro: Mapping[str, int]
    opening_micro: Mapping[str, int]
    key: str
    body_hash: bytes
    actor: str


async def update_meter(
    session: AsyncSession, *, estate_id: int, meter_id: int, said: MeterNotes, now: datetime
) -> Meter:
    """Change what people say of a meter.

    :raises mita.kit.errors.NotFound: if the estate has no such meter
    :raises MeterGone: if a meter that was removed should be faulty or not, or have a device
    :raises SerialTaken: if the device speaks for another estate
    """
    row = await _held(session, estate_id=estate_id, meter_id=meter_id)
    old = _facts(row)
    if said.is_faulty is not None:
        if row.removed_at is not None:
            raise MeterGone(f"meter {row.serial!r} was removed")
        row.status = "faulty" if said.is_faulty else "active"
    if said.notes is not None:
        row.notes = said.notes
    if said.is_read_by_hand is not None:
        row.is_read_by_hand = said.is_read_by_hand
    if said.device is not None:
        await _speak(session, row, device=said.device or None)
    if _facts(row) != old:
        row.version += 1
        await session.flush()
        await _record(session, row, old=old, now=now)
    return row


async def _speak(session: AsyncSession, row: Meter, *, device: str | None) -> None:
    if row.removed_at is not None:
        raise MeterGone(f"meter {row.serial!r} was removed")
    if device == row.device:
        return
    if device is not None:
        await route_devices(session, estate_id=row.estate_id, devices=[device])
    before, row.device = row.device, device
    await session.flush()
    await _free_device(session, estate_id=row.estate_id, device=before)


async def remove_meter(
    session: AsyncSession, *, estate_id: int, meter_id: int, removed_at: datetime, now: datetime
) -> Meter:
    """End a meter's work at an instant: what it says of later times is refused, its device is free.

    :raises mita.kit.errors.NotFound: if the estate has no such meter
    :raises MeterGone: if it was removed before
    """
    row = await _held(session, estate_id=estate_id, meter_id=meter_id)
    if row.removed_at is not None:
        raise MeterGone(f"meter {row.serial!r} was removed")
    old, device = _facts(row), row.device
    row.status, row.removed_at, row.device = "removed", removed_at, None
    row.version += 1
    await session.flush()
    await _free_device(session, estate_id=estate_id, device=device)
    await session.execute(
        update(MeterPlacement)
        .where(
            MeterPlacement.estate_id == estate_id,
            MeterPlacement.meter_id == meter_id,
            MeterPlacement.until_at.is_(None),
        )
        # a meter may be entered after it was taken away
        .values(until_at=max(removed_at, row.created_at))
        .execution_options(synchronize_session=False)
    )
    await _record(session, row, old=old, now=now)
    await publish(session, MeterRemoved(estate_id, meter_id), now=now)
    return row


async def record_swap(session: AsyncSession, *, estate_id: int, swap: Swap, now: datetime) -> MeterSwap:
    """Keep that a meter took another's place, and tell of it.

    :raises mita.kit.errors.NotFound: if the estate has no such meter
    """
    old = await queries.meter(session, estate_id=estate_id, meter_id=swap.old_meter_id)
    row = MeterSwap(
        estate_id=estate_id,
        swap_id=swap.swap_id,
        unit_id=old.unit_id,
        utility=old.utility,
        old_meter_id=swap.old_meter_id,
        new_meter_id=swap.new_meter_id,
        swapped_at=swap.swapped_at,
        reason=swap.reason,
        closing=dict(swap.closing_micro),
        opening=dict(swap.opening_micro),
        actor=swap.actor,
        key=swap.key,
        body_hash=swap.body_hash,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    event = MeterSwapped(
        estate_id,
        swap.swap_id,
        old.unit_id,
        old.utility,
        swap.old_meter_id,
        swap.new_meter_id,
        swap.swapped_at,
    )
    await publish(session, event, now=now)
    return row


async def _held(session: AsyncSession, *, estate_id: int, meter_id: int) -> Meter:
    row = await queries.meter(session, estate_id=estate_id, meter_id=meter_id)
    await session.refresh(row, with_for_update={"key_share": True})
    return row


async def _free_device(session: AsyncSession, *, estate_id: int, device: str | None) -> None:
    """Forget the route of a device that speaks for no meter any more."""
    if device is None:
        return
    others = await queries.meters_of_devices(session, estate_id=estate_id, devices=[device])
    if not others:
        await session.execute(
            delete(DeviceRoute).where(DeviceRoute.device == device, DeviceRoute.is_registered.is_(False))
        )


async def _record(session: AsyncSession, row: Meter, *, old: dict[str, Any], now: datetime) -> None:
    await record_change(
        session, estate_id=row.estate_id, subject=f"meter:{row.meter_id}", old=old, new=_facts(row), now=now
    )


def _facts(row: Meter) -> dict[str, Any]:
    return {
        "status": row.status,
        "notes": row.notes,
        "device": row.device,
        "is_read_by_hand": row.is_read_by_hand,
    }
