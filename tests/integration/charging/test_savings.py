"""What was charged beside what a benchmark would have cost, from the unit's own readings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mita.charging import operations as charging
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import Scope, parse_document
from mita.tariffs.operations import Order
from tests.integration.people import wallet_ids
from tests.integration.world import FLAT, NOW, World, new_world

if TYPE_CHECKING:
    from mita.kit.db import Database

# local midnights in Johannesburg
FEBRUARY = datetime(2026, 1, 31, 22, 0, tzinfo=UTC)
MARCH = datetime(2026, 2, 28, 22, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
PUBLISHED = """
rate_table: 1
name: Published
utility: electricity
currency: ZAR
effective_from: 2025-01-01
tax: {name: VAT, percent: "15", prices: inclusive}
charges:
  - {name: Energy, kind: usage, price: "3.00"}
  - {name: Service, kind: fixed, per: day, price: "0.50"}
"""


async def add(world: World, rates: str) -> int:
    table = parse_document(rates)
    async with world.unit_of_work() as session:
        row = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency=table.currency, table=table, now=NOW
        )
        return row.rate_table_id


async def compare_with(world: World, *rates: str, utility: str = "electricity") -> None:
    ids = [await add(world, each) for each in rates]
    async with world.unit_of_work() as session:
        await tariffs.set_rate_rule(
            session, estate_id=world.estate_id, notice_days=30, benchmarks={utility: ids}, now=NOW
        )


async def assign(world: World, rates: str, **order: Any) -> None:
    rate_table_id = await add(world, rates)
    async with world.unit_of_work() as session:
        await tariffs.assign_rate_table(
            session, estate_id=world.estate_id, order=Order(rate_table_id, "staff:ann", **order), now=NOW
        )


async def savings(
    world: World,
    *,
    first: date = date(2026, 1, 1),
    until: date = date(2026, 4, 1),
    now: datetime = NOW,
    unit: int = 0,
) -> dict[str, dict[str, tuple[int, int]]]:
    """Return (charged, benchmark) of supply in micro by month and utility."""
    found = await savings_in(world, "supply", first=first, until=until, now=now, unit=unit)
    return pairs(found)


def pairs(found: charging.Savings) -> dict[str, dict[str, tuple[int, int]]]:
    return {
        month: {utility: (each.actual_micro, each.benchmark_micro) for utility, each in row.items()}
        for month, row in found.saved.items()
    }


async def savings_in(
    world: World, role: str, *, first: date, until: date, now: datetime = NOW, unit: int = 0
) -> charging.Savings:
    wallet_id = (await wallet_ids(world))[unit]
    async with world.unit_of_work() as session:
        return await charging.savings(
            session,
            estate_id=world.estate_id,
            wallet_id=wallet_id,
            role=role,
            first=first,
            until=until,
            now=now,
        )


async def test_month_by_month_with_tax_and_standing_charges(database: Database):
    world = await new_world(database)
    await compare_with(world, PUBLISHED)
    # 100 kWh in February, 30 in the first ten days of March, one interval of 20 lies across the midnight
    await world.charge(
        [
            ("M1", FEBRUARY, "0"),
            ("M1", MARCH - 10 * HOUR, "90"),
            ("M1", MARCH + 10 * HOUR, "110"),
            ("M1", MARCH + 10 * DAY, "130"),
        ]
    )
    # 2.00 and 15 % of tax against 3.00 and 0.50 a day with their tax inside; 19 days of March are over
    assert await savings(world) == {
        "2026-02": {"electricity": (230_000_000, 314_000_000), "total": (230_000_000, 314_000_000)},
        "2026-03": {"electricity": (69_000_000, 99_500_000), "total": (69_000_000, 99_500_000)},
    }
    # what is charged is what the wallet paid
    assert await world.balances() == [-230_000_000 - 69_000_000]


async def test_only_the_days_that_are_asked_for_count(database: Database):
    world = await new_world(database)
    await compare_with(world, PUBLISHED)
    await world.charge([("M1", FEBRUARY, "0"), ("M1", FEBRUARY + 10 * DAY, "100")])
    found = await savings(world, first=date(2026, 2, 4), until=date(2026, 2, 6))
    # two of ten days: 20 kWh
    assert found == {"2026-02": {"electricity": (46_000_000, 61_000_000), "total": (46_000_000, 61_000_000)}}
    assert await savings(world, first=date(2026, 3, 20)) == {}, "today is not over"


async def test_without_a_benchmark_or_a_reading_there_is_nothing(database: Database):
    world = await new_world(database)
    assert await savings(world) == {}
    await compare_with(world, PUBLISHED)
    assert await savings(world) == {}
    await world.charge([("M1", FEBRUARY, "0"), ("M1", FEBRUARY + DAY, "1")])
    assert list(await savings(world)) == ["2026-02", "2026-03"]


async def test_both_begin_where_the_later_one_does(database: Database):
    world = await new_world(database)
    await compare_with(world, PUBLISHED.replace("2025-01-01", "2026-02-06"))
    await world.charge([("M1", FEBRUARY, "0"), ("M1", FEBRUARY + 10 * DAY, "100")])
    found = await savings(world, until=date(2026, 3, 1))
    # five of the ten days: 50 kWh; from 6 to 28 February 23 standing charges
    assert found["2026-02"]["total"] == (115_000_000, 161_500_000)


async def test_versions_of_the_benchmark_follow_each_other(database: Database):
    world = await new_world(database)
    await compare_with(
        world, PUBLISHED.replace("2025-01-01", "2026-03-01").replace('"3.00"', '"4.00"'), PUBLISHED
    )
    await world.charge([("M1", FEBRUARY, "0"), ("M1", MARCH, "28"), ("M1", MARCH + DAY, "38")])
    found = await savings(world)
    assert found["2026-02"]["total"] == (64_400_000, 98_000_000)
    assert found["2026-03"]["total"] == (23_000_000, 49_500_000)


async def test_blocks_begin_anew_each_month_on_both_sides(database: Database):
    blocks = PUBLISHED.replace('price: "3.00"}', 'blocks: [{up_to: "10", price: "1.00"}, {price: "5.00"}]}')
    world = await new_world(database)
    await compare_with(world, blocks)
    await world.charge([("M1", FEBRUARY, "0"), ("M1", MARCH, "20"), ("M1", MARCH + DAY, "40")])
    found = await savings(world)
    assert found["2026-02"]["total"] == (46_000_000, 60_000_000 + 14_000_000)
    assert found["2026-03"]["total"] == (46_000_000, 60_000_000 + 9_500_000)


async def test_a_table_of_the_units_own_is_what_it_is_charged_by(database: Database):
    world = await new_world(database, meters=2)
    await compare_with(world, PUBLISHED)
    own = FLAT.replace('"2.00"', '"1.00"').replace("Flat", "Own")
    await assign(world, own, scope=Scope.UNIT, target_id=world.unit_ids[1])
    rows = [(meter, at, value) for meter in ("M1", "M2") for at, value in ((FEBRUARY, "0"), (MARCH, "10"))]
    await world.charge(rows)
    until = date(2026, 3, 1)
    assert (await savings(world, until=until))["2026-02"]["total"] == (23_000_000, 44_000_000)
    assert (await savings(world, until=until, unit=1))["2026-02"]["total"] == (11_500_000, 44_000_000)


async def test_a_minimum_bill_and_a_standing_charge_of_ours_count(database: Database):
    rates = FLAT.replace(
        "charges: [{name: Energy",
        'charges: [{name: Least, kind: minimum, per: month, price: "100.00"},'
        ' {name: Service, kind: fixed, per: month, price: "30.00"}, {name: Energy',
    )
    world = await new_world(database, rates=rates)
    await compare_with(world, PUBLISHED)
    await world.charge([("M1", FEBRUARY, "0"), ("M1", MARCH, "10"), ("M1", MARCH + DAY, "110")])
    found = await savings(world, until=date(2026, 3, 1))
    # 20 and 30 are less than 100, with 15 %
    assert found["2026-02"]["total"] == (115_000_000, 44_000_000)


async def test_registers_the_benchmark_does_not_price_cost_nothing_there(database: Database):
    rates = FLAT.replace("]", ', {name: Feed-in, kind: usage, register: export, price: "0.50"}]')
    world = await new_world(database, rates=rates, registers=("import", "export"))
    await compare_with(world, PUBLISHED)
    await world.charge(
        [
            ("M1", FEBRUARY, "0"),
            ("M1", MARCH, "10"),
            ("M1/export", FEBRUARY, "0"),
            ("M1/export", MARCH, "4"),
        ]
    )
    found = await savings(world, until=date(2026, 3, 1))
    assert found["2026-02"]["total"] == (23_000_000 - 2_300_000, 44_000_000)


NETWORK = """
rate_table: 1
name: Network
utility: electricity
currency: ZAR
effective_from: 2026-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges:
  - {name: Wires, kind: usage, price: "0.50"}
  - {name: Feed-in wires, kind: usage, register: export, price: "0.10"}
  - {name: Capacity, kind: fixed, per: day, price: "2.00"}
  - {name: Least, kind: minimum, per: month, price: "120.00"}
"""
LEVY = """
rate_table: 1
name: Levy
utility: electricity
currency: ZAR
effective_from: 2026-01-01
tax: {name: VAT, percent: "0", prices: exclusive}
charges: [{name: State, kind: usage, price: "0.03"}]
"""
BENCHMARK_OF_WIRES = """
rate_table: 1
name: Other wires
utility: electricity
currency: ZAR
effective_from: 2025-01-01
tax: {name: VAT, percent: "15", prices: exclusive}
charges:
  - {name: Wires, kind: usage, price: "0.80"}
  - {name: Capacity, kind: fixed, per: month, price: "40.00"}
"""


async def test_a_benchmark_stands_in_the_place_of_one_role(database: Database):
    world = await new_world(database, registers=("import", "export"), rates=None)
    await assign(world, FLAT.replace("]", ', {name: Sun, kind: usage, register: export, price: "0.40"}]'))
    await assign(world, NETWORK, role="network")
    await assign(world, LEVY, role="levy")
    await compare_with(world, BENCHMARK_OF_WIRES)
    await world.charge(
        [
            ("M1", FEBRUARY, "0"),
            ("M1", MARCH, "100"),
            ("M1/export", FEBRUARY, "0"),
            ("M1/export", MARCH, "10"),
        ]
    )
    span = {"first": date(2026, 2, 1), "until": date(2026, 3, 1)}

    # supply: 200 - 4 = 196, levy 3 without tax; network: 50 - 1 + 56 = 105, 15 are missing to 120; 15 %
    supply, network, levy = 225_400_000, 138_000_000, 3_000_000
    # the benchmark: 80 + 40, whatever the export does
    benchmark = 138_000_000

    for role, charged, others in (
        ("supply", supply, network + levy),
        ("network", network, supply + levy),
        ("levy", levy, supply + network),
    ):
        found = await savings_in(world, role, **span)
        row = (charged, benchmark)
        assert pairs(found) == {"2026-02": {"electricity": row, "total": row}}, role
        assert found.unchanged == {"2026-02": {"electricity": others, "total": others}}, role


async def test_a_role_that_nothing_is_charged_in_saves_nothing(database: Database):
    world = await new_world(database)
    await compare_with(world, BENCHMARK_OF_WIRES)
    await world.charge([("M1", FEBRUARY, "0"), ("M1", MARCH, "100")])
    found = await savings_in(world, "network", first=date(2026, 2, 1), until=date(2026, 3, 1))
    assert (found.saved, found.unchanged) == ({}, {})


async def test_other_roles_count_where_they_have_a_price(database: Database):
    world = await new_world(database)
    await compare_with(world, PUBLISHED)
    await assign(world, LEVY, role="levy", effective_from=date(2026, 2, 15))
    await world.charge([("M1", FEBRUARY, "0"), ("M1", MARCH, "28")])
    found = await savings_in(world, "supply", first=date(2026, 2, 1), until=date(2026, 3, 1))
    # a kilowatt-hour a day: 14 of them since the levy began
    assert found.unchanged == {"2026-02": {"electricity": 420_000, "total": 420_000}}
    assert pairs(found)["2026-02"]["total"] == (64_400_000, 98_000_000)
