"""Reads of metering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, func, or_, select, text, tuple_

from mita.kit.clock import to_us
from mita.kit.db import driver_connection
from mita.kit.errors import NotFound
from mita.metering.domain import BASE_UNIT, TIMELINE_MAX, Limits, ReadingClass, RegisterState
from mita.metering.models import (
    DeviceRoute,
    Meter,
    Reading,
    ReadingRepeat,
    ReadingTemperature,
    Register,
    RejectedReading,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row
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
        )
        .join(Meter, (Meter.estate_id == Register.estate_id) & (Meter.meter_id == Register.meter_id))
        .where(Register.estate_id == estate_id)
        .order_by(Register.register_id)
    )


def _info(row: Any) -> RegisterInfo:
    limits = Limits(row.max_rate_micro, row.burst_micro)
    return RegisterInfo(row.register_id, row.name, row.serial, row.meter_id, row.unit_id, row.utility, limits)


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


# One probe per register and question: a plain DISTINCT ON would walk the estate's whole history.
_STATES = """
    SELECT r.register_id, newest.taken_at, line.taken_at,
           line.value_micro, line.run_quantity_micro, line.run_cost_micro, line.run_rest
    FROM unnest(%s::bigint[]) AS r (register_id)
    LEFT JOIN LATERAL (
        SELECT taken_at FROM reading
        WHERE estate_id = %s AND register_id = r.register_id ORDER BY taken_at DESC LIMIT 1
    ) AS newest ON true
    LEFT JOIN LATERAL (
        SELECT taken_at, value_micro, run_quantity_micro, run_cost_micro, run_rest FROM reading
        WHERE estate_id = %s AND register_id = r.register_id AND class <= %s
        ORDER BY taken_at DESC LIMIT 1
    ) AS line ON true
"""


async def register_states(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int]
) -> dict[int, RegisterState]:
    """Return each register's state after its newest readings."""
    connection = await driver_connection(session)
    cursor = await connection.execute(_STATES, (list(register_ids), estate_id, estate_id, TIMELINE_MAX))
    states: dict[int, RegisterState] = {}
    for register_id, newest_at, anchor_at, value, quantity, cost, rest in await cursor.fetchall():
        state = RegisterState()
        if newest_at is not None:
            state.newest_s = to_us(newest_at) // 1_000_000
        if anchor_at is not None:
            state = RegisterState(state.newest_s, to_us(anchor_at) // 1_000_000, value, quantity, cost, rest)
        states[register_id] = state
    return states


async def state_before(
    session: AsyncSession, *, estate_id: int, register_id: int, before: datetime
) -> RegisterState:
    """Return a register's state after its newest timeline reading earlier than ``before``."""
    statement = (
        select(Reading)
        .where(
            Reading.estate_id == estate_id,
            Reading.register_id == register_id,
            Reading.taken_at < before,
            Reading.class_ <= TIMELINE_MAX,
        )
        .order_by(Reading.taken_at.desc())
        .limit(1)
    )
    row = await session.scalar(statement)
    if row is None:
        return RegisterState()
    anchor_s = to_us(row.taken_at) // 1_000_000
    return RegisterState(
        anchor_s, anchor_s, row.value_micro, row.run_quantity_micro, row.run_cost_micro, row.run_rest
    )


_LINE = "FROM reading WHERE estate_id = %s AND register_id = k.register_id AND class <= %s"
_ENDS = f"""
    SELECT k.register_id,
        (SELECT extract(epoch FROM taken_at)::bigint {_LINE} ORDER BY taken_at LIMIT 1),
        (SELECT extract(epoch FROM taken_at)::bigint {_LINE} ORDER BY taken_at DESC LIMIT 1)
    FROM unnest(%s::bigint[]) AS k (register_id)
"""  # noqa: S608 - no input in it
_ANCHORS = f"""
    SELECT k.register_id,
        (SELECT extract(epoch FROM taken_at)::bigint {_LINE} AND taken_at <= to_timestamp(k.at_s)
         ORDER BY taken_at DESC LIMIT 1)
    FROM unnest(%s::bigint[], %s::bigint[]) AS k (register_id, at_s)
"""  # noqa: S608 - no input in it
_TIMELINES = f"""
    SELECT k.register_id, r.taken_s, r.value_micro
    FROM unnest(%s::bigint[], %s::bigint[]) AS k (register_id, since_s)
    CROSS JOIN LATERAL (
        SELECT extract(epoch FROM taken_at)::bigint AS taken_s, value_micro {_LINE}
            AND taken_at >= to_timestamp(k.since_s)
    ) AS r
    ORDER BY k.register_id, r.taken_s
"""  # noqa: S608 - no input in it


async def timeline_ends(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """Return when the first and the newest reading on each timeline were taken; none for an empty one."""
    connection = await driver_connection(session)
    one = (estate_id, TIMELINE_MAX)
    cursor = await connection.execute(_ENDS, (*one, *one, list(register_ids)))
    return {row[0]: (row[1], row[2]) for row in await cursor.fetchall() if row[1] is not None}


async def anchors(session: AsyncSession, *, estate_id: int, at_s: Mapping[int, int]) -> dict[int, int]:
    """Return when each register's newest timeline reading up to its instant was taken, where there is one."""
    connection = await driver_connection(session)
    parameters = (estate_id, TIMELINE_MAX, list(at_s), list(at_s.values()))
    cursor = await connection.execute(_ANCHORS, parameters)
    return {row[0]: row[1] for row in await cursor.fetchall() if row[1] is not None}


async def timelines(
    session: AsyncSession, *, estate_id: int, since_s: Mapping[int, int]
) -> dict[int, list[tuple[int, int]]]:
    """Return the timelines (taken_s, value_micro) of registers, each from its instant on."""
    connection = await driver_connection(session)
    parameters = (list(since_s), list(since_s.values()), estate_id, TIMELINE_MAX)
    cursor = await connection.execute(_TIMELINES, parameters)
    found: dict[int, list[tuple[int, int]]] = {}
    for register_id, taken_s, value_micro in await cursor.fetchall():
        found.setdefault(register_id, []).append((taken_s, value_micro))
    return found


async def readings_after(
    session: AsyncSession, *, estate_id: int, register_id: int, after_s: int | None
) -> list[tuple[int, int, int, int, int, int, int]]:
    """Return a register's stored readings later than ``after_s`` (None: all) in time order.

    Each is (taken_s, value_micro, class, reason, run_quantity_micro, run_cost_micro, run_rest).
    """
    connection = await driver_connection(session)
    cursor = await connection.execute(
        "SELECT extract(epoch FROM taken_at)::bigint, value_micro, class, reason,"
        " run_quantity_micro, run_cost_micro, run_rest FROM reading"
        " WHERE estate_id = %s AND register_id = %s AND taken_at > to_timestamp(%s) ORDER BY taken_at",
        (estate_id, register_id, after_s if after_s is not None else 0),
    )
    return await cursor.fetchall()


async def timeline_before(
    session: AsyncSession, *, estate_id: int, register_id: int, before: datetime, received_by: datetime
) -> tuple[int, int] | None:
    """Return (taken_s, value_micro) of a register's newest timeline reading earlier than ``before``.

    Only what had been received by then; None if there is none.
    """
    statement = (
        select(Reading.taken_at, Reading.value_micro)
        .where(
            Reading.estate_id == estate_id,
            Reading.register_id == register_id,
            Reading.taken_at < before,
            Reading.received_at <= received_by,
            Reading.class_ <= TIMELINE_MAX,
        )
        .order_by(Reading.taken_at.desc())
        .limit(1)
    )
    row = (await session.execute(statement)).first()
    return None if row is None else (to_us(row.taken_at) // 1_000_000, row.value_micro)


async def received_readings(
    session: AsyncSession, *, estate_id: int, register_id: int, after: datetime, received_by: datetime
) -> list[tuple[int, int, datetime]]:
    """Return (taken_s, value_micro, received_at) of readings taken ``after`` it and received by then."""
    statement = (
        select(Reading.taken_at, Reading.value_micro, Reading.received_at)
        .where(
            Reading.estate_id == estate_id,
            Reading.register_id == register_id,
            Reading.taken_at > after,
            Reading.received_at <= received_by,
        )
        .order_by(Reading.taken_at)
    )
    rows = await session.execute(statement)
    return [(to_us(row.taken_at) // 1_000_000, row.value_micro, row.received_at) for row in rows]


# One range of each: from the timeline reading at the start or before it to the one at the end or after it.
_BETWEEN = """
    SELECT r.register_id, line.taken, line.value
    FROM unnest(%(register_ids)s::bigint[]) AS r (register_id)
    CROSS JOIN LATERAL (
        SELECT coalesce((
            SELECT taken_at FROM reading WHERE estate_id = %(estate_id)s AND register_id = r.register_id
                AND class <= %(timeline_max)s AND taken_at <= %(since)s ORDER BY taken_at DESC LIMIT 1
        ), %(since)s) AS low, coalesce((
            SELECT taken_at FROM reading WHERE estate_id = %(estate_id)s AND register_id = r.register_id
                AND class <= %(timeline_max)s AND taken_at >= %(until)s ORDER BY taken_at LIMIT 1
        ), %(until)s) AS high
    ) AS span
    CROSS JOIN LATERAL (
        SELECT array_agg(extract(epoch FROM taken_at)::bigint ORDER BY taken_at) AS taken,
            array_agg(value_micro ORDER BY taken_at) AS value
        FROM reading WHERE estate_id = %(estate_id)s AND register_id = r.register_id
            AND class <= %(timeline_max)s AND taken_at BETWEEN span.low AND span.high
    ) AS line
"""


async def timelines_between(
    session: AsyncSession,
    *,
    estate_id: int,
    register_ids: Sequence[int],
    since: datetime,
    until: datetime,
) -> dict[int, tuple[list[int], list[int]]]:
    """Return the seconds and values of each register's timeline readings that span [since, until).

    With the reading before the span and the one after it, where there are any; registers without are empty.
    """
    connection = await driver_connection(session)
    cursor = await connection.execute(
        _BETWEEN,
        {
            "register_ids": list(register_ids),
            "estate_id": estate_id,
            "timeline_max": TIMELINE_MAX,
            "since": since,
            "until": until,
        },
    )
    return {row[0]: (row[1] or [], row[2] or []) for row in await cursor.fetchall()}


async def stored_values(
    session: AsyncSession, *, estate_id: int, register_ids: Sequence[int], taken_s: Sequence[int]
) -> dict[tuple[int, int], int]:
    """Return the values already stored for pairs of register and instant, where there are any."""
    connection = await driver_connection(session)
    cursor = await connection.execute(
        "SELECT r.register_id, k.taken_s, r.value_micro"
        " FROM unnest(%s::bigint[], %s::bigint[]) AS k (register_id, taken_s)"
        " CROSS JOIN LATERAL (SELECT register_id, value_micro FROM reading WHERE estate_id = %s"
        " AND register_id = k.register_id AND taken_at = to_timestamp(k.taken_s)) AS r",
        (list(register_ids), list(taken_s), estate_id),
    )
    return {(row[0], row[1]): row[2] for row in await cursor.fetchall()}


async def meters(
    session: AsyncSession, *, estate_id: int, unit_id: int | None = None, after_id: int = 0, limit: int = 1000
) -> Sequence[Meter]:
    """Return an estate's (or one unit's) meters by id, ``limit`` at most after ``after_id``."""
    statement = select(Meter).where(Meter.estate_id == estate_id, Meter.meter_id > after_id)
    if unit_id is not None:
        statement = statement.where(Meter.unit_id == unit_id)
    return (await session.scalars(statement.order_by(Meter.meter_id).limit(limit))).all()


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


async def readings(
    session: AsyncSession,
    *,
    estate_id: int,
    register_id: int | None = None,
    classes: Sequence[ReadingClass] = (),
    before: tuple[datetime, int | None] | None = None,
    limit: int = 100,
) -> Sequence[Row[Reading, str, str, str]]:
    """Return stored readings, newest first, each with its meter's serial, utility and register name.

    ``before`` is (taken_at, register_id): what follows that register's reading; register_id of None is what
    is earlier.
    """
    statement = _with_names(Reading).where(Reading.estate_id == estate_id)
    statement = statement.order_by(Reading.taken_at.desc(), Reading.register_id).limit(limit)
    if register_id is not None:
        statement = statement.where(Reading.register_id == register_id)
    if classes:
        statement = statement.where(Reading.class_.in_([int(c) for c in classes]))
    if before is not None:
        # the first condition alone lets the database stop early
        statement = statement.where(Reading.taken_at <= before[0])
        same = Reading.taken_at == before[0]
        later = false() if before[1] is None else and_(same, Reading.register_id > before[1])
        statement = statement.where(or_(Reading.taken_at < before[0], later))
    return (await session.execute(statement)).all()


async def temperatures(
    session: AsyncSession, *, estate_id: int, keys: Sequence[tuple[int, datetime]]
) -> dict[tuple[int, datetime], int]:
    """Return how warm it was at readings (register_id, taken_at), in hundredths, of those that know it."""
    row = ReadingTemperature
    statement = select(row.register_id, row.taken_at, row.temperature_centi).where(
        row.estate_id == estate_id, tuple_(row.register_id, row.taken_at).in_(keys)
    )
    return {(each[0], each[1]): each[2] for each in await session.execute(statement)}


async def repeats(
    session: AsyncSession,
    *,
    estate_id: int,
    class_: ReadingClass,
    register_id: int | None = None,
    before: tuple[datetime, int | None, int | None] | None = None,
    limit: int = 100,
) -> Sequence[Row[ReadingRepeat, str, str, str]]:
    """Return duplicates or conflicts, newest ``taken_at`` first, each with serial, utility and register name.

    ``before`` is the place (taken_at, register_id, value_micro) that they follow.
    """
    row = ReadingRepeat
    statement = _with_names(row).where(row.estate_id == estate_id, row.class_ == int(class_))
    statement = statement.order_by(row.taken_at.desc(), row.register_id, row.value_micro).limit(limit)
    if register_id is not None:
        statement = statement.where(row.register_id == register_id)
    if before is not None:
        taken_at, register, value = before
        later: ColumnElement[bool] = false()
        if register is not None:
            within = and_(row.register_id == register, row.value_micro > (value or 0))
            later = and_(row.taken_at == taken_at, or_(row.register_id > register, within))
        statement = statement.where(or_(row.taken_at < taken_at, later))
    return (await session.execute(statement)).all()


def _with_names(row: type[Reading | ReadingRepeat]) -> Any:
    return (
        select(row, Meter.serial, Meter.utility, Register.name)
        .join(Register, (Register.estate_id == row.estate_id) & (Register.register_id == row.register_id))
        .join(Meter, (Meter.estate_id == Register.estate_id) & (Meter.meter_id == Register.meter_id))
    )


async def waiting_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how many of an estate's readings are held for a person."""
    statement = text("SELECT count(*) FROM reading WHERE estate_id = :estate_id AND class IN (5, 7)")
    return int(await session.scalar(statement, {"estate_id": estate_id}) or 0)


async def rejection_count(session: AsyncSession, *, estate_id: int) -> int:
    """Return how much of what came for an estate was rejected."""
    statement = select(func.count()).where(RejectedReading.estate_id == estate_id)
    return int(await session.scalar(statement) or 0)


async def rejections(
    session: AsyncSession, *, estate_id: int, before_id: int | None = None, limit: int = 100
) -> Sequence[RejectedReading]:
    """Return what was rejected, newest first; estate 0 holds what nobody's device sent."""
    statement = select(RejectedReading).where(RejectedReading.estate_id == estate_id)
    if before_id is not None:
        statement = statement.where(RejectedReading.rejected_reading_id < before_id)
    statement = statement.order_by(RejectedReading.rejected_reading_id.desc()).limit(limit)
    return (await session.scalars(statement)).all()


async def latest_readings(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int] | None = None
) -> dict[tuple[int, str], tuple[datetime, int]]:
    """Return each import register's newest timeline reading as {(unit_id, utility): (taken_at, value_micro)}.

    ``unit_ids`` names the units to look at; None is all of the estate's.
    """
    statement = text(
        "SELECT m.unit_id, m.utility, l.taken_at, l.value_micro FROM meter AS m"
        " JOIN register AS r ON r.estate_id = m.estate_id AND r.meter_id = m.meter_id AND r.name = 'import'"
        " CROSS JOIN LATERAL (SELECT taken_at, value_micro FROM reading WHERE estate_id = :estate_id"
        " AND register_id = r.register_id AND class <= :timeline_max ORDER BY taken_at DESC LIMIT 1) AS l"
        " WHERE m.estate_id = :estate_id AND (CAST(:units AS bigint[]) IS NULL OR m.unit_id = ANY (:units))"
        " ORDER BY m.meter_id"
    )
    units = None if unit_ids is None else list(unit_ids)
    rows = await session.execute(
        statement, {"estate_id": estate_id, "units": units, "timeline_max": TIMELINE_MAX}
    )
    return {(row.unit_id, row.utility): (row.taken_at, row.value_micro) for row in rows}


async def reading(session: AsyncSession, *, estate_id: int, register_id: int, taken_at: datetime) -> Reading:
    """Return one stored reading.

    :raises NotFound: if the register has none at that instant
    """
    found = await session.get(Reading, (estate_id, register_id, taken_at))
    if found is None:
        raise NotFound(f"register {register_id} has no reading at {taken_at.isoformat()}")
    return found
