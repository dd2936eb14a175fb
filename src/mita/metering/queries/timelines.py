"""Reads of registers over time: states, timelines, what is stored at an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, text

from mita.kit.clock import to_us
from mita.kit.db import driver_connection
from mita.metering.domain import TIMELINE_MAX, RegisterState
from mita.metering.models import Reading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


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
_FIRST = text("""
    SELECT m.unit_id, min(first.taken_at) AS taken_at
    FROM meter AS m JOIN register AS r USING (estate_id, meter_id)
    CROSS JOIN LATERAL (
        SELECT taken_at FROM reading WHERE estate_id = m.estate_id AND register_id = r.register_id
        ORDER BY taken_at LIMIT 1
    ) AS first
    WHERE m.estate_id = :estate_id AND m.unit_id = ANY (:unit_ids)
    GROUP BY m.unit_id
""")


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


async def reading_count_since(
    session: AsyncSession, *, estate_id: int, since: Mapping[int, datetime], most: int
) -> int:
    """Return how many readings registers have after an instant each, given by id; ``most`` at most."""
    statement = text(
        "SELECT count(*) FROM (SELECT FROM unnest(CAST(:register_ids AS bigint[]),"
        " CAST(:instants AS timestamptz[])) AS n (register_id, since)"
        " JOIN reading AS r ON r.estate_id = :estate_id AND r.register_id = n.register_id"
        " AND r.taken_at > n.since LIMIT :most) AS counted"
    )
    values = {"register_ids": list(since), "instants": list(since.values())}
    return int(await session.scalar(statement, {"estate_id": estate_id, "most": most, **values}) or 0)


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
_SPANS = """
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
"""
_IN_SPAN = """
    FROM reading WHERE estate_id = %(estate_id)s AND register_id = r.register_id
        AND class <= %(timeline_max)s AND taken_at BETWEEN span.low AND span.high
"""
_BETWEEN = f"""
    SELECT r.register_id, line.taken, line.value
    {_SPANS}
    CROSS JOIN LATERAL (
        SELECT array_agg(extract(epoch FROM taken_at)::bigint ORDER BY taken_at) AS taken,
            array_agg(value_micro ORDER BY taken_at) AS value
        {_IN_SPAN}
    ) AS line
"""  # noqa: S608 - no input in it
# a hash of the set of readings: in whatever order they are met
_MARKS = f"""
    SELECT r.register_id, line.readings, line.mark
    {_SPANS}
    CROSS JOIN LATERAL (
        SELECT count(*) AS readings,
            bit_xor(hashint8extended(value_micro, extract(epoch FROM taken_at)::bigint)) AS mark
        {_IN_SPAN}
    ) AS line
    ORDER BY r.register_id
"""  # noqa: S608 - no input in it


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


async def timeline_marks(
    session: AsyncSession,
    *,
    estate_id: int,
    register_ids: Sequence[int],
    since: datetime,
    until: datetime,
) -> list[tuple[int, int, int | None]]:
    """Return (register, how many readings, a hash of them) of what :func:`timelines_between` would read.

    It is another one as soon as any of these readings is: one came late, or was released.
    """
    connection = await driver_connection(session)
    cursor = await connection.execute(
        _MARKS,
        {
            "register_ids": list(register_ids),
            "estate_id": estate_id,
            "timeline_max": TIMELINE_MAX,
            "since": since,
            "until": until,
        },
    )
    return await cursor.fetchall()


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


async def first_readings(
    session: AsyncSession, *, estate_id: int, unit_ids: Sequence[int]
) -> dict[int, datetime]:
    """Return by unit when the first reading of its meters was taken; of those that the reader sees."""
    found = await session.execute(_FIRST, {"estate_id": estate_id, "unit_ids": list(unit_ids)})
    return {row.unit_id: row.taken_at for row in found}
