"""What a unit's or an estate's own consumption would cost under another rate table. Nothing is stored."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mita.charging.domain.comparison import added_up, compare_units
from mita.charging.domain.consumption import Source, consumption_of
from mita.charging.domain.pricing import Pricing, UnitUse, as_if_in_force
from mita.charging.queries import target_of
from mita.estates import queries as estate_queries
from mita.kit.clock import from_us
from mita.kit.errors import Conflict, Invalid
from mita.ledger import queries as ledger_queries
from mita.metering import queries as metering_queries
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import (
    ROLES,
    SUPPLY,
    in_force,
    local_date,
    local_midnight_s,
    parse_document,
    segments,
)
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.comparison import UnitComparison
    from mita.charging.domain.consumption import Consumption
    from mita.metering.queries import RegisterInfo
    from mita.tariffs.domain import Assignment, Bill, RateTable, Segment

UNITS_AT_ONCE = 20
Days = tuple["date", "date"]


class NothingUsed(Conflict):
    """There are no readings in that time, so there is nothing to price."""

    code = "nothing_used"
    title = "There are no readings in that time"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a unit's own consumption costs under a table over local dates, and what it was charged.

    ``charged_micro`` is by billing period of the bill, with tax: entries of readings taken in it.
    """

    table: RateTable
    bill: Bill
    days: Days
    charged_micro: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What to compare: local dates [first, until) under a table, and under another one or what is in force.

    ``other_id`` of None is what is in force. ``unit_id`` of None is every unit of the estate. Both tables
    stand in one ``role``; what the others cost is unchanged.
    """

    rate_table_id: int
    other_id: int | None
    first: date
    until: date
    unit_id: int | None = None
    role: str = SUPPLY


async def preview_unit(
    session: AsyncSession, *, estate_id: int, table: int | RateTable, unit_id: int, days: Days
) -> Preview:
    """Price a unit's own consumption by a table, as if it were in force on all of these local dates.

    ``table`` is one that is stored, by its id, or a draft. It begins with the unit's first reading, if that
    is later.

    :raises mita.kit.errors.NotFound: if there is no such table or unit
    :raises NothingUsed: if the unit has no readings of the table's utility in that time
    """
    if isinstance(table, int):
        table = await _table(session, estate_id=estate_id, rate_table_id=table)
    unit = await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
    local = await estate_queries.time_zone(session, estate_id=estate_id)
    reader = _Reader(session, estate_id=estate_id, utility=table.utility, days=days, local=local)
    (use,) = await reader.uses([(unit.unit_id, unit.name)])
    if not any(len(each.start_s) for each in use.consumption):
        raise NothingUsed(f"unit {unit_id} has no readings of {table.utility} from {days[0]} to {days[1]}")
    first = max(days[0], local_date(min(each.since_s for each in use.consumption), zone=local))
    versions = as_if_in_force(table, first=first)
    pricing = Pricing(lambda _: versions, zone=local, first=first, until=days[1])
    # a year of half hours takes a while: off the event loop
    bills = await asyncio.to_thread(pricing.bills, use, first=first)
    whole = added_up(bills)
    return Preview(
        table=table,
        bill=whole,
        days=(first, days[1]),
        charged_micro=await _charged(
            session, estate_id=estate_id, unit_id=unit_id, utility=table.utility, bill=whole, local=local
        ),
    )


async def compare(
    session: AsyncSession, *, estate_id: int, asked: Comparison
) -> AsyncIterator[list[UnitComparison]]:
    """Yield the comparison of units by id, some at a time; only their readings are in memory.

    Standing charges of a unit begin with its first reading; both sides cover the same dates. Without a table
    of a role other than supply in force, its old side costs nothing.

    :raises mita.kit.errors.NotFound: if there is no such table or unit
    :raises mita.kit.errors.Invalid: if the tables are for different utilities
    """
    table = await _table(session, estate_id=estate_id, rate_table_id=asked.rate_table_id)
    local = await estate_queries.time_zone(session, estate_id=estate_id)
    days = (asked.first, asked.until)
    reader = _Reader(session, estate_id=estate_id, utility=table.utility, days=days, local=local)
    new_versions = as_if_in_force(table, first=asked.first)
    span: dict[str, Any] = {"zone": local, "first": asked.first, "until": asked.until}
    new = Pricing(lambda _: new_versions, **span)
    listed = await reader.versions()

    def charged_in(role: str, *, may_lack: bool) -> Pricing:
        return Pricing(lambda each: listed(each.listed[role]), may_lack=may_lack, **span)

    if asked.other_id is None:
        old = charged_in(asked.role, may_lack=asked.role != SUPPLY)
    else:
        other = await _table(session, estate_id=estate_id, rate_table_id=asked.other_id)
        if other.utility != table.utility:
            message = f"that table is for {other.utility}, this one for {table.utility}"
            raise Invalid(message, problems=[{"path": "body.with", "message": message}])
        old_versions = as_if_in_force(other, first=asked.first)
        old = Pricing(lambda _: old_versions, **span)
    others = [charged_in(role, may_lack=True) for role in await reader.roles() if role != asked.role]
    async for units in _units(session, estate_id=estate_id, unit_id=asked.unit_id):
        uses = await reader.uses(units)
        yield await asyncio.to_thread(compare_units, uses, old=old, new=new, unchanged=others, zone=local)


async def compared_units(session: AsyncSession, *, estate_id: int, unit_id: int | None) -> int:
    """Return how many units a comparison looks at.

    :raises mita.kit.errors.NotFound: if there is no such unit
    """
    if unit_id is not None:
        await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
        return 1
    return await estate_queries.unit_count(session, estate_id=estate_id)


async def _table(session: AsyncSession, *, estate_id: int, rate_table_id: int) -> RateTable:
    row = await tariff_queries.rate_table(session, estate_id=estate_id, rate_table_id=rate_table_id)
    return parse_document(row.document)


async def _units(
    session: AsyncSession, *, estate_id: int, unit_id: int | None
) -> AsyncIterator[list[tuple[int, str]]]:
    if unit_id is not None:
        unit = await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
        yield [(unit.unit_id, unit.name)]
        return
    after_id = 0
    while units := await estate_queries.units(
        session, estate_id=estate_id, after_id=after_id, limit=UNITS_AT_ONCE
    ):
        after_id = units[-1].unit_id
        yield [(unit.unit_id, unit.name) for unit in units]


class _Reader:
    """Reads what units used of one utility on local dates, and what charges them."""

    def __init__(
        self, session: AsyncSession, *, estate_id: int, utility: str, days: Days, local: ZoneInfo
    ) -> None:
        self._session = session
        self._estate_id = estate_id
        self._utility = utility
        start_s, end_s = (local_midnight_s(day, zone=local) for day in days)
        self._span_s = (start_s, end_s)
        self._assignments: Sequence[Assignment] | None = None
        self._infos: dict[int, list[RegisterInfo]] | None = None

    async def uses(self, units: Sequence[tuple[int, str]]) -> list[UnitUse]:
        """Return what units (id, name) used."""
        by_unit = await self._registers()
        infos = [info for unit_id, _ in units for info in by_unit.get(unit_id, ())]
        start_s, end_s = self._span_s
        lines = await metering_queries.timelines_between(
            self._session,
            estate_id=self._estate_id,
            register_ids=[info.register_id for info in infos],
            since=from_us(start_s * 1_000_000),
            until=from_us(end_s * 1_000_000),
        )
        assignments = await self._assigned()
        found: dict[int, list[Consumption]] = defaultdict(list)
        for info in infos:
            taken_s, value_micro = lines[info.register_id]
            listed = {role: segments(assignments, target=target_of(info), role=role) for role in ROLES}
            used = consumption_of(
                Source(info.register_id, info.register, info.meter_id, info.unit_id),
                listed=listed,
                taken_s=taken_s,
                value_micro=value_micro,
                span_s=self._span_s,
            )
            if used is not None:
                found[info.unit_id].append(used)
        return [UnitUse(unit_id, name, tuple(found[unit_id])) for unit_id, name in units]

    async def versions(self) -> _Listed:
        """Return the tables of everything that was ever assigned, to look up what is in force."""
        assignments = await self._assigned()
        tables = await tariff_queries.tables_by_id(
            self._session,
            estate_id=self._estate_id,
            rate_table_ids=[each.rate_table_id for each in assignments],
        )
        return _Listed(tables)

    async def roles(self) -> list[str]:
        """Return the roles in which anything was ever assigned."""
        assigned = {each.role for each in await self._assigned()}
        return [role for role in ROLES if role in assigned]

    async def _assigned(self) -> Sequence[Assignment]:
        if self._assignments is None:
            self._assignments = await tariff_queries.assignments(
                self._session, estate_id=self._estate_id, utility=self._utility
            )
        return self._assignments

    async def _registers(self) -> dict[int, list[RegisterInfo]]:
        if self._infos is None:
            self._infos = defaultdict(list)
            for info in await metering_queries.registers_of_utility(
                self._session, estate_id=self._estate_id, utility=self._utility
            ):
                self._infos[info.unit_id].append(info)
        return self._infos


class _Listed:
    """Versions by what is listed, each list made once."""

    def __init__(self, tables: dict[int, RateTable]) -> None:
        self._tables = tables
        self._known: dict[tuple[Segment, ...], tuple[RateTable, ...]] = {}

    def __call__(self, listed: tuple[Segment, ...]) -> tuple[RateTable, ...]:
        if listed not in self._known:
            self._known[listed] = in_force(listed, tables=self._tables)
        return self._known[listed]


async def _charged(
    session: AsyncSession, *, estate_id: int, unit_id: int, utility: str, bill: Bill, local: ZoneInfo
) -> tuple[int, ...]:
    """Return what was charged for each period of a bill, by when its readings were taken."""
    accounts = await wallet_queries.accounts(
        session, estate_id=estate_id, unit_ids=[unit_id], utility=utility
    )
    edges = [
        local_midnight_s(day, zone=local)
        for day in (*(p.first for p in bill.periods), bill.periods[-1].until)
    ]
    # a reading at midnight ends the day before
    marks = [from_us(edge * 1_000_000) + timedelta(microseconds=1) for edge in edges]
    sums = [
        row
        for account in accounts
        for row in await ledger_queries.charged_sums(
            session,
            estate_id=estate_id,
            account_id=account.account_id,
            after_seqs=[0],
            instants=marks,
        )
    ]
    return tuple(
        sum(charged for _, event_at, charged in sums if low <= event_at < high)
        for low, high in pairwise(marks)
    )
