"""A register's past as it was known at some instant: readings, acceptances, and what it was charged by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.charging.domain.causes import ACCEPTED, OF_TABLE
from mita.charging.domain.explained import LaterCorrection, Totals
from mita.charging.domain.explanation import KnownReading, cost_of, intervals_of
from mita.charging.domain.streams import Stream
from mita.charging.models import Rerating
from mita.charging.queries import target_of
from mita.kit.clock import from_us, to_us
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import ROLES, in_force, segments

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.explained import Explained
    from mita.charging.domain.explanation import Cost
    from mita.ledger.queries import StoredEntry
    from mita.metering.queries import RegisterInfo
    from mita.tariffs.domain import Assignment, RateTable

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# a billing period is a month at most: what filled it before an interval lies in here
_PERIOD = timedelta(days=40)
# how many assignments may have been made and not yet been charged by when an entry was booked
_WAITING_MAX = 8
_FAR_S = 2**62


@dataclass(slots=True)
class Past:
    """What is known today of a register's past, and when each of it came to be known."""

    session: AsyncSession
    entry: StoredEntry
    plain: Explained
    info: RegisterInfo
    assigned: list[tuple[Assignment, datetime]]
    tables: dict[int, RateTable]
    reratings: Sequence[Rerating]

    def accepted(self, *, before_id: int | None = None, by: datetime | None = None) -> frozenset[int]:
        """Return the instants of readings that a person had accepted."""
        return frozenset(
            to_us(each.since) // 1_000_000
            for each in self.reratings
            if each.cause.startswith(ACCEPTED)
            and (before_id is None or each.rerating_id < before_id)
            and (by is None or each.created_at <= by)
        )

    def later(self, *, taken: datetime, after: Rerating | None) -> tuple[LaterCorrection, ...]:
        """Return the reratings after the entry that charged what was taken then once more."""
        return tuple(
            LaterCorrection(
                each.seq,
                each.cause,
                charged_again_from(each),
                old_totals(each),
                new_totals(each),
                each.created_at,
            )
            for each in self.reratings
            if each.since <= taken
            and old_totals(each) != new_totals(each)
            and self._is_later(each, after=after)
        )

    def _is_later(self, each: Rerating, *, after: Rerating | None) -> bool:
        if after is not None:
            return each.rerating_id > after.rerating_id
        if each.seq is not None and each.account_id == self.entry.account_id:
            return each.seq > self.entry.seq
        return each.created_at > self.plain.booked_at

    def lists(self, *, by: datetime) -> Iterator[list[Stream]]:
        """Yield what the register may have been charged by at an instant, the likeliest first.

        That is everything assigned by then, unless some of the newest still waited for its rerating.
        """
        count = sum(1 for _, created_at in self.assigned if created_at <= by)
        seen: list[object] = []
        for known in range(count, max(count - _WAITING_MAX, 0), -1):
            streams = self._streams([each for each, _ in self.assigned[:known]])
            listed = [(stream.role, stream.listed) for stream in streams]
            if listed not in seen:
                seen.append(listed)
                yield streams

    def _streams(self, assignments: Sequence[Assignment]) -> list[Stream]:
        found = []
        for role in ROLES:
            listed = segments(assignments, target=target_of(self.info), role=role)
            if listed:
                versions = in_force(listed, tables=self.tables)
                found.append(Stream(role, self.info.register, listed, versions, self.plain.zone))
        return found

    async def known(
        self,
        *,
        since: datetime,
        received_by: datetime,
        accepted: frozenset[int],
        until: datetime | None = None,
        received_before: datetime | None = None,
    ) -> Known:
        """Return what was known of the register's readings, from a billing period before ``since`` on."""
        which = {"estate_id": self.entry.estate_id, "register_id": self.entry.source_id}
        anchor = await metering_queries.timeline_before(
            self.session, before=since, received_by=received_by, **which
        )
        lower = (since if anchor is None else from_us(anchor[0] * 1_000_000)) - _PERIOD
        opening = await metering_queries.timeline_before(
            self.session, before=lower, received_by=received_by, **which
        )
        after = NEVER if opening is None else from_us(opening[0] * 1_000_000)
        rows = await metering_queries.received_readings(
            self.session, after=after, received_by=received_by, **which
        )
        readings = [
            KnownReading(taken_s, value_micro, taken_s in accepted)
            for taken_s, value_micro, received_at in rows
            if (until is None or taken_s <= to_us(until) // 1_000_000)
            and (received_before is None or received_at < received_before)
        ]
        return Known(readings, opening, to_us(since) // 1_000_000, self.info)


@dataclass(frozen=True, slots=True)
class Known:
    """Readings as they were known, from an opening one on; what counts is from ``since_s`` on."""

    readings: list[KnownReading]
    opening: tuple[int, int] | None
    since_s: int
    info: RegisterInfo

    def cost(self, streams: Sequence[Stream]) -> Cost:
        """Return what the readings from ``since_s`` on cost under some tables."""
        intervals = intervals_of(self.readings, anchor=self.opening, limits=self.info.limits)
        starts = (each.start_s for each in intervals if each.end_s >= self.since_s)
        return cost_of(streams, intervals=intervals, since_s=next(starts, _FAR_S))


async def past_of(session: AsyncSession, *, entry: StoredEntry, plain: Explained) -> Past:
    """Return what is known today of the past of the register that an entry charges."""
    info = await metering_queries.register(session, estate_id=entry.estate_id, register_id=entry.source_id)
    rows = await tariff_queries.assignment_rows(session, estate_id=entry.estate_id, utility=info.utility)
    tables = await tariff_queries.tables_by_id(
        session, estate_id=entry.estate_id, rate_table_ids=[row.rate_table_id for row in rows]
    )
    statement = (
        select(Rerating)
        .where(Rerating.estate_id == entry.estate_id, Rerating.register_id == entry.source_id)
        .order_by(Rerating.rerating_id)
    )
    return Past(
        session=session,
        entry=entry,
        plain=replace(plain, register=info.register, meter=info.meter, base_unit=BASE_UNIT[info.utility]),
        info=info,
        assigned=[(tariff_queries.assignment_of(row), row.created_at) for row in rows],
        tables=tables,
        reratings=(await session.scalars(statement)).all(),
    )


def charged_again_from(row: Rerating) -> datetime:
    """Return from when on a rerating charged again."""
    # of another table: a reading at the very midnight ended the day before, so it begins a second later
    return row.since - timedelta(seconds=1) if row.cause.startswith(OF_TABLE) else row.since


def old_totals(row: Rerating) -> Totals:
    """Return what a stretch had cost."""
    return Totals(row.old_quantity_micro, row.old_net_micro, row.old_tax_micro)


def new_totals(row: Rerating) -> Totals:
    """Return what a stretch costs now."""
    return Totals(row.new_quantity_micro, row.new_net_micro, row.new_tax_micro)
