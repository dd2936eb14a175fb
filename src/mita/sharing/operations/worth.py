"""What a month of sharing is worth to each member, at the prices in force."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mita.metering import queries as metering_queries
from mita.sharing import queries
from mita.sharing.domain import (
    MemberMonth,
    Money,
    charged_in,
    interval_costs,
    prices_by_date,
    saved_in,
    usage_cost,
    versions_of,
)
from mita.sharing.operations.prices import UTILITY
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import (
    ROLES,
    SUPPLY,
    RateTable,
    Target,
    build_slots,
    in_force,
    local_date,
    local_midnight_s,
    segments,
)
from mita.tariffs.domain.sharing_arrays import split_many

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    import numpy.typing as npt
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterInfo
    from mita.sharing.domain import PriceTerms
    from mita.sharing.operations.look import Looked, Span
    from mita.tariffs.domain import Segment

    Whole = npt.NDArray[np.int64]

_, _NETWORK, _LEVY = ROLES


@dataclass(frozen=True, slots=True)
class Prices:
    """By what a group's energy is priced: its own terms and tables, and those of members' registers.

    ``grid`` is by register and role; registers that are priced alike have the same tuple.
    """

    terms: Sequence[PriceTerms]
    allocated: tuple[RateTable, ...]
    fed_in: tuple[RateTable, ...]
    incentive: tuple[RateTable, ...]
    registers: Mapping[int, RegisterInfo]
    grid: Mapping[tuple[int, str], tuple[RateTable, ...]]

    @property
    def roles(self) -> list[str]:
        """The roles whose charges are ever saved."""
        return [role for role in ROLES if any(role in each.roles for each in self.terms)]


async def prices_of(session: AsyncSession, *, looked: Looked) -> Prices:
    """Return what is in force for a group and for its members' registers."""
    row = looked.row
    key = {"estate_id": row.estate_id, "sharing_group_id": row.sharing_group_id}
    terms = prices_by_date(await queries.price_terms(session, **key))
    register_ids = {each.register_id for each in looked.members}
    infos = await metering_queries.registers_of_units(
        session, estate_id=row.estate_id, unit_ids=sorted({each.who for each in looked.members})
    )
    registers = {info.register_id: info for info in infos if info.register_id in register_ids}
    assigned = await tariff_queries.assignments(session, estate_id=row.estate_id, utility=UTILITY)
    tables = await tariff_queries.tables_by_id(
        session,
        estate_id=row.estate_id,
        rate_table_ids=[
            *(table_id for each in terms for table_id in each.table_ids),
            *(each.rate_table_id for each in assigned),
        ],
    )
    alike: dict[tuple[Segment, ...], tuple[RateTable, ...]] = {}
    grid: dict[tuple[int, str], tuple[RateTable, ...]] = {}
    for register_id, info in registers.items():
        target = Target(info.unit_id, info.meter_id, register_id)
        for role in ROLES:
            listed = segments(assigned, target=target, role=role)
            if listed not in alike:
                alike[listed] = in_force(listed, tables=tables)
            grid[register_id, role] = alike[listed]
    return Prices(
        terms,
        versions_of([(each.from_on, each.rate_table_id) for each in terms], tables=tables),
        versions_of([(each.from_on, each.surplus_rate_table_id) for each in terms], tables=tables),
        versions_of([(each.from_on, each.incentive_rate_table_id) for each in terms], tables=tables),
        registers,
        grid,
    )


def first_priced(prices: Prices, *, zone: ZoneInfo, month: date) -> date:
    """Return the local date on which the earliest billing period begins that reaches into a month.

    Blocks of the grid's tables count from there, whatever month the group is settled by.
    """
    start_s = local_midnight_s(month, zone=zone)
    days = {month}
    different = {
        (prices.registers[register_id].register, id(versions)): versions
        for (register_id, role), versions in prices.grid.items()
        if versions and role in prices.roles
    }
    for (register, _), versions in different.items():
        slots = build_slots(versions, zone=zone, register=register, start_s=start_s, end_s=start_s + 1)
        days.add(local_date(int(slots.starts[0]), zone=zone))
    return min(days)


def member_months(looked: Looked, *, prices: Prices, span: Span, month: date) -> dict[int, MemberMonth]:
    """Return what a month is worth to each member, by unit; the span may begin before the month."""
    shares, zone = span.shares, looked.zone
    at = shares.grid.before(month)
    edges = shares.grid.edges[at:]
    paid = _incentives(prices, span, at=at, zone=zone)
    found: dict[int, MemberMonth] = {}
    for row, unit_id in enumerate(shares.unit_ids):
        allocated, own = shares.allocated[row, at:], shares.own[row, at:]
        solar = usage_cost(
            prices.allocated, zone=zone, register="import", edges=edges, quantity_micro=allocated
        )
        fed_in = usage_cost(prices.fed_in, zone=zone, register="export", edges=edges, quantity_micro=own)
        saved = {role: _saved(prices, span, role=role, row=row, at=at, zone=zone) for role in prices.roles}
        supply, network, levy = (saved.get(role, Money()) for role in (SUPPLY, _NETWORK, _LEVY))
        found[unit_id] = MemberMonth(
            consumption_micro=int(shares.consumption[row, at:].sum()),
            allocated_micro=int(allocated.sum()),
            surplus_micro=int(own.sum()),
            saved_net_micro=supply.net_micro,
            saved_tax_micro=supply.tax_micro,
            solar_net_micro=solar.net_micro,
            solar_tax_micro=solar.tax_micro,
            fed_in_net_micro=-fed_in.net_micro,
            fed_in_tax_micro=-fed_in.tax_micro,
            network_net_micro=network.net_micro,
            network_tax_micro=network.tax_micro,
            levy_net_micro=levy.net_micro,
            levy_tax_micro=levy.tax_micro,
            shared_micro=int(shares.shared_of[row, at:].sum()),
            incentive_net_micro=paid[row].net_micro,
            incentive_tax_micro=paid[row].tax_micro,
        )
    return found


def _incentives(prices: Prices, span: Span, *, at: int, zone: ZoneInfo) -> list[Money]:
    """Return each member's part of what is paid for a month's shared energy.

    The whole group's energy is priced; in each interval the money goes where the energy goes, to the micro.
    """
    shares = span.shares
    if not prices.incentive:
        return [Money()] * len(shares.unit_ids)
    net, tax = interval_costs(
        prices.incentive,
        zone=zone,
        register="export",
        edges=shares.grid.edges[at:],
        quantity_micro=shares.shared[at:],
    )
    weights = shares.shared_of[:, at:]
    parts = [split_many(-amount, weights=weights).sum(axis=1).tolist() for amount in (net, tax)]
    assert [sum(part) for part in parts] == [-int(net.sum()), -int(tax.sum())], "nothing of it is lost"
    return [Money(*each) for each in zip(*parts, strict=True)]


def _saved(prices: Prices, span: Span, *, role: str, row: int, at: int, zone: ZoneInfo) -> Money:
    """Return what a member's grid energy costs less under a role from the interval ``at`` on."""
    shares = span.shares
    counts = saved_in(prices.terms, role=role, grid=shares.grid)
    net = tax = 0
    for register_id in sorted(set(shares.registers[row].tolist()) - {0}):
        held = shares.registers[row] == register_id
        # what was used before it was a member filled blocks; what came after it left is not waited for
        end = int(np.flatnonzero(held)[-1]) + 1
        if end <= at:
            continue
        counted = held & counts
        if role != SUPPLY:
            # supply leads: where it has no table, nothing was charged under any role
            counted &= charged_in(prices.grid[register_id, SUPPLY], grid=shares.grid)
        edges = shares.grid.edges[: end + 1]
        used = span.energy[register_id][:end]
        given = np.where(counted, shares.allocated[row], 0)[:end]
        now = _less(prices, (register_id, role), edges=edges, used=used, given=given, zone=zone)
        before = _less(
            prices, (register_id, role), edges=edges[: at + 1], used=used[:at], given=given[:at], zone=zone
        )
        net += now.net_micro - before.net_micro
        tax += now.tax_micro - before.tax_micro
    return Money(net, tax)


def _less(
    prices: Prices, which: tuple[int, str], *, edges: Whole, used: Whole, given: Whole, zone: ZoneInfo
) -> Money:
    if not given.any():
        return Money()
    versions, register = prices.grid[which], prices.registers[which[0]].register
    whole, grid = (
        usage_cost(versions, zone=zone, register=register, edges=edges, quantity_micro=quantity)
        for quantity in (used, used - given)
    )
    return whole.less(grid)
