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
    charges = [usage(price="1000000.00")] * 50
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
