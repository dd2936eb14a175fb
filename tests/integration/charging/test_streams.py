"""Several rate tables at once on a register, and usage of every form: by hand, with the accounts they pay."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from mita.charging import operations as charging
from mita.charging.domain.cadence import Cadence
from mita.metering.domain import Limits, ReadingClass
from mita.tariffs import operations as tariffs
from mita.tariffs.domain import Scope, parse_document
from mita.tariffs.operations import Order
from tests.integration.world import FLAT, NOW, World, new_world

if TYPE_CHECKING:
    from mita.charging.domain.outcome import Outcome
    from mita.kit.db import Database

# local midnight of 10 March 2026 in Johannesburg
MIDNIGHT = datetime(2026, 3, 9, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
RAND = 1_000_000
NETWORK = """
rate_table: 1
name: Network
utility: electricity
currency: ZAR
effective_from: 2026-01-01
charges: [{name: Lines, kind: usage, price: "0.50"}]
"""
LEVY = """
rate_table: 1
name: Levy
utility: electricity
currency: ZAR
effective_from: 2026-01-01
tax: {name: VAT, percent: "10", prices: inclusive}
charges: [{name: Fund, kind: usage, price: "0.11"}]
"""
VOLUME = FLAT.replace(
    'price: "2.00"', 'blocks_mode: volume, blocks: [{up_to: "10", price: "1.00"}, {price: "3.00"}]'
).replace("Flat", "Volume")
BY_LETTER = """
rate_table: 1
name: By letter
utility: electricity
currency: ZAR
effective_from: 2026-01-01
clocks: {weekday: OOOOOOOOOOOOPPPPPPPPPPPP, saturday: OOOOOOOOOOOOPPPPPPPPPPPP,
         sunday: OOOOOOOOOOOOPPPPPPPPPPPP}
charges:
  - name: Energy
    kind: usage
    blocks_per_letter: true
    blocks:
      P: [{up_to: "10", price: "3.00"}, {price: "5.00"}]
      O: [{up_to: "10", price: "1.00"}, {price: "2.00"}]
"""


async def assign(world: World, rates: str, *, role: str = "supply", **order: object) -> None:
    async with world.unit_of_work() as session:
        table = parse_document(rates)
        row = await tariffs.add_rate_table(
            session, estate_id=world.estate_id, currency=table.currency, table=table, now=NOW
        )
        await tariffs.assign_rate_table(
            session,
            estate_id=world.estate_id,
            order=Order(row.rate_table_id, "staff:ann", role=role, **order),
            now=NOW,
        )


async def paid(world: World) -> dict[str, int]:
    """Return the balances of income and tax by code, those of nothing left out."""
    async with world.unit_of_work() as session:
        rows = await session.execute(
            text(
                "SELECT code, sum(amount_micro)::bigint AS total FROM entry JOIN account"
                " USING (estate_id, account_id) WHERE code LIKE 'income%' OR code = 'tax'"
                " GROUP BY code HAVING sum(amount_micro) <> 0 ORDER BY code"
            )
        )
        return {row.code: row.total for row in rows}


async def kept(world: World) -> list[tuple[str, list[int]]]:
    async with world.unit_of_work() as session:
        rows = await session.execute(text("SELECT role, numbers FROM reading_run ORDER BY taken_at, role"))
        return [(role, numbers) for role, numbers in rows]


def shown(outcome: Outcome) -> list[str]:
    return [ReadingClass(number).shown for number in outcome.class_.tolist()]


async def test_supply_network_and_levy_are_one_entry_and_pay_three_incomes(database: Database):
    world = await new_world(database)
    await assign(world, NETWORK, role="network")
    await assign(world, LEVY, role="levy")
    await world.charge([("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "10")])
    # 20.00 and 15 %; 5.00 without tax; 1.10 of which 0.10 is tax
    assert await world.balances() == [-29_100_000]
    assert await paid(world) == {
        "income:electricity": 20_000_000,
        "income:electricity:levy": 1_000_000,
        "income:electricity:network": 5_000_000,
        "tax": 3_100_000,
    }
    async with world.unit_of_work() as session:
        entries = await session.execute(text("SELECT amount_micro FROM entry WHERE kind = 1"))
        assert entries.scalars().all() == [-29_100_000]
    await world.charge([("M1", MIDNIGHT + 2 * HOUR, "20")])
    assert await world.balances() == [-58_200_000]
    assert await world.verified()


async def test_a_register_without_other_roles_keeps_nothing_beside_its_readings(database: Database):
    world = await new_world(database, meters=2)
    await assign(world, NETWORK, role="network", scope=Scope.METER, target_id=world.meter_ids[0])
    await world.charge([(f"M{n}", MIDNIGHT + n * i * HOUR, str(n * i)) for n in (1, 2) for i in (0, 1)])
    assert await world.balances() == [-2_800_000, -4_600_000]
    assert await kept(world) == [("network", [1_000_000, 500_000, 0])]


async def test_a_volume_block_prices_the_whole_month_again(database: Database):
    world = await new_world(database, rates=VOLUME)
    await world.charge([("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "10")])
    # the limit itself is still in the lower block
    assert await world.balances() == [-11_500_000]
    await world.charge([("M1", MIDNIGHT + 2 * HOUR, "11")])
    assert await world.balances() == [-11 * 3 * 1_150_000]
    # the next month begins at the lower price; the last second of March belongs to March
    april = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    await world.charge([("M1", april, "12"), ("M1", april + HOUR, "14")], now=april + DAY)
    assert await world.balances() == [-(12 * 3 + 2) * 1_150_000]
    assert await world.verified()


async def test_a_late_reading_between_two_months_moves_the_block_that_each_reaches(database: Database):
    world = await new_world(database, rates=VOLUME)
    april = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    rows = [("M1", april - HOUR, "0"), ("M1", april + HOUR, "20")]
    await world.charge(rows, now=april + DAY)
    # 10 in each month
    assert await world.balances() == [-20 * 1_150_000]
    await world.charge([("M1", april, "4")], now=april + DAY)
    assert await world.balances() == [-(4 + 16 * 3) * 1_150_000]
    # and a worker that remembers goes on from there as one that does not
    await world.charge([("M1", april + 2 * HOUR, "21")], now=april + DAY)
    assert await world.balances() == [-(4 + 17 * 3) * 1_150_000]
    assert await world.verified()


async def test_a_late_reading_goes_on_from_the_running_states_before_it(database: Database):
    world = await new_world(database, rates=BY_LETTER)
    blocks = 'blocks: [{up_to: "10", price: "1.00"}, {price: "2.00"}]'
    await assign(world, NETWORK.replace('price: "0.50"', blocks), role="network")
    rows = [("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "8"), ("M1", MIDNIGHT + 3 * HOUR, "16")]
    await world.charge(rows)
    # O: 10 at 1.00, 6 at 2.00; lines: the same
    assert await world.balances() == [-2 * 22 * RAND]
    await world.charge([("M1", MIDNIGHT + 2 * HOUR, "15")])
    assert await world.balances() == [-2 * 22 * RAND]
    assert [numbers[0] for role, numbers in await kept(world) if role == "network"] == [
        8_000_000,
        15_000_000,
        16_000_000,
    ]
    await world.charge([("M1", MIDNIGHT + 4 * HOUR, "20")])
    assert await world.balances() == [-2 * 30 * RAND]
    assert await world.verified()


async def test_each_letter_fills_its_own_blocks(database: Database):
    world = await new_world(database, rates=BY_LETTER)
    await world.charge(
        [
            ("M1", MIDNIGHT, "0"),
            ("M1", MIDNIGHT + 12 * HOUR, "8"),  # O
            ("M1", MIDNIGHT + 24 * HOUR, "20"),  # P: 10 and 2
        ]
    )
    assert await world.balances() == [-(8 + 10 * 3 + 2 * 5) * RAND]
    await world.charge([("M1", MIDNIGHT + 36 * HOUR, "24")])  # O: 2 and 2
    assert await world.balances() == [-(8 + 10 * 3 + 2 * 5 + 2 + 2 * 2) * RAND]


async def test_what_waits_for_a_supply_table_costs_nothing_under_any_role(database: Database):
    world = await new_world(database, rates=None)
    await assign(world, NETWORK, role="network")
    rows = [("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "10")]
    assert shown(await world.charge(rows)) == ["first", "held"]
    assert (await world.balances(), await paid(world), await kept(world)) == ([0], {}, [])
    await assign(world, FLAT)
    assert await world.balances() == [-28_000_000]
    assert await paid(world) == {
        "income:electricity": 20_000_000,
        "income:electricity:network": 5_000_000,
        "tax": 3_000_000,
    }


async def test_a_register_that_supply_does_not_price_may_be_priced_by_another_role(database: Database):
    fixed = FLAT.replace(
        '{name: Energy, kind: usage, price: "2.00"}', '{name: Line, kind: fixed, per: day, price: "1.00"}'
    )
    world = await new_world(database, rates=fixed)
    rows = [("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "4")]
    assert shown(await world.charge(rows)) == ["first", "unchanged"]
    await assign(world, NETWORK, role="network", effective_from=date(2026, 3, 10))
    assert await world.balances() == [-2 * RAND]
    assert shown(await world.charge([("M1", MIDNIGHT + 2 * HOUR, "6")])) == ["charged"]
    assert await paid(world) == {"income:electricity:network": 3 * RAND}


async def test_a_role_that_begins_inside_an_interval_charges_its_part(database: Database):
    world = await new_world(database)
    await assign(
        world, NETWORK, role="network", effective_from=date(2026, 3, 10), effective_until=date(2026, 3, 11)
    )
    await world.charge([("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT + 3 * HOUR, "4")])
    # one kWh before it, three in it
    assert await paid(world) == {
        "income:electricity": 8_000_000,
        "income:electricity:network": 1_500_000,
        "tax": 1_200_000,
    }
    await world.charge([("M1", MIDNIGHT + 23 * HOUR, "4"), ("M1", MIDNIGHT + 25 * HOUR, "6")])
    assert (await paid(world))["income:electricity:network"] == 2_000_000
    assert await world.verified()


async def test_a_role_of_the_past_is_one_correction_that_can_be_taken_back(database: Database):
    world = await new_world(database)
    await world.charge(
        [("M1", MIDNIGHT - HOUR, "0"), ("M1", MIDNIGHT + 3 * HOUR, "4"), ("M1", MIDNIGHT + 4 * HOUR, "6")]
    )
    await assign(world, NETWORK, role="network", effective_from=date(2026, 3, 10))
    assert await world.balances() == [-13_800_000 - 2_500_000]
    assert [role for role, _ in await kept(world)] == ["network"] * 2
    # supply cheaper by what network costs: the same balance, but other incomes
    cheap = FLAT.replace('"2.00"', '"1.00"').replace("Flat", "Cheap")
    await assign(world, cheap, is_correction=True, reason="a slip")
    assert await paid(world) == {
        "income:electricity": 6_000_000,
        "income:electricity:network": 2_500_000,
        "tax": 900_000,
    }
    before = await paid(world)
    async with world.unit_of_work() as session:
        rows = await session.execute(text("SELECT account_id, seq FROM rerating ORDER BY rerating_id"))
        (account_id, seq), _ = rows.all()
        await charging.reverse(
            session,
            estate_id=world.estate_id,
            account_id=account_id,
            seq=seq,
            reason="wrong",
            actor="staff:ann",
            now=NOW,
        )
    assert await paid(world) == {code: net for code, net in before.items() if "network" not in code}
    assert await world.verified()


@pytest.mark.parametrize("cadence", [Cadence.EACH, Cadence.DAILY])
async def test_a_reversed_charge_gives_every_role_its_part_back(database: Database, cadence: Cadence):
    world = await new_world(database, rates=VOLUME)
    await assign(world, NETWORK, role="network")
    async with world.unit_of_work() as session:
        await charging.set_cadence(session, estate_id=world.estate_id, cadence=cadence, now=NOW)
    await world.charge([("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "10")])
    async with world.unit_of_work() as session:
        await charging.post_accruals(session, estate_id=world.estate_id, now=NOW)
    before = await paid(world)
    assert before == {
        "income:electricity": 10_000_000,
        "income:electricity:network": 5_000_000,
        "tax": 1_500_000,
    }
    await world.charge([("M1", MIDNIGHT + 2 * HOUR, "12")])
    await world.charge([("M1", MIDNIGHT + 3 * HOUR, "13")])
    async with world.unit_of_work() as session:
        await charging.post_accruals(session, estate_id=world.estate_id, now=NOW)
    after = {
        "income:electricity": 39_000_000,
        "income:electricity:network": 6_500_000,
        "tax": 5_850_000,
    }
    assert await paid(world) == after
    async with world.unit_of_work() as session:
        last = text(
            "SELECT account_id, seq FROM entry"
            " WHERE kind = 1 AND amount_micro < 0 AND seq > 1 ORDER BY seq DESC"
        )
        rows = (await session.execute(last)).all()
        for account_id, seq in rows:
            await charging.reverse(
                session,
                estate_id=world.estate_id,
                account_id=account_id,
                seq=seq,
                reason="wrong",
                actor="staff:ann",
                now=NOW,
            )
    assert len(rows) == (2 if cadence is Cadence.EACH else 1)
    assert await paid(world) == before
    assert await world.verified()


async def test_an_accepted_reading_is_charged_under_every_role(database: Database):
    world = await new_world(database, rates=VOLUME, limits=Limits(5_000_000, 0))
    await assign(world, NETWORK, role="network")
    rows = [("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "9"), ("M1", MIDNIGHT + 2 * HOUR, "11")]
    assert shown(await world.charge(rows)) == ["first", "held", "held"]
    async with world.unit_of_work() as session:
        register_id = await session.scalar(text("SELECT register_id FROM register"))
        await charging.accept_held_reading(
            session,
            estate_id=world.estate_id,
            register_id=register_id,
            taken_at=MIDNIGHT + HOUR,
            actor="staff:ann",
            now=NOW,
        )
    assert await world.balances() == [-11 * 3 * 1_150_000 - 5_500_000]
    await world.charge([("M1", MIDNIGHT + 3 * HOUR, "12")])
    assert await world.balances() == [-12 * 3 * 1_150_000 - 6_000_000]


async def test_a_form_that_needs_tallies_may_follow_one_that_needs_none(database: Database):
    world = await new_world(database)
    await world.charge([("M1", MIDNIGHT, "0"), ("M1", MIDNIGHT + HOUR, "6")])
    # known beforehand: the running state of March goes on in columns, without tallies beside it
    later = VOLUME.replace("2026-01-01", "2026-04-01")
    await assign(world, later)
    await world.charge([("M1", MIDNIGHT + 2 * HOUR, "7")])
    april = datetime(2026, 3, 31, 22, 0, tzinfo=UTC)
    await world.charge([("M1", april, "8"), ("M1", april + HOUR, "18")], now=april + DAY)
    assert await world.balances() == [-(8 * 2 + 10) * 1_150_000]
    await world.charge([("M1", april + 2 * HOUR, "19")], now=april + DAY)
    assert await world.balances() == [-(8 * 2 + 11 * 3) * 1_150_000]
    # and back
    await assign(world, FLAT.replace("2026-01-01", "2026-04-01"), is_correction=True, reason="a slip")
    assert await kept(world) == []
    await world.charge([("M1", april + 3 * HOUR, "20")], now=april + DAY)
    assert await world.balances() == [-20 * 2 * 1_150_000]
    assert await world.verified()
