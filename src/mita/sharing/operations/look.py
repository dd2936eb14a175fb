"""What a group's readings say of a span of local dates, and how far they reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.clock import from_us, to_us
from mita.metering import queries as metering_queries
from mita.sharing import queries
from mita.sharing.domain import grid_of, settled_until, share_generation
from mita.tariffs.domain import local_date, local_midnight_s

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.sharing.domain import GroupRule, Shares, Spell, Timelines
    from mita.sharing.models import SharingGroup


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


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """The readings of some local dates, and who got what."""

    timelines: Timelines
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
    """Return the readings of the local dates [first, until), and who got what.

    :raises mita.sharing.domain.KeysMissing: if the rule takes keys after the interval and some are missing
    """
    since, end = (from_us(local_midnight_s(day, zone=looked.zone) * 1_000_000) for day in (first, until))
    timelines = await metering_queries.timelines_between(
        session,
        estate_id=looked.row.estate_id,
        register_ids=sorted({each.register_id for each in (*looked.members, *looked.sources)}),
        since=since,
        until=end,
    )
    keys = await queries.interval_keys(
        session,
        estate_id=looked.row.estate_id,
        sharing_group_id=looked.row.sharing_group_id,
        since=since,
        until=end,
    )
    grid = grid_of(looked.zone, first=first, until=until, minutes=looked.rule.interval_minutes)
    shares = share_generation(
        looked.rule,
        grid=grid,
        sources=looked.sources,
        members=looked.members,
        timelines=timelines,
        keys=keys,
    )
    return Span(timelines, shares)
