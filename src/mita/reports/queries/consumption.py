"""What units used in steps, from the readings of the registers that measured there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mita.kit.clock import from_us
from mita.metering import queries as metering_queries
from mita.reports.domain import Place, Use, between, covered_place, use_of, values_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import PlacedRegister

    IntArray = npt.NDArray[np.int64]

# unit, utility, name of the register
UseKey = tuple[int, str, str]


async def uses(
    session: AsyncSession,
    *,
    estate_id: int,
    placed: Sequence[PlacedRegister],
    borders_s: Sequence[int],
    longest_s: int,
) -> dict[UseKey, list[Use]]:
    """Return what registers used in the steps between borders, reading all their readings in that span once.

    For a few registers and many steps. By unit, utility and register; several meters may share a key.
    """
    known = await _covered(session, estate_id=estate_id, placed=placed)
    lines = await metering_queries.timelines_between(
        session,
        estate_id=estate_id,
        register_ids=sorted({each.register_id for each in placed}),
        since=from_us(borders_s[0] * 1_000_000),
        until=from_us(borders_s[-1] * 1_000_000),
    )
    borders = np.array(borders_s, dtype=np.int64)
    found: dict[UseKey, list[Use]] = {}
    for each, place, span in known:
        taken, values = (np.array(column, dtype=np.int64) for column in lines[each.register_id])
        at_s = _clamped(borders, span)
        if len(taken):
            value, distance = values_at(taken, values, at_s=at_s)
        else:
            value = distance = np.zeros_like(at_s)
        use = use_of(borders, values=value, distance_s=distance, at_s=at_s, place=place, longest_s=longest_s)
        found.setdefault((each.unit_id, each.utility, each.register), []).append(use)
    return found


async def probed_uses(
    session: AsyncSession,
    *,
    estate_id: int,
    placed: Sequence[PlacedRegister],
    borders_s: Sequence[int],
    longest_s: int,
) -> dict[UseKey, list[Use]]:
    """Return the same as :func:`uses`, reading only around the borders: for many registers and few steps."""
    known = await _covered(session, estate_id=estate_id, placed=placed)
    borders = np.array(borders_s, dtype=np.int64)
    wanted = [(each, place, _clamped(borders, span)) for each, place, span in known]
    keys = sorted(
        {(each.register_id, second) for each, _, at_s in wanted for second in at_s.tolist() if second >= 0}
    )
    around = await metering_queries.readings_around(session, estate_id=estate_id, keys=keys) if keys else {}
    found: dict[UseKey, list[Use]] = {}
    for each, place, at_s in wanted:
        rows = [around.get((each.register_id, second), (second, 0, second, 0)) for second in at_s.tolist()]
        columns = np.array(rows, dtype=np.int64).T
        value, distance = between((columns[0], columns[1]), (columns[2], columns[3]), at_s=at_s)
        use = use_of(borders, values=value, distance_s=distance, at_s=at_s, place=place, longest_s=longest_s)
        found.setdefault((each.unit_id, each.utility, each.register), []).append(use)
    return found


async def _covered(
    session: AsyncSession, *, estate_id: int, placed: Sequence[PlacedRegister]
) -> list[tuple[PlacedRegister, Place, tuple[int, int] | None]]:
    """Return each register with its place and the seconds that its readings cover there, None if none."""
    ends = await metering_queries.timeline_ends(
        session, estate_id=estate_id, register_ids=sorted({each.register_id for each in placed})
    )
    return list(_places(placed, ends))


def _places(
    placed: Sequence[PlacedRegister], ends: dict[int, tuple[int, int]]
) -> Iterator[tuple[PlacedRegister, Place, tuple[int, int] | None]]:
    for each in placed:
        end = ends.get(each.register_id)
        from_s = each.from_s if end is None or not each.is_first else min(each.from_s, end[0])
        place = Place(from_s, each.until_s)
        span = None if end is None else covered_place(place, first_taken_s=end[0], last_taken_s=end[1])
        # a register that went before its first reading here
        if span is not None and end is not None and span[0] > end[1]:
            span = None
        yield each, place, span


def _clamped(borders: IntArray, span: tuple[int, int] | None) -> IntArray:
    """Return the borders moved into what readings cover; all the same where that is nothing."""
    if span is None:
        return np.full_like(borders, -1)
    return np.clip(borders, span[0], span[1])
