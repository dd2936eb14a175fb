"""Reads of meters and their registers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from mita.kit.clock import to_us
from mita.kit.errors import NotFound
from mita.metering.domain import BASE_UNIT, Limits
from mita.metering.models import DeviceRoute, Meter, MeterPlacement, MeterSwap, Reading, Register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class RegisterInfo:
    """What charging must know of a register."""

    register_id: int
    register: str
    meter: str
    meter_id: int
    unit_id: int
    utility: str
    limits: Limits
    removed_s: int | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        """The (meter serial, register name, base unit) that readings carry."""
        return (self.meter, self.register, BASE_UNIT[self.utility])


def _registers(estate_id: int) -> Any:
    return (
        select(
            Register.register_id,
            Register.name,
            Meter.serial,
            Meter.meter_id,
            Meter.unit_id,
            Meter.utility,
            Meter.max_rate_micro,
            Meter.burst_micro,
            Meter.removed_at,
        )
        .join(Meter, (Meter.estate_id == Register.estate_id) & (Meter.meter_id == Register.meter_id))
        .where(Register.estate_id == estate_id)
        .order_by(Register.register_id)
    )


def _info(row: Any) -> RegisterInfo:
    limits = Limits(row.max_rate_micro, row.burst_micro)
    removed_s = None if row.removed_at is None else to_us(row.removed_at) // 1_000_000
    return RegisterInfo(
        row.register_id, row.name, row.serial, row.meter_id, row.unit_id, row.utility, limits, removed_s
    )


async def registers_of_meters(
    session: AsyncSession, *, estate_id: int, serials: Sequence[str]
) -> list[RegisterInfo]:
    """Return all registers of the meters with these serials; unknown serials are left out."""
    statement = _registers(estate_id).where(Meter.serial.in_(list(serials)))
    return [_info(row) for row in await session.execute(statement)]


async def registers_of_utility(session: AsyncSession, *, estate_id: int, utility: str) -> list[RegisterInfo]:
    """Return all registers of an estate's meters of a utility."""
    statement = _registers(estate_id).where(Meter.utility == utility).order_by(Register.register_id)
    return [_info(row) for row in await session.execute(statement)]


async def registers(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int]
) -> list[RegisterInfo]:
    """Return registers by id; unknown ids are left out."""
    statement = _registers(estate_id).where(Register.register_id.in_(list(register_ids)))
    return [_info(row) for row in await session.execute(statement)]


async def registers_of_units(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int]
) -> list[RegisterInfo]:
    """Return all registers of the meters in these units."""
    statement = _registers(estate_id).where(Meter.unit_id.in_(list(unit_ids)))
    return [_info(row) for row in await session.execute(statement)]


async def register(session: AsyncSession, *, estate_id: int, register_id: int) -> RegisterInfo:
    """Return one register.

    :raises NotFound: if the estate has no such register
    """
    row = (await session.execute(_registers(estate_id).where(Register.register_id == register_id))).first()
    if row is None:
        raise NotFound(f"register {register_id} does not exist in estate {estate_id}")
    return _info(row)


async def placements(session: AsyncSession, *, estate_id: int, meter_id: int) -> Sequence[MeterPlacement]:
    """Return in which units a meter measured, the newest first."""
    statement = select(MeterPlacement).where(
        MeterPlacement.estate_id == estate_id, MeterPlacement.meter_id == meter_id
    )
    return (await session.scalars(statement.order_by(MeterPlacement.from_at.desc()))).all()


async def swap_of_key(session: AsyncSession, *, estate_id: int, key: str) -> MeterSwap | None:
    """Return the swap that an idempotency key asked for."""
    return await session.scalar(
        select(MeterSwap).where(MeterSwap.estate_id == estate_id, MeterSwap.key == key)
    )


async def swaps(session: AsyncSession, *, estate_id: int, meter_id: int) -> Sequence[MeterSwap]:
    """Return the swaps by which a meter came or went, the newest first."""
    statement = select(MeterSwap).where(
        MeterSwap.estate_id == estate_id,
        or_(MeterSwap.old_meter_id == meter_id, MeterSwap.new_meter_id == meter_id),
    )
    return (await session.scalars(statement.order_by(MeterSwap.swap_id.desc()))).all()


async def metered_units(session: AsyncSession, *, estate_id: int) -> list[int]:
    """Return the units in which a meter measures, by id."""
    statement = select(Meter.unit_id).where(Meter.estate_id == estate_id, Meter.removed_at.is_(None))
    return list((await session.scalars(statement.distinct().order_by(Meter.unit_id))).all())


async def meters(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int | None = None,
    utility: str | None = None,
    part: str = "",
    order: str = "id",
    after_id: int = 0,
    limit: int = 1000,
) -> Sequence[Meter]:
    """Return an estate's meters, ``limit`` at most after one; None filters nothing.

    ``part`` is of the serial, in capitals or not. ``order`` is ``id``, ``serial`` or ``-serial``.
    """
    statement = select(Meter).where(Meter.estate_id == estate_id)
    if unit_id is not None:
        statement = statement.where(Meter.unit_id == unit_id)
    if utility is not None:
        statement = statement.where(Meter.utility == utility)
    if part:
        statement = statement.where(Meter.serial.icontains(part, autoescape=True))
    if order == "id":
        statement = statement.where(Meter.meter_id > after_id).order_by(Meter.meter_id)
    else:
        is_down = order.startswith("-")
        if after_id:
            last = select(Meter.serial).where(Meter.estate_id == estate_id, Meter.meter_id == after_id)
            place = last.scalar_subquery()
            statement = statement.where(Meter.serial < place if is_down else Meter.serial > place)
        statement = statement.order_by(Meter.serial.desc() if is_down else Meter.serial)
    return (await session.scalars(statement.limit(limit))).all()


async def meters_of_serials(
    session: AsyncSession, *, estate_id: int, serials: Sequence[str]
) -> dict[str, tuple[Meter, tuple[str, ...]]]:
    """Return meters with the names of their registers, by serial; unknown serials are left out."""
    statement = (
        select(Meter, Register.name)
        .join(
            Register,
            (Register.estate_id == Meter.estate_id) & (Register.meter_id == Meter.meter_id),
            isouter=True,
        )
        .where(Meter.estate_id == estate_id, Meter.serial.in_(list(serials)))
        .order_by(Register.register_id)
    )
    found: dict[str, tuple[Meter, tuple[str, ...]]] = {}
    for row, name in await session.execute(statement):
        names = found.get(row.serial, (row, ()))[1]
        found[row.serial] = (row, names if name is None else (*names, name))
    return found


async def meter(session: AsyncSession, *, estate_id: int, meter_id: int) -> Meter:
    """Return one meter.

    :raises NotFound: if the estate has no such meter
    """
    found = await session.get(Meter, (estate_id, meter_id))
    if found is None:
        raise NotFound(f"meter {meter_id} does not exist in estate {estate_id}")
    return found


async def registers_of_meter(session: AsyncSession, *, estate_id: int, meter_id: int) -> Sequence[Register]:
    """Return a meter's registers by id."""
    statement = select(Register).where(Register.estate_id == estate_id, Register.meter_id == meter_id)
    return (await session.scalars(statement.order_by(Register.register_id))).all()


async def estates_of_devices(session: AsyncSession, *, devices: Sequence[str]) -> dict[str, int]:
    """Return which estate each known device belongs to."""
    statement = select(DeviceRoute.device, DeviceRoute.estate_id).where(DeviceRoute.device.in_(list(devices)))
    return {row.device: row.estate_id for row in await session.execute(statement)}


async def meters_of_devices(
    session: AsyncSession, *, estate_id: int, devices: Sequence[str]
) -> dict[str, list[tuple[str, str]]]:
    """Return the (serial, utility) of every meter behind each device."""
    statement = (
        select(Meter.device, Meter.serial, Meter.utility)
        .where(Meter.estate_id == estate_id, Meter.device.in_(list(devices)))
        .order_by(Meter.meter_id)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for row in await session.execute(statement):
        found.setdefault(row.device, []).append((row.serial, row.utility))
    return found


async def registers_of_devices(
    session: AsyncSession, *, estate_id: int, devices: Sequence[str]
) -> dict[str, set[tuple[str, str]]]:
    """Return the (serial, register) of every register behind each device."""
    statement = (
        select(Meter.device, Meter.serial, Register.name)
        .join(Register, (Register.estate_id == Meter.estate_id) & (Register.meter_id == Meter.meter_id))
        .where(Meter.estate_id == estate_id, Meter.device.in_(list(devices)))
    )
    found: dict[str, set[tuple[str, str]]] = {}
    for row in await session.execute(statement):
        found.setdefault(row.device, set()).add((row.serial, row.name))
    return found


async def devices_of_registers(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int]
) -> dict[int, str]:
    """Return the device behind each of these registers, of those that have one."""
    statement = (
        select(Register.register_id, Meter.device)
        .join(Meter, (Meter.estate_id == Register.estate_id) & (Meter.meter_id == Register.meter_id))
        .where(
            Register.estate_id == estate_id,
            Register.register_id.in_(list(register_ids)),
            Meter.device.is_not(None),
        )
    )
    return {row.register_id: row.device for row in await session.execute(statement)}


async def devices_read(session: AsyncSession, *, estate_id: int, devices: Sequence[str]) -> set[str]:
    """Return those of some devices of whose meters any reading was ever stored."""
    is_read = select(Reading.register_id).where(
        Reading.estate_id == Register.estate_id, Reading.register_id == Register.register_id
    )
    statement = (
        select(Meter.device)
        .join(Register, (Register.estate_id == Meter.estate_id) & (Register.meter_id == Meter.meter_id))
        .where(Meter.estate_id == estate_id, Meter.device.in_(list(devices)), is_read.exists())
        .distinct()
    )
    return {device for device in await session.scalars(statement) if device is not None}


async def meters_behind(session: AsyncSession, *, estate_id: int, device: str) -> Sequence[Meter]:
    """Return the meters that a device speaks for, by id."""
    statement = select(Meter).where(Meter.estate_id == estate_id, Meter.device == device)
    return (await session.scalars(statement.order_by(Meter.meter_id))).all()


async def meters_with_devices(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int]
) -> Sequence[Meter]:
    """Return the meters of some units that have a device, by id."""
    statement = select(Meter).where(
        Meter.estate_id == estate_id, Meter.unit_id.in_(list(unit_ids)), Meter.device.is_not(None)
    )
    return (await session.scalars(statement.order_by(Meter.meter_id))).all()
