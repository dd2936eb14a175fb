"""Bulk meters held against the meters behind them, from the readings around the borders of steps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mita.kit.clock import from_us, to_us
from mita.metering import queries as metering_queries
from mita.metering.domain import roots_of
from mita.reports.domain import (
    MeterChange,
    Reconciled,
    Stretch,
    StretchUse,
    between,
    changes_of,
    instants_of,
    own_window,
    reconciled,
    stretch_use,
    stretches_of,
    windows_of,
)
from mita.tariffs.domain import DEFAULT_REGISTER, EXPORT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    import numpy.typing as npt
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.domain import BulkArea
    from mita.metering.queries import PlacedRegister
    from mita.reports.domain import Steps

    IntArray = npt.NDArray[np.int64]


_VALUES_MAX = 500_000


class TooManyValues(ValueError):
    """More meters times steps than a report may have."""


@dataclass(frozen=True, slots=True)
class AreaReport:
    """A bulk meter held against its sub-meters, with what happened to them.

    ``latest`` is what stands in the place of each root at the end; ``serial`` that of the bulk meter.
    """

    area: BulkArea
    serial: str
    found: Reconciled
    changes: list[MeterChange]
    latest: dict[int, PlacedRegister]


@dataclass(frozen=True, slots=True)
class _Registers:
    """The registers of a utility, and the readings they have."""

    placed: list[PlacedRegister]
    roots: dict[int, int]
    ends: dict[int, tuple[int, int]]
    swaps: list[tuple[int, int, int]]


async def reconciliation(
    session: AsyncSession, *, estate_id: int, utility: str, steps: Steps, local: ZoneInfo
) -> list[AreaReport]:
    """Return every bulk meter of a utility in steps, held against the meters behind it.

    What an export register counts is taken away, on both sides. By the id of the bulk meter.

    :raises TooManyValues: if registers times steps are more than 500,000
    """
    known = await _registers(session, estate_id=estate_id, utility=utility, since_s=steps.borders_s[0])
    areas = [
        area
        for area in await metering_queries.bulk_areas(
            session, estate_id=estate_id, roots=known.roots, first=steps.first, until=steps.until
        )
        if area.utility == utility
    ]
    span, asked = (steps.first, steps.until), []
    roots = {known.roots.get(each.meter_id, each.meter_id) for each in known.placed}
    for area in areas:
        own = own_window(area, span=span, zone=local)
        if own is None:
            continue
        behind = windows_of(area, areas=areas, roots=roots, span=span, zone=local)
        asked.append((area, own, behind))
    borders_s = np.array(steps.borders_s, dtype=np.int64)
    parts = [
        list(stretches_of(known.placed, roots=known.roots, windows=windows, ends=known.ends))
        for area, own, behind in asked
        for windows in ({area.meter_id: [own]}, behind)
    ]
    if sum(map(len, parts)) * len(borders_s) > _VALUES_MAX:
        raise TooManyValues(f"asks for more than {_VALUES_MAX} values: take longer steps or fewer of them")
    uses = await _uses(session, parts, estate_id=estate_id, borders_s=borders_s, longest_s=steps.longest_s)
    latest = {known.roots.get(each.meter_id, each.meter_id): each for each in known.placed}
    lacking = [area.meter_id for area, *_ in asked if area.meter_id not in latest]
    gone = await metering_queries.meters_of_ids(session, estate_id=estate_id, meter_ids=lacking)
    return [
        AreaReport(
            area,
            latest[area.meter_id].meter if area.meter_id in latest else gone[area.meter_id].serial,
            reconciled(bulk, sub, borders_s=borders_s, window=own),
            changes_of(
                known.placed,
                roots=known.roots,
                windows={**behind, area.meter_id: [own]},
                ends=known.ends,
                swaps=known.swaps,
            ),
            latest,
        )
        for (area, own, behind), bulk, sub in zip(asked, uses[::2], uses[1::2], strict=True)
    ]


async def _registers(session: AsyncSession, *, estate_id: int, utility: str, since_s: int) -> _Registers:
    every = await metering_queries.placed_registers(
        session, estate_id=estate_id, since=from_us(since_s * 1_000_000)
    )
    placed = _counted([each for each in every if each.utility == utility])
    swaps = await metering_queries.swapped_meters(session, estate_id=estate_id, utility=utility)
    ends = await metering_queries.timeline_ends(
        session, estate_id=estate_id, register_ids=sorted({each.register_id for each in placed})
    )
    return _Registers(
        sorted(placed, key=lambda each: each.from_s),
        roots_of({old: new for old, new, _ in swaps}),
        ends,
        [(old, new, to_us(at) // 1_000_000) for old, new, at in swaps],
    )


def _counted(placed: Sequence[PlacedRegister]) -> list[PlacedRegister]:
    """Return what counts: import and export; a meter that has neither counts as one that was never read."""
    found = [each for each in placed if each.register in (DEFAULT_REGISTER, EXPORT)]
    able = {each.meter_id for each in found}
    lacking = {(each.meter_id, each.from_s): each for each in placed if each.meter_id not in able}
    return found + [
        replace(each, register=DEFAULT_REGISTER, register_id=-each.register_id) for each in lacking.values()
    ]


async def _uses(
    session: AsyncSession,
    parts: Sequence[Sequence[Stretch]],
    *,
    estate_id: int,
    borders_s: IntArray,
    longest_s: int,
) -> list[StretchUse]:
    """Return what each part's stretches used, with one look at the readings of all of them."""
    instants = [instants_of(part, borders_s=borders_s) for part in parts]
    around = await _around(session, parts, instants, estate_id=estate_id, borders_s=borders_s)
    found = []
    for part, at_s in zip(parts, instants, strict=True):
        rows = [
            around.get((stretch.register_id, second), (second, 0, second, 0))
            for stretch, row in zip(part, at_s.tolist(), strict=True)
            for second in row
        ]
        columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
        values, distance = between((columns[0], columns[1]), (columns[2], columns[3]), at_s=at_s.reshape(-1))
        found.append(
            stretch_use(
                part,
                borders_s=borders_s,
                at_s=at_s,
                values=values.reshape(at_s.shape),
                distance_s=distance.reshape(at_s.shape),
                longest_s=longest_s,
            )
        )
    return found


async def _around(
    session: AsyncSession,
    parts: Sequence[Sequence[Stretch]],
    instants: Sequence[IntArray],
    *,
    estate_id: int,
    borders_s: IntArray,
) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Return the readings around the instants that need them, by (register, second).

    Meters that send at full hours have one at most borders, and those are found together.
    """
    keys = {
        (stretch.register_id, second)
        for part, at_s in zip(parts, instants, strict=True)
        for stretch, row in zip(part, at_s.tolist(), strict=True)
        if stretch.to_s > stretch.from_s
        for second in row
    }
    if not keys:
        return {}
    exact = await metering_queries.timeline_values(
        session,
        estate_id=estate_id,
        register_ids=sorted({register_id for register_id, _ in keys}),
        taken_s=borders_s.tolist(),
    )
    found = {key: (key[1], value, key[1], value) for key, value in exact.items()}
    if left := sorted(keys - found.keys()):
        found |= await metering_queries.readings_around(session, estate_id=estate_id, keys=left)
    return found
