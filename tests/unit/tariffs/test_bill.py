"""Bills worked out by hand, form by form."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from mita.tariffs.domain import (
    NO_TABLE,
    NOT_PRICED,
    BadIntervals,
    BadSpan,
    ChargeTooLarge,
    Interval,
    IntervalsMissing,
    NotPriced,
    VersionsNotInOrder,
    bill,
    calculate_bill,
    documents_cents,
    evenly,
    local_midnight_s,
    whole_period,
)

from .tables import (
    CLOCKS,
    HOMELIGHT_BLOCKS,
    JOHANNESBURG,
    LONDON,
    MICRO,
    SEASONS,
    homeflex,
    seconds,
    table,
    usage,
)

HOUR = 3_600
VOLUME = [{"up_to": "100", "price": "1.00"}, {"up_to": "200", "price": "0.50"}, {"price": "0.10"}]


def fixed(price, per="month", **more):
    return {"name": "Standing", "kind": "fixed", "per": per, "price": price} | more


def minimum(price):
    return {"name": "Minimum", "kind": "minimum", "per": "month", "price": price}


def demand(price, minutes=30, **more):
    return {
        "name": "Demand",
        "kind": "demand",
        "interval_minutes": minutes,
        "unit": "kW",
        "price": price,
    } | more


def no_tax(**changes):
    return table(tax=None, **changes)


def billed(*versions, quantity=None, uses=None, first="2025-07-01", until="2025-08-01", zone=JOHANNESBURG):
    first, until = date.fromisoformat(first), date.fromisoformat(until)
    if quantity is not None:
        uses = {
            "import": evenly(versions, quantity_micro=quantity * MICRO, zone=zone, first=first, until=until)
        }
    return bill(versions, zone=zone, uses=uses or {}, first=first, until=until)


def shown(found):
    """(charge, season, letter, block, quantity, price, net), as whole numbers of millionths."""
    return [
        (
            each.charge,
            each.season,
            each.letter,
            each.block,
            each.quantity_micro,
            each.price_micro,
            each.net_micro,
        )
        for period in found.periods
        for each in period.lines
    ]


def cents(found):
    document = documents_cents(found)
    return document.net_cents, document.tax_cents, document.gross_cents


# usage


def test_slab_blocks():
    found = billed(table(charges=[usage(blocks=HOMELIGHT_BLOCKS)]), quantity=497)
    assert shown(found) == [
        ("Energy", "", "", 1, 350_000_000, 1_902_800, 665_980_000),
        ("Energy", "", "", 2, 147_000_000, 2_156_200, 316_961_400),
    ]
    assert (found.net_micro, found.tax_micro) == (982_941_400, 147_441_210)
    assert cents(found) == (982_94, 147_44, 1130_38)


def test_exactly_on_a_limit_is_the_lower_block():
    priced = table(charges=[usage(blocks=[{"up_to": "350", "price": "2.0967"}, {"price": "9.00"}])])
    found = billed(priced, quantity=350)
    assert [line[3:5] for line in shown(found)] == [(1, 350_000_000)]
    assert cents(found) == (733_85, 110_08, 843_93)


@pytest.mark.parametrize(
    ("quantity", "net", "block"),
    [(100, 100_000_000, 1), (101, 50_500_000, 2), (200, 100_000_000, 2), (250, 25_000_000, 3)],
)
def test_volume_prices_everything_at_the_block_reached(quantity, net, block):
    priced = no_tax(charges=[usage(blocks=VOLUME, blocks_mode="volume")])
    found = billed(priced, quantity=quantity)
    assert found.net_micro == net
    assert [line[3] for line in shown(found)] == [block]
    assert billed(no_tax(charges=[usage(blocks=VOLUME)]), quantity=250).net_micro == 155_000_000


def test_an_allowance_comes_first_and_blocks_count_what_comes_after():
    blocks = [{"up_to": "100", "price": "1.00"}, {"price": "2.00"}]
    found = billed(no_tax(charges=[usage(blocks=blocks, allowance="50")]), quantity=180)
    assert shown(found) == [
        ("Energy", "", "", 0, 50_000_000, 0, 0),
        ("Energy", "", "", 1, 100_000_000, 1_000_000, 100_000_000),
        ("Energy", "", "", 2, 30_000_000, 2_000_000, 60_000_000),
    ]


def test_an_allowance_of_volume_prices():
    # 300 units, 50 free: 250 at 0.10
    priced = no_tax(charges=[usage(blocks=VOLUME, blocks_mode="volume", allowance="50")])
    assert billed(priced, quantity=300).net_micro == 25_000_000
    # 150 units, 50 free: exactly 100, still the first block
    assert billed(priced, quantity=150).net_micro == 100_000_000


def hours(day, quantities, zone=JOHANNESBURG):
    start = seconds(day, zone)
    return [
        Interval(start + at * HOUR, start + (at + 1) * HOUR, q * MICRO) for at, q in enumerate(quantities)
    ]


def test_letters_share_one_running_quantity_unless_told_otherwise():
    # Monday 7 July 2025: O until 6, P from 6 to 8, S after
    blocks = {
        letter: [{"up_to": "10", "price": low}, {"price": high}]
        for letter, low, high in (("P", "5.00", "6.00"), ("S", "3.00", "4.00"), ("O", "1.00", "2.00"))
    }
    used = {"import": hours("2025-07-07", [0, 0, 0, 0, 4, 4, 4, 4, 4])}
    tree = {"high": blocks, "low": blocks}
    together = no_tax(seasons=SEASONS, clocks=CLOCKS, charges=[usage(blocks=tree)])
    # O 8 at 1; P 2 at 5 and 6 at 6; S 4 at 4
    assert billed(together, uses=used).net_micro == 70_000_000
    apart = no_tax(seasons=SEASONS, clocks=CLOCKS, charges=[usage(blocks=tree, blocks_per_letter=True)])
    # O 8 at 1; P 8 at 5; S 4 at 3
    assert billed(apart, uses=used).net_micro == 60_000_000


def test_volume_by_letter_uses_the_letters_own_quantity():
    blocks = {
        letter: [{"up_to": "7", "price": low}, {"price": high}]
        for letter, low, high in (("P", "5.00", "4.00"), ("S", "3.00", "2.00"), ("O", "1.00", "0.50"))
    }
    used = {"import": hours("2025-07-07", [0, 0, 0, 0, 4, 4, 4, 4, 4])}
    how = {"blocks": {"high": blocks, "low": blocks}, "blocks_mode": "volume"}
    apart = no_tax(seasons=SEASONS, clocks=CLOCKS, charges=[usage(**how, blocks_per_letter=True)])
    # O 8 at 0.50, P 8 at 4, S 4 at 3
    assert billed(apart, uses=used).net_micro == 48_000_000
    together = no_tax(seasons=SEASONS, clocks=CLOCKS, charges=[usage(**how)])
    # 20 together: O 8 at 0.50, P 8 at 4, S 4 at 2
    assert billed(together, uses=used).net_micro == 44_000_000


def test_gas_is_converted_on_the_running_quantity():
    priced = table(
        utility="gas",
        tax={"name": "VAT", "percent": "5", "prices": "inclusive"},
        conversion={"unit": "kWh", "factor": "11.1868"},
        charges=[usage(blocks=[{"up_to": "100", "price": "0.0548"}, {"price": "0.05"}])],
    )
    found = billed(priced, quantity=10)
    # 111.868 kWh: 100 at 0.0548 and 11.868 at 0.05 = 6.0734, with 5 % in it
    assert [(line.unit, line.quantity_micro) for line in found.periods[0].lines] == [
        ("kWh", 100_000_000),
        ("kWh", 11_868_000),
    ]
    assert (found.gross_micro, found.net_micro) == (6_073_400, 5_784_190)


def test_an_export_is_a_credit():
    priced = table(charges=[usage(price="2.00"), usage(name="Feed-in", register="export", price="0.50")])
    day = seconds("2025-07-07", JOHANNESBURG)
    both = {"import": [Interval(day, day + 60, 3 * MICRO)], "export": [Interval(day, day + 60, 20 * MICRO)]}
    found = billed(priced, uses=both)
    assert (found.net_micro, found.tax_micro) == (-4_000_000, -600_000)
    assert [line[-1] for line in shown(found)] == [6_000_000, -10_000_000]
    assert cents(found) == (-4_00, -60, -4_60)


def test_homeflex_on_a_winter_weekday():
    found = billed(homeflex(), uses={"import": hours("2025-07-07", [1] * 24)})
    assert found.net_micro == 71_883_400
    assert {line[2]: line[4] for line in shown(found)} == {"O": 8 * MICRO, "P": 5 * MICRO, "S": 11 * MICRO}
    legacy = homeflex(charges=[*homeflex().to_document()["charges"], usage(name="Legacy", price="0.2278")])
    assert billed(legacy, uses={"import": hours("2025-07-07", [1] * 24)}).net_micro == 77_350_600


# standing charges


def test_a_day_charge_takes_every_local_date_of_the_span():
    priced = no_tax(charges=[fixed("6.56", per="day")])
    assert billed(priced, first="2025-06-01", until="2025-07-01").net_micro == 196_800_000
    # a day of 23 hours is a day
    assert billed(priced, first="2025-03-29", until="2025-04-01", zone=LONDON).net_micro == 19_680_000


def test_a_month_charge_is_prorated_by_the_days_of_its_month():
    priced = no_tax(charges=[fixed("310.00")])
    found = billed(priced, first="2025-02-15", until="2025-04-11")
    # 14 of 28, 31 of 31, 10 of 30
    assert [period.net_micro for period in found.periods] == [155_000_000, 310_000_000, 103_333_333]
    assert [(line.days, line.whole_days) for p in found.periods for line in p.lines] == [
        (14, 28),
        (31, 31),
        (10, 30),
    ]


def test_29_february_is_a_day():
    assert (
        billed(no_tax(charges=[fixed("29.00")]), first="2024-02-01", until="2024-02-15").net_micro
        == 14_000_000
    )


def test_ofgem_adds_up_as_published():
    # July to September 2024, with 5 % VAT inside, for 365 days and typical use
    year = {"first": "2024-07-01", "until": "2025-07-01", "zone": LONDON}
    vat = {"name": "VAT", "percent": "5", "prices": "inclusive"}
    electricity = table(tax=vat, charges=[usage(price="0.2236"), fixed("0.6012", per="day")])
    # each month is rounded once, at the micro
    assert billed(electricity, quantity=2700, **year).gross_micro == pytest.approx(823_158_000, abs=12, rel=0)
    gas = table(utility="gas", tax=vat, charges=[usage(price="0.0548"), fixed("0.3141", per="day")])
    assert billed(gas, quantity=11500, **year).gross_micro == pytest.approx(744_846_500, abs=12, rel=0)
    assert cents(billed(electricity, quantity=2700, **year))[2] == 823_16
    assert cents(billed(gas, quantity=11500, **year))[2] == 744_85


def test_a_minimum_is_topped_up_after_everything_else_credits_included():
    charges = [
        usage(price="1.00"),
        usage(name="Out", register="export", price="1.00"),
        fixed("10.00"),
        minimum("50.00"),
    ]
    day = seconds("2025-07-07", JOHANNESBURG)

    def used(taken, given):
        return {
            "import": [Interval(day, day + 60, taken * MICRO)],
            "export": [Interval(day, day + 60, given * MICRO)],
        }

    priced = table(charges=charges)
    found = billed(priced, uses=used(25, 5))
    # 25 - 5 + 10: 20 are missing
    assert shown(found)[-1] == ("Minimum", "", "", None, MICRO, 50_000_000, 20_000_000)
    assert (found.net_micro, found.tax_micro) == (50_000_000, 7_500_000)
    assert billed(priced, uses=used(45, 5)).net_micro == 50_000_000
    assert [line[0] for line in shown(billed(priced, uses=used(45, 5)))].count("Minimum") == 0
    assert billed(priced, uses=used(46, 5)).net_micro == 51_000_000
    # half of June costs half of the minimum at least
    assert billed(priced, first="2025-06-16", until="2025-07-01").net_micro == 25_000_000


# demand


def test_demand_is_the_highest_average_of_its_windows():
    priced = no_tax(charges=[demand("100.00")])
    start = seconds("2025-07-07T10:00", JOHANNESBURG)
    used = [
        # three quarters of an hour, 1.5 kWh: 1 kWh before half past, 0.5 after
        Interval(start, start + 2_700, 1_500_000),
        Interval(start + 2_700, start + 3_600, 600_000),
        Interval(start + 3_600, start + 7_200, 2_000_000),
    ]
    found = billed(priced, uses={"import": used})
    # 10:30 to 11:00 has 1.1 kWh: 2.2 kW
    assert shown(found) == [("Demand", "", "", None, 2_200_000, 100_000_000, 220_000_000)]
    assert found.periods[0].lines[0].at_s == start + 1_800
    hourly = no_tax(charges=[demand("100.00", minutes=60)])
    assert billed(hourly, uses={"import": used}).net_micro == 210_000_000


def test_demand_counts_only_its_letters_and_takes_the_price_of_its_season():
    charges = [demand({"high": "100.00", "low": "10.00"}, when={"high": ["P", "S"], "low": ["P"]})]
    priced = no_tax(seasons=SEASONS, clocks=CLOCKS, charges=charges)
    used = hours("2025-07-07", [9, 9, 9, 9, 9, 9, 2, 3, 1])
    found = billed(priced, uses={"import": used})
    assert shown(found) == [("Demand", "high", "P", None, 3_000_000, 100_000_000, 300_000_000)]
    # only at night, which no letter of the charge is: no demand, and no line
    night = hours("2025-07-07", [9, 9, 9, 9])
    assert shown(billed(priced, uses={"import": night})) == []
    # in June and May: 9 kW at night do not count, 8 kW on 28 May beat 0.7 kW in June by power, not by price
    long = [*hours("2025-05-28", [0, 0, 0, 0, 0, 0, 0, 8]), *hours("2025-06-02", [0, 0, 0, 0, 0, 0, 1])]
    wide = no_tax(seasons=SEASONS, clocks=CLOCKS, charges=charges, billing_day=15)
    found = billed(wide, uses={"import": long}, first="2025-05-15", until="2025-06-15")
    assert shown(found) == [("Demand", "high", "P", None, 1_000_000, 100_000_000, 100_000_000)]


def test_windows_follow_the_wall_clock_and_no_window_is_two():
    # Kathmandu is 5:45 ahead: a half hour of the clock begins a quarter past in UTC
    zone = ZoneInfo("Asia/Kathmandu")
    start = int(datetime(2025, 7, 7, 4, 15, tzinfo=UTC).timestamp())
    used = [Interval(start, start + 1_800, MICRO)]
    assert billed(no_tax(charges=[demand("1.00")]), uses={"import": used}, zone=zone).net_micro == 2_000_000
    # the hour that London repeats is two windows of the same name
    start = seconds("2025-10-26T01:00", LONDON)
    used = [Interval(start, start + 2 * HOUR, 2 * MICRO)]
    found = billed(
        no_tax(charges=[demand("1.00", minutes=60)]),
        uses={"import": used},
        zone=LONDON,
        first="2025-10-01",
        until="2025-11-01",
    )
    assert found.net_micro == 1_000_000


def test_apparent_power_needs_its_own_register():
    priced = no_tax(charges=[usage(price="1.00"), demand("10.00", unit="kVA")])
    used = hours("2025-07-07", [1])
    with pytest.raises(IntervalsMissing, match='"apparent"'):
        billed(priced, uses={"import": used})
    found = billed(priced, uses={"import": used, "apparent": hours("2025-07-07", [2])})
    # an hour of 2 kVAh is 2 kVA
    assert found.net_micro == 1_000_000 + 20_000_000


# periods, versions


def test_a_quantity_over_a_change_of_prices_shares_limits_by_days():
    old = table(effective_from="2024-04-01", billing_day=17, charges=[usage(blocks=HOMELIGHT_BLOCKS)])
    new = table(effective_from="2025-04-01", billing_day=17, charges=[usage(price="2.1611")])
    days = (date(2025, 3, 17), date(2025, 4, 16))
    found, _ = calculate_bill([old, new], zone=JOHANNESBURG, quantity_micro=400 * MICRO, days=days)
    assert shown(found) == [
        ("Energy", "", "", 1, 175_000_000, 1_902_800, 332_990_000),
        ("Energy", "", "", 2, 25_000_000, 2_156_200, 53_905_000),
        ("Energy", "", "", 1, 200_000_000, 2_161_100, 432_220_000),
    ]
    assert found.net_micro == 819_115_000
    assert cents(found) == (819_12, 122_87, 941_99)


def test_intervals_of_a_part_period_share_limits_by_days_of_the_whole_one():
    old = table(effective_from="2024-04-01", billing_day=17, charges=[usage(blocks=HOMELIGHT_BLOCKS)])
    new = table(effective_from="2025-04-01", billing_day=17, charges=[usage(price="2.1611")])
    used = hours("2025-03-25", [200])
    spans = (("2025-03-17", "2025-04-17"), ("2025-03-17", "2025-04-16"), ("2025-03-25", "2025-03-26"))
    first_blocks = [
        billed(old, new, uses={"import": used}, first=first, until=until).periods[0].lines[0]
        for first, until in spans
    ]
    # 350 * 15 / 31, whichever of the days are asked about
    assert [line.quantity_micro for line in first_blocks] == [169_354_838] * 3


def test_a_change_inside_the_month_shares_everything_by_days():
    # July 2025 changes hands on the 11th: 10 and 21 of 31 days
    old = no_tax(
        charges=[
            usage(blocks=[{"up_to": "31", "price": "1.00"}, {"price": "2.00"}], allowance="31"),
            fixed("62.00"),
        ]
    )
    new = no_tax(
        effective_from="2025-07-11",
        charges=[usage(price="3.00"), demand("31.00"), minimum("310.00")],
    )
    found = billed(
        old,
        new,
        uses={"import": [*hours("2025-07-01", [25]), *hours("2025-07-20", [1, 4])]},
    )
    first, second = found.periods
    # 10 free, 10 at 1, 5 at 2; 62 * 10 / 31
    assert [line.net_micro for line in first.lines] == [0, 10_000_000, 10_000_000, 20_000_000]
    # 5 at 3; 4 kW at 31 * 21 / 31; 310 * 21 / 31 = 210 at least
    assert [line.net_micro for line in second.lines] == [15_000_000, 84_000_000, 111_000_000]
    assert (second.first, second.until) == (date(2025, 7, 11), date(2025, 8, 1))


def test_the_very_first_table_prorates_amounts_and_no_limits():
    blocks = [{"up_to": "31", "price": "1.00"}, {"price": "2.00"}]
    priced = no_tax(
        effective_from="2025-07-11", charges=[usage(blocks=blocks), fixed("62.00"), demand("1.00", 60)]
    )
    found = billed(priced, uses={"import": hours("2025-07-20", [31])}, first="2025-07-11")
    assert [line[-1] for line in shown(found)] == [31_000_000, 42_000_000, 31_000_000]


def test_blocks_begin_again_with_each_billing_period():
    priced = no_tax(
        billing_day=15, charges=[usage(blocks=[{"up_to": "10", "price": "1.00"}, {"price": "2.00"}])]
    )
    used = [*hours("2025-07-14", [12]), *hours("2025-07-15", [12])]
    found = billed(priced, uses={"import": used}, first="2025-07-01", until="2025-08-01")
    assert [period.net_micro for period in found.periods] == [14_000_000, 14_000_000]


def test_a_long_gap_is_spread_over_the_periods():
    priced = no_tax(charges=[usage(blocks=[{"up_to": "10", "price": "1.00"}, {"price": "2.00"}])])
    start, end = seconds("2025-06-01", JOHANNESBURG), seconds("2025-08-01", JOHANNESBURG)
    found = billed(
        priced, uses={"import": [Interval(start, end, 61 * MICRO)]}, first="2025-06-01", until="2025-08-01"
    )
    assert [period.net_micro for period in found.periods] == [50_000_000, 52_000_000]


def test_inclusive_prices_keep_net_and_tax_together():
    vat = {"name": "VAT", "percent": "15", "prices": "inclusive"}
    found = billed(table(tax=vat, charges=[fixed("99.99")]))
    assert cents(found) == (86_95, 13_04, 99_99)
    vat = {"name": "VAT", "percent": "7.5", "prices": "inclusive"}
    assert cents(billed(table(tax=vat, charges=[fixed("250.00")]))) == (232_56, 17_44, 250_00)


def test_cents_of_lines_add_up():
    charges = [fixed("0.105"), fixed("0.105"), fixed("0.105")]
    for index, each in enumerate(charges):
        each["name"] = f"Line {index}"
    document = documents_cents(billed(table(charges=charges)))
    # 0.315 is 0.32, tax 0.04725 is 0.05
    assert (document.net_cents, document.tax_cents, document.gross_cents) == (32, 5, 37)
    assert [line.net_cents for line in document.lines] == [11, 11, 10]


def test_a_vat_change_in_mid_period():
    old = table(charges=[fixed("31.00")], tax={"name": "VAT", "percent": "14", "prices": "exclusive"})
    new = table(charges=[fixed("31.00")], effective_from="2025-07-11")
    found = billed(old, new)
    assert [(p.net_micro, p.tax_micro) for p in found.periods] == [
        (10_000_000, 1_400_000),
        (21_000_000, 3_150_000),
    ]


def test_an_even_load_has_no_peak():
    priced = no_tax(charges=[demand("1.00")])
    # 400 kWh in 30 days: 0.5555 kW
    found = billed(priced, quantity=400, first="2025-06-01", until="2025-07-01")
    assert 555_554 <= found.net_micro <= 555_556
    total = evenly(
        [priced], quantity_micro=400 * MICRO, zone=LONDON, first=date(2025, 3, 1), until=date(2025, 4, 1)
    )
    assert sum(each.quantity_micro for each in total) == 400 * MICRO
    assert all(one.end_s == other.start_s for one, other in pairwise(total))


def test_the_first_whole_period():
    assert whole_period(table(effective_from="2025-04-01")) == (date(2025, 4, 1), date(2025, 5, 1))
    assert whole_period(table(effective_from="2025-04-02")) == (date(2025, 5, 1), date(2025, 6, 1))
    assert whole_period(table(effective_from="2025-04-02", billing_day=28)) == (
        date(2025, 4, 28),
        date(2025, 5, 28),
    )


def test_local_midnight_is_where_the_date_begins():
    assert local_midnight_s(date(2025, 3, 30), zone=LONDON) == seconds("2025-03-30")
    assert local_midnight_s(date(2025, 3, 31), zone=LONDON) == seconds("2025-03-30T23:00")
    # Santiago skips from 00:00 to 01:00
    santiago = ZoneInfo("America/Santiago")
    assert local_midnight_s(date(2025, 9, 7), zone=santiago) == seconds("2025-09-07T04:00")


# what is refused


def test_what_cannot_be_billed_is_refused():
    priced = table()
    day = seconds("2025-07-07", JOHANNESBURG)
    hour = Interval(day, day + HOUR, MICRO)
    with pytest.raises(NotPriced, match="begins on 2024-01-01: 2023-12-31 is before it") as early:
        billed(priced, first="2023-12-31", until="2024-02-01")
    assert early.value.code == NO_TABLE
    with pytest.raises(NotPriced) as unpriced:
        billed(priced, uses={"export": [hour]})
    assert unpriced.value.code == NOT_PRICED
    # the second version does not price the register any more
    with pytest.raises(NotPriced):
        billed(
            table(charges=[usage(register="export", price="1.00")]),
            table(effective_from="2025-07-05"),
            uses={"export": [hour]},
        )
    for bad in (
        [hour, hour],
        [Interval(day, day, 1)],
        [Interval(day, day + 1, -1)],
        [Interval(day, day + 1, 10**15 + 1)],
        [Interval(seconds("2025-06-30T23:59", JOHANNESBURG), day, 1)],
        [Interval(day, seconds("2025-08-01T00:01", JOHANNESBURG), 1)],
    ):
        with pytest.raises(BadIntervals):
            billed(priced, uses={"import": bad})
    minutes = [Interval(day + 60 * at, day + 60 * at + 60, 10**15) for at in range(4_612)]
    with pytest.raises(ChargeTooLarge, match="the consumption does not fit"):
        billed(priced, uses={"import": minutes})
    with pytest.raises(BadSpan):
        billed(priced, first="2025-07-01", until="2025-07-01")
    with pytest.raises(BadSpan):
        billed(priced, first="2025-07-01", until="2095-07-01")
    with pytest.raises(VersionsNotInOrder):
        billed(priced, priced)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({}, "either intervals or a quantity"),
        ({"uses": {"import": [Interval(0, 60, 1)]}, "quantity_micro": 1}, "either intervals or a quantity"),
        ({"uses": {"import": []}}, "there is no interval"),
    ],
)
def test_what_is_asked_is_either_intervals_or_a_quantity(asked, says):
    with pytest.raises(BadIntervals, match=says):
        calculate_bill([table()], zone=JOHANNESBURG, **asked)


def test_a_register_without_intervals_costs_nothing_even_where_it_has_no_price():
    found = billed(no_tax(charges=[fixed("62.00")]), uses={"import": [], "export": []})
    assert [line[0] for line in shown(found)] == ["Standing"]
    assert found.net_micro == 62_000_000
