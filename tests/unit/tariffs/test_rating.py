from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mita.kit.money import format_cents
from mita.tariffs.domain import (
    NO_TABLE,
    NOT_PRICED,
    BadIntervals,
    ChargeTooLarge,
    NeedsTallies,
    Runs,
    rate,
)

from .tables import (
    END,
    HOMELIGHT_BLOCKS,
    HOUR,
    INCLUSIVE,
    JOHANNESBURG,
    MICRO,
    START,
    TOU_BLOCKS,
    homeflex,
    ints,
    opening,
    rate_chain,
    seconds,
    slots_of,
    table,
    total,
    usage,
)


def one(slots, quantity, *, start=START, end=START + HOUR):
    return rate_chain(slots, start=[start], end=[end], quantity=[quantity])


# ---- worked figures


def test_homelight_blocks():
    slots = slots_of(table(charges=[usage(blocks=HOMELIGHT_BLOCKS)]))
    net, tax = total(one(slots, 497 * MICRO))
    # 350 x 1.9028 + 147 x 2.1562 = 665.98 + 316.9614
    assert (net, tax) == (982_941_400, 147_441_210)
    assert (format_cents(net), format_cents(net + tax)) == ("982.94", "1130.38")


def test_homeflex_weekday_one_kwh_each_hour():
    slots = slots_of(homeflex())
    day = seconds("2025-07-07", JOHANNESBURG)
    hours = [day + HOUR * hour for hour in range(24)]
    rated = rate_chain(slots, start=hours, end=[each + HOUR for each in hours], quantity=[MICRO] * 24)
    assert rated.net_micro.sum() == 71_883_400
    # the same as one reading at the end of the day: cut evenly over time
    assert total(rate_chain(slots, start=[day], end=[day + 86_400], quantity=[24 * MICRO]))[0] == 71_883_400


def test_slab_blocks_and_their_inclusive_boundary():
    blocks = [{"up_to": "100", "price": "1.00"}, {"up_to": "200", "price": "0.50"}, {"price": "0.10"}]
    slots = slots_of(table(tax=None, charges=[usage(blocks=blocks)]))
    cases = {250: 155_000_000, 100: 100_000_000, 101: 100_500_000, 200: 150_000_000, 0: 0}
    assert {units: total(one(slots, units * MICRO)) for units in cases} == {
        units: (net, 0) for units, net in cases.items()
    }


def test_inclusive_prices_contain_the_tax():
    inclusive = {"name": "VAT", "percent": "15", "prices": "inclusive"}
    slots = slots_of(table(tax=inclusive, charges=[usage(price="99.99")]))
    net, tax = total(one(slots, MICRO))
    assert (net, tax) == (86_947_826, 13_042_174)
    assert (format_cents(net), format_cents(tax)) == ("86.95", "13.04")


def test_half_a_micro_rounds_up_and_its_tax_is_taken_before_rounding():
    slots = slots_of(table(charges=[usage(price="0.50")]))
    # 0.5 micro rounds to 1; its tax 0.075 to 0; after 7 such steps 3.5 -> 4 and 0.525 -> 1
    rated = rate_chain(
        slots,
        start=[START + each for each in range(7)],
        end=[START + each + 1 for each in range(7)],
        quantity=[1] * 7,
    )
    assert rated.net_micro.tolist() == [1, 0, 1, 0, 1, 0, 1]
    assert rated.tax_micro.tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_export_is_a_credit():
    charges = [usage(register="export", price="1.25")]
    slots = slots_of(table(charges=charges), register="export")
    assert total(one(slots, 4 * MICRO)) == (-5_000_000, -750_000)
    rated = one(slots, 4 * MICRO)
    # the totals keep the absolute cost
    assert rated.runs.cost_micro.tolist() == [5_000_000]


def test_an_allowance_is_free_and_moves_the_blocks():
    blocks = [{"up_to": "100", "price": "1.00"}, {"price": "3.00"}]
    slots = slots_of(table(tax=None, charges=[usage(blocks=blocks, allowance="50")]))
    cases = {49: 0, 50: 0, 51: 1_000_000, 150: 100_000_000, 151: 103_000_000}
    assert {units: total(one(slots, units * MICRO))[0] for units in cases} == cases


def test_allowances_of_several_charges_are_their_own():
    charges = [usage(price="2.00", allowance="10"), usage(name="Levy", price="0.50", allowance="30")]
    slots = slots_of(table(tax=None, charges=[*charges, usage(name="Fund", price="0.10")]))
    assert slots.upper.tolist() == [[10_000_000, 30_000_000, 2**62]]
    assert slots.price.tolist() == [[100_000, 2_100_000, 2_600_000]]
    # 40 units: 40 x 0.10 + 30 x 2.00 + 10 x 0.50
    assert total(one(slots, 40 * MICRO)) == (69_000_000, 0)


def test_gas_is_priced_by_the_kilowatt_hour():
    blocks = [{"up_to": "100", "price": "0.05"}, {"price": "0.04"}]
    conversion = {"unit": "kWh", "factor": "11.1868"}
    slots = slots_of(table(utility="gas", tax=None, conversion=conversion, charges=[usage(blocks=blocks)]))
    rated = one(slots, 10 * MICRO)
    # 10 m3 are 111.868 kWh: 100 x 0.05 + 11.868 x 0.04
    assert total(rated) == (5_474_720, 0)
    assert rated.runs.quantity_micro.tolist() == [10_000_000]
    # the third m3 of 3 x 0.333333 kWh: 0.999999 at 1.00 whatever the cut
    third = {"unit": "kWh", "factor": "0.333333"}
    slots = slots_of(table(utility="gas", tax=None, conversion=third, charges=[usage(price="1.00")]))
    cut = rate_chain(
        slots, start=[START, START + 1, START + 2], end=[START + 1, START + 2, START + 3], quantity=[1, 1, 1]
    )
    # 0.333333, 0.666666 and 0.999999 micro: 0, 1, 1
    assert cut.net_micro.tolist() == [0, 1, 0]


def test_a_new_table_in_mid_period_shrinks_limits_by_days():
    blocks = [{"up_to": "350", "price": "1.9028"}, {"price": "2.1562"}]
    old = table(billing_day=16, charges=[usage(blocks=blocks)])
    new = table(billing_day=16, effective_from="2025-05-01", charges=[usage(price="2.1611")])
    slots = slots_of(
        old, new, start=seconds("2025-04-16", JOHANNESBURG), end=seconds("2025-05-16", JOHANNESBURG)
    )
    assert (slots.days.tolist(), slots.whole_days.tolist()) == ([15, 15], [30, 30])
    change = seconds("2025-05-01", JOHANNESBURG)
    rated = rate_chain(
        slots,
        start=[int(slots.starts[0]), change],
        end=[change, int(slots.starts[-1])],
        quantity=[200 * MICRO, 200 * MICRO],
    )
    # 350 x 15 / 30: 175 x 1.9028 + 25 x 2.1562, then 200 x 2.1611 on a total that begins at zero
    assert rated.net_micro.tolist() == [386_895_000, 432_220_000]
    assert rated.runs.quantity_micro.tolist() == [200_000_000, 200_000_000]


def test_limits_shrink_only_where_another_table_has_the_rest():
    charges = [usage(price="1.00", allowance="31")]
    first = table(effective_from="2025-05-20", charges=charges)
    later = table(effective_from="2025-07-11", charges=charges)
    slots = slots_of(first, later, start=seconds("2025-05-10", JOHANNESBURG), end=END)
    # 20 to 31 May is the first table's beginning; July is shared, 10 days and 21 days of 31
    assert slots.row[0] == NO_TABLE
    assert slots.upper[slots.row[1:], 0].tolist() == [31_000_000, 31_000_000, 10_000_000, 21_000_000]
    # a table from a billing day on has the whole period
    whole = slots_of(first, table(effective_from="2025-07-01", charges=charges))
    assert whole.upper[whole.row, 0].tolist() == [31_000_000]


def test_limits_that_shrink_to_nothing_are_no_blocks():
    blocks = [{"up_to": "0.000001", "price": "5.00"}, {"price": "1.00"}]
    charges = [usage(blocks=blocks, allowance="0.000002")]
    slots = slots_of(
        table(charges=charges), table(effective_from="2025-07-31", charges=charges), start=END - 86_400
    )
    # 31 July alone: 2 // 31 and 1 // 31 micro
    at = slots.row[-1]
    assert (slots.upper[at, 0], slots.price[at, 0]) == (2**62, 1_000_000)


@pytest.mark.parametrize(
    "charge",
    [
        usage(blocks=HOMELIGHT_BLOCKS, blocks_mode="volume"),
        usage(blocks=HOMELIGHT_BLOCKS, blocks_per_letter=True),
        usage(price="1.00", allowance="5", blocks_per_letter=True),
    ],
)
def test_what_the_running_quantity_cannot_price_is_refused(charge):
    levy = usage(name="Levy", price="1.00")
    slots = slots_of(table(), homeflex(effective_from="2025-07-16", charges=[levy, charge]))
    assert slots.needs_tallies
    change = seconds("2025-07-16", JOHANNESBURG)
    # the table before it is priced as ever
    assert total(one(slots, MICRO)) == (2_000_000, 300_000)
    with pytest.raises(NeedsTallies):
        one(slots, MICRO, start=change - 1, end=change + 1)
    assert not slots_of(table()).needs_tallies


def test_other_kinds_of_charges_are_not_usage():
    charges = [
        {"name": "Service", "kind": "fixed", "per": "day", "price": "5.00"},
        {"name": "Peak", "kind": "demand", "interval_minutes": 30, "unit": "kW", "price": "99.00"},
        {"name": "Least", "kind": "minimum", "per": "month", "price": "50.00"},
    ]
    slots = slots_of(table(tax=None, charges=[usage(price="2.00"), *charges]))
    assert total(one(slots, MICRO)) == (2_000_000, 0)
    assert slots_of(table(charges=charges)).row.tolist() == [NOT_PRICED]


# ---- periods and openings


def test_an_interval_over_a_month_end_starts_the_blocks_again():
    blocks = [{"up_to": "10", "price": "1.00"}, {"price": "2.00"}]
    slots = slots_of(table(tax=None, charges=[usage(blocks=blocks)]), end=seconds("2025-09-01", JOHANNESBURG))
    rated = rate_chain(slots, start=[END - HOUR], end=[END + 3 * HOUR], quantity=[40 * MICRO])
    # 10 units in July (10.00), 30 in August (10.00 + 40.00)
    assert total(rated) == (60_000_000, 0)
    assert (rated.runs.quantity_micro[0], rated.runs.cost_micro[0]) == (30_000_000, 50_000_000)


def test_the_last_part_takes_the_remainder():
    slots = slots_of(table(tax=None, charges=[usage(price="1.00")]), end=seconds("2025-09-01", JOHANNESBURG))
    rated = rate_chain(slots, start=[END - 2], end=[END + 1], quantity=[5])
    # 5 * 2 // 3 = 3 in July, 2 in August
    assert rated.runs.quantity_micro.tolist() == [2]


def test_opening_counts_only_in_its_own_period():
    blocks = [{"up_to": "10", "price": "1.00"}, {"price": "2.00"}]
    slots = slots_of(table(tax=None, charges=[usage(blocks=blocks)]), end=seconds("2025-09-01", JOHANNESBURG))
    before = opening(9 * MICRO, 9 * MICRO)
    inside = rate_chain(
        slots,
        start=[START + HOUR],
        end=[START + 2 * HOUR],
        quantity=[2 * MICRO],
        base=before,
        base_at=START + HOUR,
    )
    assert total(inside) == (3_000_000, 0)
    # a reading at the first second of the month closes the month before
    closing = rate_chain(
        slots, start=[START], end=[START + HOUR], quantity=[2 * MICRO], base=before, base_at=START
    )
    assert total(closing) == (2_000_000, 0)
    assert closing.runs.quantity_micro.tolist() == [2_000_000]
    # long ago, before the slots
    old = rate_chain(slots, start=[START], end=[START + HOUR], quantity=[2 * MICRO], base=before, base_at=0)
    assert total(old) == (2_000_000, 0)


def test_zero_quantity_passes_the_totals_on():
    slots = slots_of(table(), end=seconds("2025-09-01", JOHANNESBURG))
    before = opening(9 * MICRO, 18 * MICRO, 5)
    rated = rate_chain(
        slots,
        start=[START + HOUR, END],
        end=[END, END + HOUR],
        quantity=[0, 0],
        base=before,
        base_at=START + HOUR,
    )
    assert total(rated) == (0, 0)
    assert rated.runs.quantity_micro.tolist() == [9_000_000, 0]
    assert rated.runs.cost_micro.tolist() == [18_000_000, 0]
    assert rated.runs.cost_rest.tolist() == [5, 0]


def test_unpriced_intervals_cost_nothing_and_count_nothing():
    begins = seconds("2025-07-10", JOHANNESBURG)
    slots = slots_of(table(effective_from="2025-07-10"))
    rated = rate_chain(
        slots,
        start=[START, begins - 10, begins + 10],
        end=[START + 10, begins + 10, begins + 20],
        quantity=[MICRO] * 3,
    )
    assert rated.unpriced.tolist() == [NO_TABLE, NO_TABLE, 0]
    assert rated.net_micro.tolist() == [0, 0, 2_000_000]
    assert rated.runs.quantity_micro.tolist() == [0, 0, 1_000_000]
    other = rate_chain(slots_of(table(), register="export"), start=[START], end=[START + 1], quantity=[MICRO])
    assert (other.unpriced.tolist(), other.net_micro.tolist()) == ([NOT_PRICED], [0])


def test_a_version_change_inside_an_interval_prices_each_part():
    later = table(
        effective_from="2025-07-16",
        tax={"name": "VAT", "percent": "10", "prices": "exclusive"},
        charges=[usage(price="4.00")],
    )
    slots = slots_of(table(), later)
    change = seconds("2025-07-16", JOHANNESBURG)
    rated = rate_chain(slots, start=[change - HOUR], end=[change + HOUR], quantity=[10 * MICRO])
    # 5 x 2.00 at 15 %, 5 x 4.00 at 10 %
    assert total(rated) == (30_000_000, 3_500_000)


def test_chains_do_not_touch_each_other():
    slots = slots_of(table(charges=[usage(blocks=HOMELIGHT_BLOCKS)]))
    rated = rate(
        slots,
        chain=ints(5, 5, 2, 9),
        start_s=ints(START, START + HOUR, START, START + HOUR),
        end_s=ints(START + HOUR, START + 2 * HOUR, START + HOUR, START + 2 * HOUR),
        quantity_micro=ints(300 * MICRO, 100 * MICRO, 400 * MICRO, 10 * MICRO),
        opening=Runs(ints(0, 77, 0, 350 * MICRO), ints(0, 77, 0, 665_980_000), ints(0, 77, 0, 0)),
        opening_at_s=ints(START, START, START, START + HOUR),
    )
    # 300 x 1.9028; 50 x 1.9028 + 50 x 2.1562; 350 x 1.9028 + 50 x 2.1562; 10 x 2.1562
    assert rated.net_micro.tolist() == [570_840_000, 202_950_000, 773_790_000, 21_562_000]
    assert rated.runs.quantity_micro.tolist() == [300_000_000, 400_000_000, 400_000_000, 360_000_000]


def test_bad_intervals_are_refused():
    slots = slots_of(table())
    for start, end, quantity in (
        ([START], [START], [1]),
        ([START], [START + 1], [-1]),
        ([START, START], [START + 2, START + 3], [1, 1]),
        ([slots.starts[0] - 1], [START], [1]),
        ([START], [slots.starts[-1] + 1], [1]),
    ):
        with pytest.raises(BadIntervals):
            rate_chain(slots, start=start, end=end, quantity=quantity)
    assert len(rate_chain(slots, start=[START], end=[slots.starts[-1]], quantity=[1]).net_micro) == 1
    later = {"start": [START + 1], "end": [START + 2], "quantity": [1]}
    for base in (opening(-1), opening(0, -1), opening(0, 0, -1)):
        with pytest.raises(BadIntervals, match="opening total"):
            rate_chain(slots, **later, base=base)


def test_an_empty_batch_is_empty():
    none = ints()
    rated = rate(
        slots_of(table()),
        chain=none,
        start_s=none,
        end_s=none,
        quantity_micro=none,
        opening=Runs.zero(0),
        opening_at_s=none,
    )
    assert len(rated.net_micro) == len(rated.runs.cost_rest) == 0


# ---- large numbers


def test_numbers_beyond_int64_in_between_stay_exact():
    charges = [usage(name=f"Charge {each}", price="1000000.00") for each in range(50)]
    slots = slots_of(table(charges=charges))
    # 50 million a unit; 1.999999 units: a product of 10**20 before it is divided
    assert total(one(slots, 1_999_999)) == (99_999_950_000_000, 14_999_992_500_000)


def test_a_total_that_does_not_fit_is_refused():
    slots = slots_of(table(charges=[usage(price="1000000.00")]))
    with pytest.raises(ChargeTooLarge):
        one(slots, 10**15)


def test_the_object_path_gives_the_same_as_the_fast_one():
    slots = slots_of(homeflex(charges=[usage(blocks=TOU_BLOCKS)], tax=INCLUSIVE))
    start = [START, START + 30 * HOUR]
    end = [START + 30 * HOUR, START + 90 * HOUR]
    fast = rate_chain(slots, start=start, end=end, quantity=[55_555_555, 77_777_777])
    # a price row that nothing uses makes the bound fail
    wide = replace(
        slots,
        price=np.vstack((slots.price, np.full((1, slots.price.shape[1]), 2**61))),
    )
    slow = rate_chain(wide, start=start, end=end, quantity=[55_555_555, 77_777_777])
    assert total(slow) == total(fast)
    assert slow.runs.cost_rest.tolist() == fast.runs.cost_rest.tolist()
