"""What a group's readings say of a span of local dates, and how far they reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.clock import from_us, to_us
from mita.metering import queries as metering_queries
from mita.sharing import queries
from mita.sharing.domain import energy_between, grid_of, settled_until, share_generation
from mita.tariffs.domain import local_date, local_midnight_s

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    import numpy as np
    import numpy.typing as npt
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.sharing.domain import Grid, GroupRule, Shares, Spell
    from mita.sharing.models import SharingGroup

    Whole = npt.NDArray[np.int64]

# so many registers' readings are in memory at once
_TOGETHER_MAX = 50


@dataclass(slots=True)
class Looked:
    """A group with its terms; ``until`` is the first local date that cannot be settled.

    ``waiting`` says by register until which date it is read, of those that are waited for.
    """

    row: SharingGroup
    zone: ZoneInfo
    rule: GroupRule
    members: list[Spell]
    sources: list[Spell]
    until: date
    waiting: dict[int, date]

    @property
    def register_ids(self) -> list[int]:
        """The registers that ever were a member's or a source."""
        return sorted({each.register_id for each in (*self.members, *self.sources)})


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """What each register counted in the intervals of some local dates, int64[n], and who got what."""

    energy: Mapping[int, Whole]
    shares: Shares


async def look(session: AsyncSession, *, row: SharingGroup, now: datetime) -> Looked:
    """Return a group's terms and how far its readings reach."""
    key = {"estate_id": row.estate_id, "sharing_group_id": row.sharing_group_id}
    zone = await estate_queries.time_zone(session, estate_id=row.estate_id)
    members = queries.member_spells(await queries.member_rows(session, **key))
    sources = queries.source_spells(await queries.source_rows(session, **key))
    register_ids = sorted({each.register_id for each in (*members, *sources)})
    ends = await metering_queries.timeline_ends(session, estate_id=row.estate_id, register_ids=register_ids)
    until, waiting = settled_until(
        members,
        sources,
        first=row.first_on,
        today=local_date(to_us(now) // 1_000_000, zone=zone),
        read_until={register_id: local_date(newest, zone=zone) for register_id, (_, newest) in ends.items()},
    )
    return Looked(row, zone, queries.rule_of_group(row), members, sources, until, waiting)


async def span_of(session: AsyncSession, *, looked: Looked, first: date, until: date) -> Span:
    """Return what was counted on the local dates [first, until), and who got what.

    :raises mita.sharing.domain.KeysMissing: if the rule takes keys after the interval and some are missing
    """
    since, end = (from_us(local_midnight_s(day, zone=looked.zone) * 1_000_000) for day in (first, until))
    keys = await queries.interval_keys(
        session,
        estate_id=looked.row.estate_id,
        sharing_group_id=looked.row.sharing_group_id,
        since=since,
        until=end,
    )
    grid = grid_of(looked.zone, first=first, until=until, minutes=looked.rule.interval_minutes)
    energy = await _energy(session, looked=looked, grid=grid, since=since, until=end)
    shares = share_generation(
        looked.rule, grid=grid, sources=looked.sources, members=looked.members, energy=energy, keys=keys
    )
    return Span(energy, shares)


async def _energy(
    session: AsyncSession, *, looked: Looked, grid: Grid, since: datetime, until: datetime
) -> dict[int, Whole]:
    """Return what each register counted in the intervals of a grid."""
    found: dict[int, Whole] = {}
    register_ids = looked.register_ids
    for start in range(0, len(register_ids), _TOGETHER_MAX):
        timelines = await metering_queries.timelines_between(
            session,
            estate_id=looked.row.estate_id,
            register_ids=register_ids[start : start + _TOGETHER_MAX],
            since=since,
            until=until,
        )
        for register_id, (taken_s, value_micro) in timelines.items():
            found[register_id] = energy_between(taken_s, value_micro, edges=grid.edges)
    return found
