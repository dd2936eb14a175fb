"""What a wallet's unit saved against the benchmark that its estate shows beside its own prices."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.charging import queries
from mita.charging.domain.payers import payers_of
from mita.charging.domain.savings import Prices, Span, benchmark_prices, costs_by_month
from mita.charging.domain.timed import PriceList
from mita.charging.domain.use import RegisterUse, intervals_of
from mita.estates import queries as estate_queries
from mita.metering import queries as metering_queries
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import in_force, local_date, local_midnight_s, saved, segments
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterInfo
    from mita.tariffs.domain import Assignment, Columns, RateTable, Saved

Costs = dict[str, int]


@dataclass(frozen=True, slots=True)
class Savings:
    """Gross micro-money by month (``2026-01``), and utility or "total".

    ``saved`` is of one role; ``unchanged`` is what the other roles cost in the same days, without zeros.
    """

    saved: dict[str, dict[str, Saved]]
    unchanged: dict[str, dict[str, int]]


async def savings(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    role: str,
    first: date,
    until: date,
    now: datetime,
) -> Savings:
    """Return what a wallet's unit was charged in a role beside what the benchmark would have cost in it.

    Both are worked out anew from the unit's own readings over the local dates [first, until), as far as they
    are over; from the first reading, the first own price of the role and the first price of the benchmark on.
    A utility without a benchmark, or without an own price in the role, is left out.

    :raises mita.kit.errors.NotFound: if the estate has no such wallet
    """
    wallet = await wallet_queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    until = min(until, now.astimezone(zone).date())
    if first >= until:
        return Savings({}, {})
    span = Span(first, until)
    infos = await metering_queries.registers_of_units(session, estate_id=estate_id, unit_ids=[wallet.unit_id])
    charged: dict[str, Costs] = {}
    published: dict[str, Costs] = {}
    others: dict[str, Costs] = {}
    for utility in sorted({info.utility for info in infos}):
        registers = [info for info in infos if info.utility == utility]
        asked = _Asked(estate_id, utility, role, zone, span)
        sides = await _sides(session, registers, asked=asked)
        if sides is not None:
            charged[utility], published[utility], others[utility] = sides
    unchanged = _by_month(others)
    # a month in which only the other roles cost anything is shown too
    paid = {month: dict.fromkeys(costs, 0) for month, costs in unchanged.items()}
    for month, costs in _by_month(charged).items():
        paid[month] = {**paid.get(month, {}), **costs}
    for costs in unchanged.values():
        costs["total"] = sum(costs.values())
    return Savings(saved(benchmark_micro=_by_month(published), actual_micro=paid), unchanged=unchanged)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of which utility and role of an estate, on which local dates."""

    estate_id: int
    utility: str
    role: str
    zone: ZoneInfo
    span: Span


async def _sides(
    session: AsyncSession, infos: Sequence[RegisterInfo], *, asked: _Asked
) -> tuple[Costs, Costs, Costs] | None:
    """Return what a utility cost by the estate's prices of the role, by the benchmark, and in other roles.

    None if it has no benchmark, or nothing to set beside it.
    """
    estate_id, utility, role, zone = asked.estate_id, asked.utility, asked.role, asked.zone
    benchmark = await tariff_queries.benchmark(session, estate_id=estate_id, utility=utility)
    if not benchmark:
        return None
    assigned = await tariff_queries.assignments(session, estate_id=estate_id, utility=utility)
    tables = await tariff_queries.tables_by_id(
        session, estate_id=estate_id, rate_table_ids=[each.rate_table_id for each in assigned]
    )
    own = _own_prices(infos, assigned=assigned, tables=tables)
    columns = await _columns(
        session, infos, estate_id=estate_id, since_s=local_midnight_s(asked.span.first, zone=zone)
    )
    starts = [int(each.start_s[0]) for each in columns.values() if len(each.start_s)]
    priced = [each.versions[0].effective_from for each in own.lists if each.role == role]
    if not (starts and priced):
        return None
    begun = max(local_date(min(starts), zone=zone), benchmark[0].effective_from, min(priced))
    common = asked.span.since(begun)
    if common is None:
        return None
    charged, beside = [], []
    for info in infos:
        target = queries.target_of(info)
        versions = {
            role: in_force(segments(assigned, target=target, role=role), tables=tables) for role in own.payers
        }
        charged.append(RegisterUse(target, info.register, columns[info.register_id], versions))
        beside.append(RegisterUse(target, info.register, columns[info.register_id], {role: benchmark}))
    published = benchmark_prices(benchmark, role=role, unit_id=infos[0].unit_id)
    # a year of half hours takes a while: off the event loop
    return await asyncio.to_thread(
        lambda: (
            costs_by_month(charged, prices=own, roles=[role], zone=zone, span=common),
            costs_by_month(beside, prices=published, roles=[role], zone=zone, span=common),
            costs_by_month(charged, prices=own, roles=set(own.payers) - {role}, zone=zone, span=common),
        )
    )


def _own_prices(
    infos: Sequence[RegisterInfo], *, assigned: Sequence[Assignment], tables: Mapping[int, RateTable]
) -> Prices:
    targets = [queries.target_of(info) for info in infos]
    roles = sorted({each.role for each in assigned})
    payers = {role: payers_of(assigned, targets=targets, role=role) for role in roles}
    lists = [
        PriceList(payer, role, listed, in_force(listed, tables=tables))
        for role in roles
        for payer, listed in payers[role].listed.items()
        if listed
    ]
    return Prices(payers, lists)


async def _columns(
    session: AsyncSession, infos: Sequence[RegisterInfo], *, estate_id: int, since_s: int
) -> dict[int, Columns]:
    """Return each register's consumption from an instant on, with the interval that reaches into it."""
    asked = {info.register_id: since_s for info in infos}
    anchors = await metering_queries.anchors(session, estate_id=estate_id, at_s=asked)
    timelines = await metering_queries.timelines(session, estate_id=estate_id, since_s=asked | anchors)
    return {register_id: intervals_of(timelines.get(register_id, [])) for register_id in asked}


def _by_month(costs: Mapping[str, Costs]) -> dict[str, Costs]:
    found: dict[str, Costs] = {}
    for utility, by_month in costs.items():
        for month, gross_micro in by_month.items():
            found.setdefault(month, {})[utility] = gross_micro
    return found
