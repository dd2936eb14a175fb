"""Reads of issues of devices and meters, and of whom they are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, cast, func, literal, null, select, union_all

from mita.devices.domain import FROZEN_DAYS, URGENT
from mita.devices.models import Device, DeviceIssue, IssueRule, MeterIssue
from mita.metering import queries as metering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class IssueRow:
    """An issue of a device or of a meter, with the name of it."""

    name: str
    issue_id: UUID
    device_id: int | None
    meter_id: int | None
    kind: str
    detail: str
    since: datetime
    last_at: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class IssueFilter:
    """Which issues are asked for; None asks for any. Those of a meter's device are the meter's too."""

    device_id: int | None = None
    meter_id: int | None = None
    kind: str | None = None
    is_open: bool | None = None
    issue_ids: Sequence[UUID] | None = None


async def every_issue(
    session: AsyncSession,
    *,
    estate_id: int,
    chosen: IssueFilter,
    before: UUID | None = None,
    limit: int = 100,
) -> list[IssueRow]:
    """Return issues of an estate's devices and meters, newest first, ``limit`` at most.

    :raises mita.kit.errors.NotFound: if the meter that is asked for does not exist
    """
    device_id = chosen.device_id
    if chosen.meter_id is not None:
        meter = await metering.meter(session, estate_id=estate_id, meter_id=chosen.meter_id)
        ids = await _ids_of_device(session, estate_id=estate_id, name=meter.device)
        device_id = ids if chosen.device_id in (None, ids) else 0
    parts = [_of(DeviceIssue, estate_id=estate_id, owner_id=device_id, chosen=chosen, before=before)]
    if chosen.device_id is None:
        parts.append(
            _of(MeterIssue, estate_id=estate_id, owner_id=chosen.meter_id, chosen=chosen, before=before)
        )
    both = union_all(*parts).subquery()
    rows = (await session.execute(select(both).order_by(both.c.issue_id.desc()).limit(limit))).all()
    devices = await names_of_owners(
        session,
        estate_id=estate_id,
        table=DeviceIssue,
        owner_ids=[row.device_id for row in rows if row.device_id is not None],
    )
    meters = await names_of_owners(
        session,
        estate_id=estate_id,
        table=MeterIssue,
        owner_ids=[row.meter_id for row in rows if row.meter_id is not None],
    )
    names = [devices.get(row.device_id or 0, "") or meters.get(row.meter_id or 0, "") for row in rows]
    return [IssueRow(name, *row) for name, row in zip(names, rows, strict=True)]


async def _ids_of_device(session: AsyncSession, *, estate_id: int, name: str | None) -> int:
    """Return the id of a registered device, 0 if there is none of the name."""
    statement = select(Device.device_id).where(
        Device.estate_id == estate_id, Device.name == name, Device.removed_at.is_(None)
    )
    return (await session.scalar(statement)) or 0


def _of(
    table: type[DeviceIssue | MeterIssue],
    *,
    estate_id: int,
    owner_id: int | None,
    chosen: IssueFilter,
    before: UUID | None,
) -> Any:
    nobody = cast(null(), BigInteger)
    if table is DeviceIssue:
        own, owner, ids = DeviceIssue.device_issue_id, DeviceIssue.device_id, [DeviceIssue.device_id, nobody]
    else:
        own, owner, ids = MeterIssue.meter_issue_id, MeterIssue.meter_id, [nobody, MeterIssue.meter_id]
    statement: Any = select(
        own.label("issue_id"),
        ids[0].label("device_id"),
        ids[1].label("meter_id"),
        table.kind,
        table.detail,
        table.since,
        table.last_at,
        table.until,
    ).where(table.estate_id == estate_id)
    if owner_id is not None:
        statement = statement.where(owner == owner_id)
    if chosen.kind is not None:
        statement = statement.where(table.kind == chosen.kind)
    if chosen.is_open is not None:
        statement = statement.where(table.until.is_(None) if chosen.is_open else table.until.is_not(None))
    if chosen.issue_ids is not None:
        statement = statement.where(own.in_(list(chosen.issue_ids)))
    if before is not None:
        statement = statement.where(own < before)
    return statement


async def names_of_owners(
    session: AsyncSession, *, estate_id: int, table: type[DeviceIssue | MeterIssue], owner_ids: Sequence[int]
) -> dict[int, str]:
    """Return the names of devices, or the serials of meters, by id; ``table`` says which."""
    if not owner_ids:
        return {}
    if table is MeterIssue:
        meters = await metering.meters_of_ids(session, estate_id=estate_id, meter_ids=owner_ids)
        return {meter_id: each.serial for meter_id, each in meters.items()}
    statement = select(Device.device_id, Device.name).where(
        Device.estate_id == estate_id, Device.device_id.in_(list(owner_ids))
    )
    return {row.device_id: row.name for row in await session.execute(statement)}


async def open_meter_issues(
    session: AsyncSession, *, estate_id: int, meter_ids: Sequence[int] | None = None
) -> Sequence[MeterIssue]:
    """Return what is open of an estate's meters, oldest first; None is all of them."""
    statement = select(MeterIssue).where(MeterIssue.estate_id == estate_id, MeterIssue.until.is_(None))
    if meter_ids is not None:
        statement = statement.where(MeterIssue.meter_id.in_(list(meter_ids)))
    return (await session.scalars(statement.order_by(MeterIssue.meter_issue_id))).all()


async def devices_that_fail(session: AsyncSession, *, estate_id: int) -> frozenset[str]:
    """Return the names of devices that are silent or out of reach."""
    statement = (
        select(Device.name)
        .join(
            DeviceIssue,
            (DeviceIssue.estate_id == Device.estate_id) & (DeviceIssue.device_id == Device.device_id),
        )
        .where(
            Device.estate_id == estate_id,
            DeviceIssue.until.is_(None),
            DeviceIssue.kind.in_(("silent", "unreachable")),
        )
    )
    return frozenset((await session.scalars(statement)).all())


async def turns_of_devices(session: AsyncSession, *, estate_id: int) -> dict[str, int]:
    """Return how often, in seconds, registered devices are to speak, by name; those that say so only."""
    statement = select(Device.name, Device.settings["every_s"].astext).where(
        Device.estate_id == estate_id,
        Device.removed_at.is_(None),
        func.jsonb_typeof(Device.settings["every_s"]) == "number",
    )
    rows = (await session.execute(statement)).all()
    return {name: int(every_s) for name, every_s in rows if every_s.isdecimal() and int(every_s) > 0}


async def told_kinds(session: AsyncSession, *, estate_id: int) -> frozenset[str]:
    """Return of which kinds of issues an estate's staff is told: where nobody set them, the urgent ones."""
    found = await session.scalar(select(IssueRule.kinds).where(IssueRule.estate_id == estate_id))
    return URGENT if found is None else frozenset(found)


async def frozen_days(session: AsyncSession, *, estate_id: int) -> int | None:
    """Return after how many days without a change an estate's registers are frozen; None is never."""
    statement = select(IssueRule.frozen_days).where(IssueRule.estate_id == estate_id)
    found = (await session.execute(statement)).all()
    return found[0][0] if found else FROZEN_DAYS


async def open_counts(session: AsyncSession) -> dict[tuple[str, str], int]:
    """Return how many issues are open in the estates that are seen, by ``device`` or ``meter``, and kind."""
    counts = {}
    for word, table in (("device", DeviceIssue), ("meter", MeterIssue)):
        statement = (
            select(literal(word), table.kind, func.count()).where(table.until.is_(None)).group_by(table.kind)
        )
        counts.update({(row[0], row[1]): row[2] for row in await session.execute(statement)})
    return counts


async def open_by_estate(session: AsyncSession, *, estate_ids: Sequence[int]) -> dict[int, int]:
    """Return how many issues of each estate's devices and meters are open, by estate id."""
    parts = [
        select(table.estate_id).where(table.estate_id.in_(list(estate_ids)), table.until.is_(None))
        for table in (DeviceIssue, MeterIssue)
    ]
    every = union_all(*parts).subquery()
    rows = await session.execute(select(every.c.estate_id, func.count()).group_by(every.c.estate_id))
    return dict.fromkeys(estate_ids, 0) | {row[0]: row[1] for row in rows}
