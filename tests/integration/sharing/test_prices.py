"""Prices of a community by date and by role, and the incentive on shared energy."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from mita.sharing import operations, queries
from mita.sharing.domain import PriceTerms, sharing_sentences
from mita.sharing.operations import SharingRefused
from mita.sharing.operations.worth import prices_of
from mita.tariffs import operations as tariffs
from mita.tariffs.operations import Order

from .community import FEED_IN, FIRST, GRID, NOW, SOLAR, march, new_community, store
from .test_settlement import DAY_OF_ONE_KW, KWH

if TYPE_CHECKING:
    from mita.kit.db import Database

    from .community import Community

MARCH = date(2026, 3, 1)
# 12 kWh a day out of 24 that are generated
SEVENTEEN_DAYS = [
    ("M1/export", march(2), "0"),
    ("M1/export", march(19), "408"),
    ("M2", march(2), "0"),
    ("M2", march(19), "204"),
]
CHEAP = SOLAR.replace("Roof", "Cheap").replace('"1.00"', '"0.50"')
BAND = SOLAR.replace("Roof", "Band").replace('"1.00"', '"1.00", allowance: "31"')
CHEAP_BAND = CHEAP.replace("Cheap", "Cheap band").replace('"0.50"', '"0.50", allowance: "31"')
NETWORK = GRID.replace("Grid", "Network").replace('"2.00"', '"0.50"').replace('"15"', '"10"')
LEVY = GRID.replace("Grid", "Levy").replace('"2.00"', '"0.10"').replace('"15"', '"0"')
INCENTIVE = FEED_IN.replace("Feed-in", "Incentive").replace('"0.40"', '"0.11"').replace('"15"', '"0"')
TWO_HOURS = [
    ("M1/export", march(2), "0"),
    ("M1/export", march(2, hour=1), "3"),
    ("M1/export", march(2, hour=2), "5"),
    ("M1/export", march(3), "5"),
    ("M2", march(2), "0"),
    ("M2", march(2, hour=1), "1"),
    ("M2", march(2, hour=2), "3.5"),
    ("M2", march(3), "3.5"),
    ("M3", march(2), "0"),
    ("M3", march(2, hour=1), "1"),
    ("M3", march(2, hour=2), "1.5"),
    ("M3", march(3), "1.5"),
]


async def roof_of_one(database: Database, *, solar: str, name: str = "One") -> Community:
    roof = await new_community(database, homes=1, rule="dynamic", solar=solar, name=name)
    await roof.join(roof.member(2))
    await roof.read(*SEVENTEEN_DAYS)
    await roof.settle()
    return roof


async def assign(roof: Community, rates: str, *, role: str) -> None:
    table_id = await store(roof.world, rates)
    async with roof.world.unit_of_work() as session:
        order = Order(table_id, "staff:test", role=role, effective_from=date(2026, 1, 1))
        await tariffs.assign_rate_table(session, estate_id=roof.world.estate_id, order=order, now=NOW)


async def explained(roof: Community, *, home: int) -> list[str]:
    """Return what the newest entry of a home's month says."""
    async with roof.world.unit_of_work() as session:
        rows = await queries.shared_months(session, **roof.key, month=MARCH)
        row = rows[roof.world.unit_ids[home - 1]]
        assert row.seq is not None
        told = await operations.explain_shared(
            session, estate_id=row.estate_id, account_id=row.account_id, seq=row.seq
        )
    assert told is not None
    return sharing_sentences(told)


async def test_another_price_from_the_middle_of_a_month(database: Database) -> None:
    roof = await roof_of_one(database, solar=SOLAR)
    assert (await roof.month())[2][5:7] == [204_000_000, 30_600_000]
    await roof.price(PriceTerms(date(2026, 3, 11), await store(roof.world, CHEAP)))
    assert (await roof.settle()).changed == 1
    # nine days of 12 kWh at 1.00, eight at 0.50
    assert (await roof.month())[2] == [
        *(204 * KWH, 204 * KWH, 0, 408_000_000, 61_200_000),
        *(156_000_000, 23_400_000, 0, 0),
    ]
    assert await roof.sums_to_zero()
    # what is said of a date again stands in the place of what was said before; an earlier date ends there
    await roof.price(
        PriceTerms(date(2026, 3, 11), (await store(roof.world, SOLAR.replace("1.00", "0.25")))),
        PriceTerms(date(2026, 3, 6), await store(roof.world, CHEAP)),
    )
    await roof.settle()
    # four days at 1.00, five at 0.50, eight at 0.25
    assert (await roof.month())[2][5] == 48_000_000 + 30_000_000 + 24_000_000


async def test_the_free_band_shrinks_with_the_days_of_its_part(database: Database) -> None:
    roof = await roof_of_one(database, solar=BAND)
    assert (await roof.month())[2][5] == 204_000_000 - 31_000_000
    await roof.price(PriceTerms(date(2026, 3, 11), await store(roof.world, CHEAP_BAND)))
    await roof.settle()
    # 2 to 10 March are 9 of 31 days, 11 to 31 March are 21: 9 and 21 kWh are free
    assert (await roof.month())[2][5:7] == [99_000_000 + 37_500_000, 20_475_000]
    assert (await explained(roof, home=2))[-2:] == [
        "Booked before: €270.25.",
        "The difference, €41.98, was given to the wallet by this entry.",
    ]


async def test_a_price_that_comes_later_ends_as_one_that_was_there(database: Database) -> None:
    late = await roof_of_one(database, solar=BAND)
    await late.price(PriceTerms(date(2026, 3, 11), await store(late.world, CHEAP_BAND)))
    await late.settle()
    early = await new_community(database, homes=1, rule="dynamic", solar=BAND, name="Early")
    await early.join(early.member(2))
    await early.price(PriceTerms(date(2026, 3, 11), await store(early.world, CHEAP_BAND)))
    for share in (1, 2):
        await early.read(*SEVENTEEN_DAYS[share - 1 :: 2])
    await early.settle()
    assert await early.numbers() == await late.numbers()
    assert await early.world.balances() == await late.world.balances()
    assert await early.system() == await late.system()


async def test_roles_are_saved_as_the_terms_say(database: Database) -> None:
    roof = await new_community(database, rule="static")
    await assign(roof, NETWORK, role="network")
    await assign(roof, LEVY, role="levy")
    await roof.join(roof.member(2, key_micro=300_000), roof.member(3, key_micro=500_000))
    await roof.read(*DAY_OF_ONE_KW)
    # 12 kWh at 2.30, 0.55 and 0.10
    assert (await roof.world.balances())[1] == -27_600_000 - 6_600_000 - 1_200_000
    await roof.settle()
    supply_only = [12 * KWH, 7_200_000, 0, 14_400_000, 2_160_000, 7_200_000, 1_080_000, 0, 0]
    assert (await roof.numbers())[2] == [*supply_only, 0, 0, 0, 0, 0, 0, 0]
    async with roof.world.unit_of_work() as session:
        (before, *_) = await queries.price_terms(session, **roof.key)
    await roof.price(PriceTerms(FIRST, before.rate_table_id, roles=("supply", "network", "levy")))
    await roof.settle()
    # 7.2 kWh at 0.50 and 10 %, and at 0.10 without tax
    assert (await roof.numbers())[2] == [*supply_only, 3_600_000, 360_000, 720_000, 0, 0, 0, 0]
    system = await roof.system()
    # 60 kWh were charged, 19.2 kWh are given back
    assert system["income:electricity:network"] == 30_000_000 - 9_600_000
    assert system["income:electricity:levy"] == 6_000_000 - 1_920_000
    assert system["tax"] == 18_000_000 + 3_000_000 - 5_760_000 - 960_000 + 2_880_000
    assert await roof.sums_to_zero()
    assert (await explained(roof, home=2))[3:6] == [
        "From the grid this would have cost €16.56 more.",
        "From the grid this would have cost €3.96 more for the network.",
        "From the grid this would have cost €0.72 more in levies.",
    ]
    # network charges are due on shared energy again from the next day on
    await roof.read(("M1/export", march(4), "148"), ("M2", march(4), "24"), ("M3", march(4), "96"))
    await roof.price(PriceTerms(date(2026, 3, 3), before.rate_table_id, roles=("supply", "levy")))
    await roof.settle()
    assert (await roof.numbers())[2][3] == 28_800_000
    assert (await roof.numbers())[2][9:13] == [3_600_000, 360_000, 1_440_000, 0]


@pytest.mark.parametrize(
    ("keys", "energy", "paid"),
    [
        # the first hour shares 2 kWh equally, the second one 2 kWh by 2.5 and 0.5
        ((0, 0), (2_666_667, 1_333_333), (293_333, 146_667)),
        ((600_000, 200_000), (3_000_000, 1_000_000), (330_000, 110_000)),
    ],
)
async def test_italy_pays_the_incentive(
    database: Database, keys: tuple[int, int], energy: tuple[int, int], paid: tuple[int, int]
) -> None:
    roof = await new_community(database, country="IT", solar=None)
    await roof.join(*(roof.member(home, key_micro=key) for home, key in zip((2, 3), keys, strict=True)))
    await roof.read(*TWO_HOURS)
    before = await roof.world.balances()
    await roof.settle()
    assert await roof.numbers() == {}
    await roof.price(PriceTerms(FIRST, incentive_rate_table_id=await store(roof.world, INCENTIVE)))
    assert (await roof.settle()).changed == 2
    assert await roof.days() == {FIRST: (5 * KWH, 0, 5 * KWH, 4 * KWH)}
    numbers = await roof.numbers()
    assert [numbers[home][13:] for home in (2, 3)] == [
        [of_home, money, 0] for of_home, money in zip(energy, paid, strict=True)
    ]
    after = await roof.world.balances()
    assert [new - old for new, old in zip(after, before, strict=True)] == [0, *paid]
    assert (await roof.system())["income:solar"] == -440_000
    assert await roof.sums_to_zero()
    assert (await roof.settle()).changed == 0
    assert await roof.world.balances() == after


async def test_an_incentive_is_settled_again_by_the_difference(database: Database) -> None:
    roof = await new_community(database, country="IT", solar=None)
    await roof.join(roof.member(2), roof.member(3))
    incentive = await store(roof.world, INCENTIVE.replace('"0"', '"10"'))
    await roof.price(PriceTerms(FIRST, incentive_rate_table_id=incentive))
    late = TWO_HOURS[1]
    await roof.read(*(row for row in TWO_HOURS if row != late))
    before = await roof.world.balances()
    await roof.settle()
    # 2.5 kWh in each hour for 2 and 3: 4.5 kWh are shared; what is paid, and a tenth of tax, goes out whole
    numbers = await roof.numbers()
    assert [sum(numbers[home][at] for home in (2, 3)) for at in (13, 14, 15)] == [4_500_000, 495_000, 49_500]
    await roof.read(late)
    assert (await roof.settle()).changed == 2
    numbers = await roof.numbers()
    assert [numbers[home][14:] for home in (2, 3)] == [[293_333, 29_333], [146_667, 14_667]]
    said = await explained(roof, home=2)
    assert said[2] == "For 2.666667 kWh of shared energy, your part, you are paid an incentive of €0.32."
    assert said[-2:] == [
        "Booked before: €0.37.",
        "The difference, €0.05, was taken from the wallet by this entry.",
    ]
    # the incentive ends on a later date, then it never was
    await roof.price(PriceTerms(date(2026, 3, 3)))
    assert (await roof.settle()).changed == 0
    await roof.price(PriceTerms(FIRST))
    assert (await roof.settle()).changed == 2
    assert await roof.world.balances() == before
    assert set(map(tuple, (await roof.numbers()).values())) == {(0,) * 16}


async def test_prices_that_do_not_fit(database: Database) -> None:
    austria = await new_community(database)
    italy = await new_community(database, country="IT", solar=None, name="Italy")
    solar, grid_only = await store(austria.world, CHEAP), await store(austria.world, INCENTIVE)
    refused = [
        (austria, PriceTerms(date(2026, 3, 1), solar), "the group begins on 2026-03-02"),
        (austria, PriceTerms(FIRST), "needs the price"),
        (austria, PriceTerms(FIRST, solar, grid_only), "no surplus is a member's own"),
        (austria, PriceTerms(FIRST, solar, None, grid_only), "no incentive"),
        (austria, PriceTerms(FIRST, grid_only), "on the register import"),
        (italy, PriceTerms(FIRST, solar), "takes no price"),
        (italy, PriceTerms(FIRST, None, None, await store(italy.world, CHEAP)), "on the register export"),
    ]
    for roof, terms, says in refused:
        with pytest.raises(SharingRefused, match=says):
            await roof.price(terms)


async def test_nothing_is_worked_out_while_nothing_changes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked: list[int] = []

    async def counted(*args: object, **more: object) -> object:
        worked.append(1)
        return await prices_of(*args, **more)

    monkeypatch.setattr("mita.sharing.operations.settle.prices_of", counted)
    roof = await new_community(database, rule="static")
    await roof.join(roof.member(2, key_micro=500_000), roof.member(3, key_micro=500_000))
    await roof.read(*DAY_OF_ONE_KW)

    async def does_work() -> bool:
        worked.clear()
        await roof.settle()
        return bool(worked)

    assert [await does_work() for _ in range(3)] == [True, False, False]
    # today's readings are not settled yet
    await roof.read(("M2", march(3, hour=5), "13"))
    assert not await does_work()
    await roof.read(("M1/export", march(2, hour=12), "124"))
    assert [await does_work() for _ in range(2)] == [True, False]
    await roof.price(PriceTerms(FIRST, await store(roof.world, CHEAP)))
    assert [await does_work() for _ in range(2)] == [True, False]
    await roof.join(roof.member(2, key_micro=400_000))
    assert [await does_work() for _ in range(2)] == [True, False]
    await assign(roof, NETWORK, role="network")
    assert [await does_work() for _ in range(2)] == [True, False]
    await roof.set_keys(
        {(march(2), roof.world.unit_ids[1]): 0, (march(2), roof.world.unit_ids[2]): 1_000_000}
    )
    assert [await does_work() for _ in range(2)] == [True, False]
