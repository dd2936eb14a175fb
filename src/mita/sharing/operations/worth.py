"""What a month of sharing is worth to each member, at the prices in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mita.metering import queries as metering_queries
from mita.sharing.domain import MemberMonth, Money, energy_between, usage_cost
from mita.sharing.operations.groups import UTILITY
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import (
    SUPPLY,
    RateTable,
    Target,
    build_slots,
    in_force,
    local_date,
    local_midnight_s,
    segments,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterInfo
    from mita.sharing.operations.look import Looked, Span


@dataclass(frozen=True, slots=True)
class Prices:
    """By what a group's energy is priced: its own tables, and the supply of members' registers."""

    allocated: tuple[RateTable, ...]
    fed_in: tuple[RateTable, ...]
    registers: Mapping[int, RegisterInfo]
    supply: Mapping[int, tuple[RateTable, ...]] = field(default_factory=dict)


async def prices_of(session: AsyncSession, *, looked: Looked) -> Prices:
    """Return what is in force for a group and for its members' registers."""
    row = looked.row
    register_ids = sorted({each.register_id for each in looked.members})
    infos = await metering_queries.registers_of_units(
        session, estate_id=row.estate_id, unit_ids=sorted({each.who for each in looked.members})
    )
    registers = {info.register_id: info for info in infos if info.register_id in register_ids}
    assigned = await tariff_queries.assignments(session, estate_id=row.estate_id, utility=UTILITY)
    own = [each for each in (row.rate_table_id, row.surplus_rate_table_id) if each is not None]
    tables = await tariff_queries.tables_by_id(
        session,
        estate_id=row.estate_id,
        rate_table_ids=[*own, *(each.rate_table_id for each in assigned)],
    )
    supply = {
        register_id: in_force(
            segments(assigned, target=Target(info.unit_id, info.meter_id, register_id), role=SUPPLY),
            tables=tables,
        )
        for register_id, info in registers.items()
    }
    return Prices(_own(row.rate_table_id, tables), _own(row.surplus_rate_table_id, tables), registers, supply)


def first_priced(prices: Prices, *, zone: ZoneInfo, month: date) -> date:
    """Return the local date on which the earliest billing period begins that reaches into a month.

    Blocks of a supply table count from there, whatever month the group is settled by.
    """
    start_s = local_midnight_s(month, zone=zone)
    days = [month]
    for register_id, versions in prices.supply.items():
        if versions:
            register = prices.registers[register_id].register
            slots = build_slots(versions, zone=zone, register=register, start_s=start_s, end_s=start_s + 1)
            days.append(local_date(int(slots.starts[0]), zone=zone))
    return min(days)


def member_months(looked: Looked, *, prices: Prices, span: Span, month: date) -> dict[int, MemberMonth]:
    """Return what a month is worth to each member, by unit; the span may begin before the month."""
    shares, zone = span.shares, looked.zone
    at = shares.grid.before(month)
    edges = shares.grid.edges[at:]
    found: dict[int, MemberMonth] = {}
    for row, unit_id in enumerate(shares.unit_ids):
        allocated, own = shares.allocated[row, at:], shares.own[row, at:]
        solar = usage_cost(
            prices.allocated, zone=zone, register="import", edges=edges, quantity_micro=allocated
        )
        paid = usage_cost(prices.fed_in, zone=zone, register="export", edges=edges, quantity_micro=own)
        saved = _saved(prices, span, row=row, at=at, zone=zone)
        found[unit_id] = MemberMonth(
            consumption_micro=int(shares.consumption[row, at:].sum()),
            allocated_micro=int(allocated.sum()),
            surplus_micro=int(own.sum()),
            saved_net_micro=saved.net_micro,
            saved_tax_micro=saved.tax_micro,
            solar_net_micro=solar.net_micro,
            solar_tax_micro=solar.tax_micro,
            fed_in_net_micro=-paid.net_micro,
            fed_in_tax_micro=-paid.tax_micro,
        )
    return found


def _saved(prices: Prices, span: Span, *, row: int, at: int, zone: ZoneInfo) -> Money:
    """Return what a member's grid energy costs less from the interval ``at`` on."""
    shares = span.shares
    net = tax = 0
    for register_id in sorted(set(shares.registers[row].tolist()) - {0}):
        held = shares.registers[row] == register_id
        # what was used before it was a member filled blocks; what came after it left is not waited for
        end = int(np.flatnonzero(held)[-1]) + 1
        if end <= at:
            continue
        edges = shares.grid.edges[: end + 1]
        used = energy_between(*span.timelines[register_id], edges=edges)
        given = np.where(held, shares.allocated[row], 0)[:end]
        now = _less(prices, register_id, edges=edges, used=used, given=given, zone=zone)
        before = _less(
            prices, register_id, edges=edges[: at + 1], used=used[:at], given=given[:at], zone=zone
        )
        net += now.net_micro - before.net_micro
        tax += now.tax_micro - before.tax_micro
    return Money(net, tax)


def _less(
    prices: Prices,
    register_id: int,
    *,
    edges: np.ndarray[tuple[int], np.dtype[np.int64]],
    used: np.ndarray[tuple[int], np.dtype[np.int64]],
    given: np.ndarray[tuple[int], np.dtype[np.int64]],
    zone: ZoneInfo,
) -> Money:
    if not given.any():
        return Money()
    versions, register = prices.supply[register_id], prices.registers[register_id].register
    whole, grid = (
        usage_cost(versions, zone=zone, register=register, edges=edges, quantity_micro=quantity)
        for quantity in (used, used - given)
    )
    return whole.less(grid)


def _own(table_id: int | None, tables: Mapping[int, RateTable]) -> tuple[RateTable, ...]:
    return () if table_id is None else (tables[table_id],)
