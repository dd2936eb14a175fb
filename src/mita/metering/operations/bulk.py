"""Bulk meters are set and ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert

from mita.estates import queries as estate_queries
from mita.identity.operations import record_change
from mita.kit.errors import Conflict, Invalid
from mita.metering import queries
from mita.metering.domain import BulkArea, area_fault, roots_of
from mita.metering.models import BulkMeter, SubMeter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.estates.domain import Days
    from mita.metering.models import Meter


class AreasOverlap(Conflict):
    """On some day a meter would be behind two bulk meters, or behind itself."""

    code = "areas_overlap"
    title = "A meter would be behind two bulk meters"


@dataclass(frozen=True, slots=True)
class NewBulkMeter:
    """A meter that becomes a bulk meter; without ``sub_meter_ids`` it measures its whole estate."""

    meter_id: int
    days: Days
    sub_meter_ids: tuple[int, ...] | None = None


async def set_bulk_meter(
    session: AsyncSession, *, estate_id: int, new: NewBulkMeter, actor: str, now: datetime
) -> BulkMeter:
    """Say that a meter measures again, from a local date on, what others measure.

    :raises mita.kit.errors.NotFound: if the estate has not all of these meters
    :raises mita.kit.errors.Invalid: if a sub-meter is the meter itself, or of another utility
    :raises AreasOverlap: if on some day a meter would be behind two bulk meters, or behind itself
    """
    await _hold(session, estate_id=estate_id)
    named = sorted(new.sub_meter_ids or ())
    meters = await queries.meters_of_ids(session, estate_id=estate_id, meter_ids=[new.meter_id, *named])
    meter = meters.pop(new.meter_id)
    swaps = await queries.swapped_meters(session, estate_id=estate_id)
    roots = roots_of({old: came for old, came, _ in swaps})
    behind = {roots.get(each, each) for each in named}
    root = roots.get(new.meter_id, new.meter_id)
    _refuse_odd(meter, list(meters.values()), is_itself=root in behind)
    area = BulkArea(
        0, root, meter.utility, new.days, None if new.sub_meter_ids is None else frozenset(behind)
    )
    others = await queries.bulk_areas(session, estate_id=estate_id, roots=roots)
    if fault := area_fault(area, others=others):
        raise AreasOverlap(f"meter {meter.serial!r} {fault}")
    row = BulkMeter(
        estate_id=estate_id,
        meter_id=new.meter_id,
        is_whole_estate=new.sub_meter_ids is None,
        from_on=new.days.from_on,
        until_on=new.days.until_on,
        created_by=actor,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    if named:
        key = {"estate_id": estate_id, "bulk_meter_id": row.bulk_meter_id}
        await session.execute(insert(SubMeter), [{**key, "meter_id": each} for each in named])
    facts = {**_facts(row), "sub_meters": None if row.is_whole_estate else named}
    await record_change(session, estate_id=estate_id, subject=_subject(row), old=None, new=facts, now=now)
    return row


async def end_bulk_meter(
    session: AsyncSession, *, estate_id: int, bulk_meter_id: int, until_on: date, now: datetime
) -> BulkMeter:
    """Let a meter be a bulk meter until a local date, which is not one of its days any more.

    :raises mita.kit.errors.NotFound: if the estate has no such bulk meter
    :raises mita.kit.errors.Invalid: if that is before its first day, or after the end that it has
    """
    await _hold(session, estate_id=estate_id)
    row = await queries.bulk_meter(session, estate_id=estate_id, bulk_meter_id=bulk_meter_id)
    await session.refresh(row)
    if until_on < row.from_on or (row.until_on is not None and until_on > row.until_on):
        message = f"must not be before {row.from_on}" + (f" or after {row.until_on}" if row.until_on else "")
        raise Invalid(f"until_on {message}", problems=[{"path": "body.until_on", "message": message}])
    old = _facts(row)
    row.until_on = until_on
    await session.flush()
    await record_change(
        session, estate_id=estate_id, subject=_subject(row), old=old, new=_facts(row), now=now
    )
    return row


async def _hold(session: AsyncSession, *, estate_id: int) -> None:
    """Let nobody else set bulk meters of the estate until the transaction ends."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    await session.refresh(estate, with_for_update={"key_share": True})


def _refuse_odd(meter: Meter, others: Sequence[Meter], *, is_itself: bool) -> None:
    message = ""
    if is_itself:
        message = "must not have the meter itself"
    if odd := [each.serial for each in others if each.utility != meter.utility]:
        message = f"must have meters of {meter.utility} only, which {min(odd)!r} is not"
    if message:
        problem: dict[str, object] = {"path": "body.sub_meter_ids", "message": message}
        raise Invalid(f"sub_meter_ids {message}", problems=[problem])


def _subject(row: BulkMeter) -> str:
    return f"bulk_meter:{row.bulk_meter_id}"


def _facts(row: BulkMeter) -> dict[str, Any]:
    return {
        "meter_id": row.meter_id,
        "is_whole_estate": row.is_whole_estate,
        "from_on": row.from_on.isoformat(),
        "until_on": None if row.until_on is None else row.until_on.isoformat(),
    }
