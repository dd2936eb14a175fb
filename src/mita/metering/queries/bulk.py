"""Reads of bulk meters and what is behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from mita.estates.domain import Days
from mita.kit.errors import NotFound
from mita.metering.domain import BulkArea, roots_of
from mita.metering.models import BulkMeter, Meter, MeterSwap, SubMeter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def bulk_meters(
    session: AsyncSession, *, estate_id: int, after_id: int = 0, limit: int = 100
) -> list[tuple[BulkMeter, Meter]]:
    """Return an estate's bulk meters by id, ``limit`` at most after ``after_id``, each with its meter."""
    statement = (
        select(BulkMeter, Meter)
        .join(Meter, (Meter.estate_id == BulkMeter.estate_id) & (Meter.meter_id == BulkMeter.meter_id))
        .where(BulkMeter.estate_id == estate_id, BulkMeter.bulk_meter_id > after_id)
        .order_by(BulkMeter.bulk_meter_id)
        .limit(limit)
    )
    return [(row[0], row[1]) for row in await session.execute(statement)]


async def bulk_utilities(session: AsyncSession, *, estate_id: int) -> list[str]:
    """Return the utilities that an estate has bulk meters of, in order; also those that are over."""
    statement = (
        select(Meter.utility)
        .join(BulkMeter, (Meter.estate_id == BulkMeter.estate_id) & (Meter.meter_id == BulkMeter.meter_id))
        .where(BulkMeter.estate_id == estate_id)
    )
    return list((await session.scalars(statement.distinct().order_by(Meter.utility))).all())


async def bulk_meter(session: AsyncSession, *, estate_id: int, bulk_meter_id: int) -> BulkMeter:
    """Return one bulk meter.

    :raises NotFound: if the estate has no such bulk meter
    """
    found = await session.get(BulkMeter, (estate_id, bulk_meter_id))
    if found is None:
        raise NotFound(f"bulk meter {bulk_meter_id} does not exist in estate {estate_id}")
    return found


async def sub_meters(
    session: AsyncSession, *, estate_id: int, bulk_meter_ids: Sequence[int]
) -> dict[int, list[int]]:
    """Return the meters that were named behind bulk meters, by the id of each, in order."""
    statement = (
        select(SubMeter.bulk_meter_id, SubMeter.meter_id)
        .where(SubMeter.estate_id == estate_id, SubMeter.bulk_meter_id.in_(list(bulk_meter_ids)))
        .order_by(SubMeter.bulk_meter_id, SubMeter.meter_id)
    )
    found: dict[int, list[int]] = {each: [] for each in bulk_meter_ids}
    for bulk_meter_id, meter_id in await session.execute(statement):
        found[bulk_meter_id].append(meter_id)
    return found


async def swapped_meters(
    session: AsyncSession, *, estate_id: int, utility: str | None = None
) -> list[tuple[int, int, datetime]]:
    """Return (old meter, new meter, when) of every swap of an estate, in the order of time."""
    statement = select(MeterSwap.old_meter_id, MeterSwap.new_meter_id, MeterSwap.swapped_at).where(
        MeterSwap.estate_id == estate_id
    )
    if utility is not None:
        statement = statement.where(MeterSwap.utility == utility)
    rows = await session.execute(statement.order_by(MeterSwap.swapped_at, MeterSwap.old_meter_id))
    return [(row[0], row[1], row[2]) for row in rows]


async def bulk_areas(
    session: AsyncSession,
    *,
    estate_id: int,
    roots: Mapping[int, int],
    first: date | None = None,
    until: date | None = None,
) -> list[BulkArea]:
    """Return what an estate's bulk meters measure, by id, with the first meter of each row of swaps.

    ``roots`` names the first meter of those that took a place. Of the local dates [``first``, ``until``) only
    those areas that have a day in them; None bounds nothing.
    """
    statement = (
        select(BulkMeter, Meter.utility)
        .join(Meter, (Meter.estate_id == BulkMeter.estate_id) & (Meter.meter_id == BulkMeter.meter_id))
        .where(BulkMeter.estate_id == estate_id)
        .order_by(BulkMeter.bulk_meter_id)
        .execution_options(populate_existing=True)
    )
    if first is not None:
        statement = statement.where(or_(BulkMeter.until_on.is_(None), BulkMeter.until_on > first))
    if until is not None:
        statement = statement.where(BulkMeter.from_on < until)
    rows = (await session.execute(statement)).all()
    named = await sub_meters(
        session, estate_id=estate_id, bulk_meter_ids=[row[0].bulk_meter_id for row in rows]
    )
    return [
        BulkArea(
            each.bulk_meter_id,
            roots.get(each.meter_id, each.meter_id),
            utility,
            Days(each.from_on, each.until_on),
            None
            if each.is_whole_estate
            else frozenset(roots.get(meter_id, meter_id) for meter_id in named[each.bulk_meter_id]),
        )
        for each, utility in rows
    ]


async def meters_of_ids(
    session: AsyncSession, *, estate_id: int, meter_ids: Sequence[int]
) -> dict[int, Meter]:
    """Return meters by id.

    :raises NotFound: if the estate has not all of them
    """
    statement = select(Meter).where(Meter.estate_id == estate_id, Meter.meter_id.in_(list(meter_ids)))
    found = {row.meter_id: row for row in await session.scalars(statement)}
    if missing := set(meter_ids) - set(found):
        raise NotFound(f"meter {min(missing)} does not exist in estate {estate_id}")
    return found


async def meters_that_were_bulk(
    session: AsyncSession, *, estate_id: int, first: date, until: date
) -> set[int]:
    """Return the meters that were bulk meters on some of the dates [first, until).

    With those that took the place of one or left it.
    """
    swaps = await swapped_meters(session, estate_id=estate_id)
    roots = roots_of({old: new for old, new, _ in swaps})
    areas = await bulk_areas(session, estate_id=estate_id, roots=roots, first=first, until=until)
    bulk = {area.meter_id for area in areas if not area.days.is_empty}
    return bulk | {meter_id for meter_id, root in roots.items() if root in bulk}
