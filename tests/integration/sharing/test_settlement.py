"""Generation is shared out by the rules of countries, priced, and booked once."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING

import psycopg
import pytest

from mita.charging import operations as charging
from mita.ledger.operations import NotReversible
from mita.sharing import jobs, operations, queries
from mita.sharing.domain import rule_of
from mita.sharing.operations import AlreadyShared, KeysTooLate, NewGroup, SharingRefused

from .community import FEED_IN, FIRST, FREE_BAND, GRID, NOW, march, midnight, new_community

if TYPE_CHECKING:
    from mita.kit.db import Database

KWH = 1_000_000
HALF_HOUR = timedelta(minutes=30)
DAY_OF_ONE_KW = [
    ("M1/export", march(2), "100"),
    ("M1/export", march(3), "124"),
    ("M2", march(2), "0"),
    ("M2", march(3), "12"),
    ("M3", march(2), "0"),
    ("M3", march(3), "48"),
]


async def test_austria_by_fixed_keys(database: Database) -> None:
    roof = await new_community(database, rule="static")
    await roof.join(roof.member(2, key_micro=300_000), roof.member(3, key_micro=500_000))
    await roof.read(*DAY_OF_ONE_KW)
    assert await roof.world.balances() == [0, -27_600_000, -110_400_000]

    done = await roof.settle()

    assert (done.until, done.changed) == (date(2026, 3, 3), 2)
    assert await roof.days() == {FIRST: (24 * KWH, 19_200_000, 4_800_000, 0)}
    # 7.2 kWh: 2.00 less 1.00, 15 % on both
    assert await roof.month() == {
        2: [12 * KWH, 7_200_000, 0, 14_400_000, 2_160_000, 7_200_000, 1_080_000, 0, 0],
        3: [48 * KWH, 12 * KWH, 0, 24_000_000, 3_600_000, 12_000_000, 1_800_000, 0, 0],
    }
    assert await roof.world.balances() == [0, -19_320_000, -96_600_000]
    assert await roof.system() == {
        "income:electricity": 120_000_000 - 38_400_000,
        "income:solar": 19_200_000,
        "tax": 18_000_000 - 2_880_000,
    }
    assert await roof.sums_to_zero()
    assert (await roof.settle()).changed == 0
    assert await roof.world.balances() == [0, -19_320_000, -96_600_000]


async def test_austria_by_what_is_used(database: Database) -> None:
    roof = await new_community(database, rule="dynamic")
    await roof.join(roof.member(2), roof.member(3))
    await roof.read(*DAY_OF_ONE_KW)
    await roof.settle()
    # 0.25 kWh in a quarter of an hour for 0.125 and 0.5
    numbers = await roof.month()
    assert [numbers[home][1] for home in (2, 3)] == [4_800_000, 19_200_000]
    assert await roof.days() == {FIRST: (24 * KWH, 24 * KWH, 0, 0)}


async def test_france_takes_keys_afterwards_and_waits_for_them(database: Database) -> None:
    roof = await new_community(database, country="FR", rule="full_dynamic")
    await roof.join(roof.member(2), roof.member(3))
    await roof.read(*DAY_OF_ONE_KW)
    assert (await roof.settle()).until == FIRST
    units = roof.world.unit_ids
    keys = {}
    for half in range(48):
        start = march(2) + HALF_HOUR * half
        keys[start, units[1]], keys[start, units[2]] = (400_000, 600_000) if half < 24 else (0, 1_000_000)
    await roof.set_keys(keys)
    done = await roof.settle()
    assert done.until == date(2026, 3, 3)
    numbers = await roof.month()
    # half hours of 0.5 kWh: 0.2 of 0.25 in the morning, then nothing; 0.3 and 0.5 of 1
    assert [numbers[home][1] for home in (2, 3)] == [4_800_000, 19_200_000]


async def test_spain_pays_a_members_own_surplus(database: Database) -> None:
    roof = await new_community(database, country="ES", rule="static", feed_in=FEED_IN)
    await roof.join(roof.member(2, key_micro=600_000), roof.member(3, key_micro=400_000))
    await roof.read(*DAY_OF_ONE_KW)
    await roof.settle()
    # an hour: 1 kWh, 0.6 for 0.5 and 0.4 for 2
    assert await roof.month() == {
        2: [12 * KWH, 12 * KWH, 2_400_000, 24_000_000, 3_600_000, 12 * KWH, 1_800_000, 960_000, 144_000],
        3: [48 * KWH, 9_600_000, 0, 19_200_000, 2_880_000, 9_600_000, 1_440_000, 0, 0],
    }
    assert await roof.days() == {FIRST: (24 * KWH, 21_600_000, 2_400_000, 0)}
    assert (await roof.world.balances())[1] == -27_600_000 + 13_800_000 + 1_104_000
    assert await roof.sums_to_zero()


async def test_spain_takes_keys_before_the_hour_only(database: Database) -> None:
    roof = await new_community(database, country="ES", rule="hourly")
    with pytest.raises(KeysTooLate):
        await roof.join(roof.member(2))
    tomorrow = date(2026, 3, 21)
    units = roof.world.unit_ids
    await roof.join(roof.member(2, key_micro=500_000, from_on=tomorrow), roof.member(3, from_on=tomorrow))
    for start, message in ((march(21, hour=5), ""), (march(20, hour=5), "has begun")):
        keys = {(start, units[1]): 0, (start, units[2]): 1_000_000}
        if message:
            with pytest.raises(KeysTooLate, match=message):
                await roof.set_keys(keys)
        else:
            await roof.set_keys(keys)
    with pytest.raises(SharingRefused, match="sum to 1000001"):
        await roof.set_keys({(march(21, hour=6), units[1]): 1, (march(21, hour=6), units[2]): 1_000_000})
    with pytest.raises(SharingRefused, match="has no key"):
        await roof.set_keys({(march(21, hour=6), units[1]): 1})
    half_past = march(21, hour=6) + HALF_HOUR
    with pytest.raises(SharingRefused, match="no interval"):
        await roof.set_keys({(half_past, units[1]): 1, (half_past, units[2]): 1})
    now = march(22, hour=1)
    rows = [("M1/export", "0", "24"), ("M2", "0", "12"), ("M3", "0", "48")]
    await roof.read(*((meter, march(21), first) for meter, first, _ in rows), now=now)
    await roof.read(*((meter, march(22), last) for meter, _, last in rows), now=now)
    await roof.settle(now=now)
    # 23 hours of 0.5 for M2 by its own key, one hour of 1 for M3 by the hour's
    assert [(await roof.month())[home][1] for home in (2, 3)] == [11_500_000, KWH]


async def test_italy_counts_what_is_shared_and_gives_nothing(database: Database) -> None:
    roof = await new_community(database, country="IT", solar=None)
    await roof.join(roof.member(2), roof.member(3))
    await roof.read(
        ("M1/export", march(2), "0"),
        ("M1/export", march(2, hour=1), "3"),
        ("M1/export", march(2, hour=2), "5"),
        ("M1/export", march(3), "5"),
        ("M2", march(2), "0"),
        ("M2", march(2, hour=1), "1"),
        ("M2", march(2, hour=2), "3.5"),
        ("M2", march(3), "3.5"),
        ("M3", march(2), "0"),
        ("M3", march(3), "0"),
    )
    before = await roof.world.balances()
    await roof.settle()
    # 3 against 1 and 2 against 2.5, hour by hour
    assert await roof.days() == {FIRST: (5 * KWH, 0, 5 * KWH, 3 * KWH)}
    assert await roof.month() == {}
    assert await roof.world.balances() == before


async def test_a_free_band_then_a_reduced_price(database: Database) -> None:
    roof = await new_community(database, country=None, rule="equal", solar=FREE_BAND)
    await roof.join(roof.member(2), roof.member(3))
    await roof.read(*DAY_OF_ONE_KW)
    await roof.settle()
    numbers = await roof.month()
    # 12 kWh each, of which 5 are free
    assert [numbers[home][5:7] for home in (2, 3)] == [[7_000_000, 1_050_000]] * 2
    await roof.read(("M1/export", march(4), "148"), ("M2", march(4), "24"), ("M3", march(4), "96"))
    await roof.settle()
    assert [(await roof.month())[home][5] for home in (2, 3)] == [19_000_000] * 2


async def test_blocks_count_what_was_used_before_joining(database: Database) -> None:
    blocks = GRID.replace('price: "2.00"', 'blocks: [{up_to: "10", price: "1.00"}, {price: "3.00"}]')
    roof = await new_community(
        database, homes=1, rule="dynamic", grid=blocks, solar=GRID.replace("2.00", "0.50")
    )
    await roof.join(roof.member(2, from_on=date(2026, 3, 3)))
    await roof.read(
        ("M1/export", march(2), "0"),
        ("M1/export", march(3), "0"),
        ("M1/export", march(4), "6"),
        ("M2", march(2), "0"),
        ("M2", march(3), "9"),
        ("M2", march(4), "21"),
    )
    await roof.settle()
    # 21 kWh are 10 + 33, 15 kWh are 10 + 15
    assert (await roof.month())[2][:6] == [12 * KWH, 6 * KWH, 0, 18_000_000, 2_700_000, 3_000_000]
    assert (await roof.days())[FIRST] == (0, 0, 0, 0)


async def test_blocks_count_by_the_billing_period_of_the_grid(database: Database) -> None:
    blocks = GRID.replace('price: "2.00"', 'blocks: [{up_to: "10", price: "1.00"}, {price: "3.00"}]')
    since = date(2026, 2, 26)
    roof = await new_community(
        database,
        homes=1,
        rule="dynamic",
        grid=blocks.replace("charges:", "billing_day: 12\ncharges:"),
        first_on=since,
    )
    await roof.join(roof.member(2, from_on=since))
    await roof.read(
        ("M1/export", midnight(since), "0"),
        ("M1/export", march(1), "0"),
        ("M1/export", march(2), "6"),
        ("M2", midnight(since), "0"),
        ("M2", march(1), "9"),
        ("M2", march(2), "21"),
    )
    await roof.settle()
    assert (await roof.month(date(2026, 2, 1)))[2] == [9 * KWH, 0, 0, 0, 0, 0, 0, 0, 0]
    # from 12 February on 21 kWh are 10 + 33, 15 kWh are 10 + 15
    assert (await roof.month())[2][3:5] == [18_000_000, 2_700_000]
    assert await roof.sums_to_zero()


async def test_the_job_settles_every_group(database: Database) -> None:
    roofs = [await new_community(database, rule="static", name=name) for name in ("North", "South")]
    for roof in roofs:
        await roof.join(roof.member(2, key_micro=1_000_000))
        await roof.read(*DAY_OF_ONE_KW)
    await jobs.settle_groups(SimpleNamespace(additional_context={"database": database}), 0)
    for roof in roofs:
        assert (await roof.month())[2][1] == 12 * KWH


async def test_a_late_reading_corrects_and_only_the_difference_is_booked(database: Database) -> None:
    roof = await new_community(database, rule="static")
    await roof.join(roof.member(2, key_micro=500_000), roof.member(3, key_micro=500_000))
    await roof.read(*DAY_OF_ONE_KW)
    await roof.settle()
    assert (await roof.month())[2][1] == 12 * KWH
    # all was generated in the first half of the day: 0.25 for M2 in each of 48 quarters, and it used 0.125
    await roof.read(("M1/export", march(2, hour=12), "124"))
    assert (await roof.settle()).changed == 1
    numbers = await roof.month()
    assert [numbers[home][1] for home in (2, 3)] == [6_000_000, 12 * KWH]
    assert await roof.days() == {FIRST: (24 * KWH, 18 * KWH, 6 * KWH, 0)}
    assert (await roof.world.balances())[1] == -27_600_000 + 6_900_000
    assert await roof.sums_to_zero()


async def test_a_member_joins_and_leaves(database: Database) -> None:
    roof = await new_community(database, rule="static")
    await roof.join(
        roof.member(2, key_micro=1_000_000, until_on=date(2026, 3, 3)),
        roof.member(3, key_micro=1_000_000, from_on=date(2026, 3, 3)),
    )
    await roof.read(*DAY_OF_ONE_KW, ("M1/export", march(4), "148"), ("M3", march(4), "96"))
    done = await roof.settle()
    # who left is not waited for
    assert done.until == date(2026, 3, 4)
    numbers = await roof.month()
    assert numbers[2][:2] == [12 * KWH, 12 * KWH]
    assert numbers[3][:2] == [48 * KWH, 24 * KWH]
    # joining is brought forward to the day before
    with pytest.raises(SharingRefused, match="sum to 1500000"):
        await roof.join(roof.member(3, key_micro=500_000))
    await roof.join(roof.member(2, key_micro=500_000, until_on=date(2026, 3, 3)))
    await roof.join(roof.member(3, key_micro=500_000))
    await roof.settle()
    assert [(await roof.month())[home][1] for home in (2, 3)] == [12 * KWH, 36 * KWH]
    assert await roof.sums_to_zero()


async def test_a_meter_that_is_missing_is_waited_for(database: Database) -> None:
    roof = await new_community(database)
    await roof.join(roof.member(2, key_micro=300_000), roof.member(3, key_micro=500_000))
    await roof.read(*DAY_OF_ONE_KW[:-1], ("M3", march(2, hour=23), "47"))
    done = await roof.settle()
    assert (done.until, done.changed) == (FIRST, 0)
    assert await roof.days() == {}
    await roof.read(("M3", march(3), "48"))
    assert (await roof.settle()).until == date(2026, 3, 3)


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
async def test_days_of_clock_changes(database: Database, day: date, hours: int) -> None:
    roof = await new_community(database, first_on=day)
    await roof.join(
        roof.member(2, key_micro=500_000, from_on=day), roof.member(3, key_micro=500_000, from_on=day)
    )
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    assert end - begin == timedelta(hours=hours)
    now = end + timedelta(hours=1)
    await roof.read(
        *((meter, begin, "0") for meter in ("M1/export", "M2", "M3")),
        ("M1/export", end, str(hours)),
        ("M2", end, str(hours)),
        ("M3", end, "0"),
        now=now,
    )
    await roof.settle(now=now)
    assert await roof.days() == {day: (hours * KWH, hours * KWH // 2, hours * KWH - hours * KWH // 2, 0)}


async def test_nobody_reverses_it_and_nobody_changes_what_was_written(
    database: Database, admin: psycopg.Connection
) -> None:
    roof = await new_community(database, rule="static")
    await roof.join(roof.member(2, key_micro=1_000_000))
    await roof.read(*DAY_OF_ONE_KW)
    await roof.settle()
    async with roof.world.unit_of_work() as session:
        booked = await queries.shared_months(session, **roof.key, month=date(2026, 3, 1))
    (row,) = booked.values()
    assert row.seq is not None
    with pytest.raises(NotReversible, match="sharing"):
        async with roof.world.unit_of_work() as session:
            await charging.reverse(
                session,
                estate_id=roof.world.estate_id,
                account_id=row.account_id,
                seq=row.seq,
                reason="a test",
                actor="staff:test",
                now=NOW,
            )
    for table in ("shared_month", "shared_day", "sharing_member", "sharing_source"):
        for statement in (
            f"DELETE FROM {table}",
            f"UPDATE {table} SET created_at = now()",
            f"TRUNCATE {table}",
        ):
            with pytest.raises(psycopg.Error, match="append-only"):
                admin.execute(statement)


async def test_two_runs_at_once_book_once(database: Database) -> None:
    roof = await new_community(database, rule="static")
    await roof.join(roof.member(2, key_micro=1_000_000))
    await roof.read(*DAY_OF_ONE_KW)
    done = await asyncio.gather(roof.settle(), roof.settle())
    assert sorted(each.changed for each in done) == [0, 1]
    assert (await roof.world.balances())[1] == -27_600_000 + 13_800_000


async def test_net_metering_is_export_at_the_price_of_import(database: Database) -> None:
    both = GRID.replace("]", ', {name: Fed in, kind: usage, register: export, price: "2.00"}]')
    roof = await new_community(database, homes=0, grid=both)
    await roof.read(
        ("M1", march(2), "0"),
        ("M1", march(3), "7"),
        ("M1/export", march(2), "0"),
        ("M1/export", march(3), "7"),
    )
    assert await roof.world.balances() == [0]


async def test_a_register_is_in_one_group_at_a_time(database: Database) -> None:
    roof = await new_community(database)
    await roof.join(roof.member(2, key_micro=1))
    async with roof.world.unit_of_work() as session:
        rule = rule_of(country="AT", name="dynamic", is_own_surplus=False, interval_minutes=None)
        row = await operations.create_sharing_group(
            session,
            estate_id=roof.world.estate_id,
            new=NewGroup("Another", "AT", rule, 2, None, FIRST),
            actor="staff:test",
            now=NOW,
        )
    with pytest.raises(AlreadyShared):
        async with roof.world.unit_of_work() as session:
            await operations.add_members(
                session,
                estate_id=roof.world.estate_id,
                sharing_group_id=row.sharing_group_id,
                terms=[roof.member(2)],
                actor="staff:test",
                now=NOW,
            )
