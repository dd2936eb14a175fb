"""Running states that do not fit the readings, kept beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mita.kit.clock import from_us
from mita.kit.columns import pg_array, register_arrays
from mita.kit.db import driver_connection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory
    from mita.charging.domain.streams import Numbers

_KEEP = """
    INSERT INTO reading_run (estate_id, register_id, taken_at, role, numbers)
    SELECT %s, n.register_id, n.taken_at, n.role, n.numbers::bigint[]
    FROM unnest(%b, %b, %s::text[], %s::text[]) AS n (register_id, taken_at, role, numbers)
"""
_FORGET = "DELETE FROM reading_run WHERE estate_id = %s AND register_id = %s AND taken_at > %s"


async def keep_runs(
    session: AsyncSession, *, estate_id: int, runs: Sequence[tuple[int, int, str, Numbers]]
) -> None:
    """Keep running states, as (register_id, taken_s, role, numbers)."""
    if not runs:
        return
    register_id, taken_s, role, numbers = zip(*runs, strict=True)
    connection = await driver_connection(session)
    register_arrays(connection.adapters)
    await connection.execute(
        _KEEP,
        (
            estate_id,
            pg_array("bigint", np.array(register_id, dtype=np.int64)),
            pg_array("timestamptz", np.array(taken_s, dtype=np.int64) * 1_000_000),
            list(role),
            ["{" + ",".join(map(str, each)) + "}" for each in numbers],
        ),
    )


async def keep_anew(
    session: AsyncSession,
    memory: LaneMemory,
    *,
    register_id: int,
    after_s: int | None,
    runs: Sequence[tuple[int, int, str, Numbers]],
) -> None:
    """Replace what is kept of a register later than ``after_s`` (None: all of it)."""
    connection = await driver_connection(session)
    after = from_us((after_s or 0) * 1_000_000)
    await connection.execute(_FORGET, (memory.estate_id, register_id, after))
    await keep_runs(session, estate_id=memory.estate_id, runs=runs)
