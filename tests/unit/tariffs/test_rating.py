from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.kit.money import format_cents
from mita.tariffs.domain import (
    NO_TABLE,
    NOT_PRICED,
    BadIntervals,
    ChargeTooLarge,
    Runs,
    build_slots,
    explain,
    parse_document,
    rate,
)

from .tables import (
    CLOCKS,
    HOMELIGHT_BLOCKS,
    JOHANNESBURG,
    LONDON,
    LORD_HOWE,
    MICRO,
    SEASONS,
    SlowMeter,
    document,
    homeflex,
    ints,
    opening,
    seconds,
    table,
    usage,
)

HOUR = 3_600
START = seconds("2025-07-01", JOHANNESBURG)
END = seconds("2025-08-01", JOHANNESBURG)
TOU_BLOCKS = {
    "high": {
        "P": [{"up_to": "40.5", "price": "7.000001"}, {"price": "9.50"}],
        "S": [{"up_to": "10", "price": "2.00"}, {"up_to": "90", "price": "2.345678"}, {"price": "3.00"}],
        "O": [{"price": "1.333333"}],
    },
    "low": [{"up_to": "30", "price": "1.10"}, {"price": "1.70"}],
}
INCLUSIVE = {"name": "VAT", "percent": "7.5", "prices": "inclusive"}


def slots_of(*versions, start=START, end=END, zone=JOHANNESBURG, register="import"):
    return build_slots(versions, zone=zone, register=register, start_s=start, end_s=end)


def rate_chain(slots, *, start, end, quantity, base=None, base_at=None):
    """One chain; everything as lists."""
    count = len(start)
    base = base or opening()
    spread = Runs(
        *(np.repeat(each, count) for each in (base.quantity_micro, base.cost_micro, base.cost_rest))
    )
    return rate(
        slots,
        chain=np.zeros(count, dtype=np.int64),
        start_s=ints(*start),
        end_s=ints(*end),
        quantity_micro=ints(*quantity),
        opening=spread,
        opening_at_s=np.full(count, start[0] if base_at is None else base_at, dtype=np.int64),
    )


def total(rated):
    return int(rated.net_micro.sum()), int(rated.tax_micro.sum())


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


# ---- laws


LAW_TABLES = {
    "flat": document(charges=[usage(price="2.345678")]),
    "blocks": document(charges=[usage(blocks=HOMELIGHT_BLOCKS)]),
    "tou": document(seasons=SEASONS, clocks=CLOCKS, charges=[usage(blocks=TOU_BLOCKS)]),
    "inclusive": document(tax=INCLUSIVE, charges=[usage(blocks=HOMELIGHT_BLOCKS), usage(price="0.000007")]),
    "export": document(charges=[usage(register="export", price="0.999999")]),
}


@pytest.mark.parametrize("name", LAW_TABLES)
@given(
    cuts=st.lists(st.integers(0, 900 * MICRO), max_size=12),
    quantity=st.integers(0, 900 * MICRO),
    before=st.integers(0, 400 * MICRO),
)
@settings(max_examples=60, deadline=None)
def test_any_way_of_cutting_a_consumption_costs_the_same(name, cuts, quantity, before):
    register = "export" if name == "export" else "import"
    slots = slots_of(parse_document(LAW_TABLES[name]), register=register)
    # 09:00 to 16:00 on a Monday: one slot in every table
    start = seconds("2025-07-07T09:00", JOHANNESBURG)
    first = rate_chain(slots, start=[start], end=[start + 60], quantity=[before])
    whole = rate_chain(
        slots,
        start=[start + 60],
        end=[start + 2_000],
        quantity=[quantity],
        base=first.runs,
        base_at=start + 60,
    )
    edges = [0, *sorted(min(cut, quantity) for cut in cuts), quantity]
    pieces = [high - low for low, high in pairwise(edges)]
    times = [start + 60 + index for index in range(len(pieces))]
    split = rate_chain(
        slots,
        start=times,
        end=[each + 1 for each in times],
        quantity=pieces,
        base=first.runs,
        base_at=start + 60,
    )
    assert total(split) == total(whole)
    columns = ("quantity_micro", "cost_micro", "cost_rest")
    assert [getattr(split.runs, each)[-1] for each in columns] == [
        getattr(whole.runs, each)[0] for each in columns
    ]


@given(quantity=st.integers(0, 10**9), start=st.integers(0, 70 * HOUR), length=st.integers(1, 200 * HOUR))
@settings(max_examples=80, deadline=None)
def test_cutting_at_slot_boundaries_equals_uncut(quantity, start, length):
    slots = slots_of(parse_document(LAW_TABLES["tou"]), end=seconds("2025-09-01", JOHANNESBURG))
    low = END - 100 * HOUR + start
    high = low + length
    inner = [int(each) for each in slots.starts if low < each < high]
    edges = [low, *inner, high]
    spans = list(pairwise(edges))
    shares = [quantity * (b - a) // length for a, b in spans]
    shares[-1] = quantity - sum(shares[:-1])
    cut = rate_chain(slots, start=[a for a, _ in spans], end=[b for _, b in spans], quantity=shares)
    uncut = rate_chain(slots, start=[low], end=[high], quantity=[quantity])
    assert total(cut) == total(uncut)
    assert cut.runs.cost_micro[-1] == uncut.runs.cost_micro[0]
    assert cut.runs.cost_rest[-1] == uncut.runs.cost_rest[0]


def price_text(draw):
    return f"{draw(st.integers(0, 9))}.{draw(st.integers(0, 999_999)):06d}"


@st.composite
def any_charge(draw, seasons, letters):
    in_blocks = draw(st.booleans())

    def leaf():
        if not in_blocks:
            return price_text(draw)
        limits = sorted(draw(st.sets(st.integers(1, 60), max_size=3)))
        blocks = [{"up_to": str(limit), "price": price_text(draw)} for limit in limits]
        return [*blocks, {"price": price_text(draw)}]

    form = draw(st.sampled_from(["one", "letter", "season", "both"]))
    if form == "letter" and letters:
        tree = {letter: leaf() for letter in letters}
    elif form == "season" and seasons:
        tree = {season: leaf() for season in seasons}
    elif form == "both" and seasons and letters:
        tree = {season: {letter: leaf() for letter in letters} for season in seasons}
    else:
        tree = leaf()
    return usage(**{"blocks" if in_blocks else "price": tree})


@st.composite
def any_document(draw, effective_from, register):
    seasons = draw(st.sampled_from([None, SEASONS]))
    letters = "POS" if draw(st.booleans()) else ""
    half = draw(st.text("POS", min_size=45, max_size=45)) + "POS"
    clock = {"weekday": half, "saturday": "POS" * 8, "sunday": "OOPS" * 6}
    clocks = None
    if letters:
        clocks = dict.fromkeys(seasons, clock) if seasons else clock
    charges = draw(st.lists(any_charge(seasons, letters), min_size=1, max_size=3))
    return document(
        effective_from=effective_from,
        billing_day=draw(st.integers(1, 28)),
        seasons=seasons,
        clocks=clocks,
        tax={
            "name": "VAT",
            "percent": draw(st.sampled_from(["0", "15", "7.5", "33.333333"])),
            "prices": draw(st.sampled_from(["inclusive", "exclusive"])),
        },
        charges=[charge | {"register": register} for charge in charges],
    )


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_rate_agrees_with_a_slow_meter(data):
    zone = data.draw(st.sampled_from([JOHANNESBURG, LONDON, LORD_HOWE]))
    register = data.draw(st.sampled_from(["import", "export"]))
    documents = [
        data.draw(any_document("2025-01-01", register)),
        data.draw(any_document(data.draw(st.sampled_from(["2025-03-29", "2025-04-06"])), register)),
    ]
    at = seconds(data.draw(st.sampled_from(["2025-03-28T11:11:11", "2025-04-03T20:20:20", "2025-06-01"])))
    starts, ends, quantities = [], [], []
    for _ in range(data.draw(st.integers(1, 4))):
        at += data.draw(st.sampled_from([0, 0, 7, 40_000]))
        starts.append(at)
        at += data.draw(st.integers(1, 150_000))
        ends.append(at)
        quantities.append(data.draw(st.integers(0, 80 * MICRO)))
    slots = slots_of(
        *map(parse_document, documents), start=starts[0], end=ends[-1], zone=zone, register=register
    )
    rated = rate_chain(slots, start=starts, end=ends, quantity=quantities)
    meter = SlowMeter(documents, zone=zone, register=register)
    expected = [meter.charge(*each) for each in zip(starts, ends, quantities, strict=True)]
    assert list(zip(rated.net_micro.tolist(), rated.tax_micro.tolist(), strict=True)) == expected
    assert rated.runs.quantity_micro[-1] == meter.quantity * MICRO
    assert rated.runs.cost_micro[-1] * MICRO + rated.runs.cost_rest[-1] == meter.cost * MICRO * MICRO

    base, base_at = None, None
    for index, (start, end, quantity) in enumerate(zip(starts, ends, quantities, strict=True)):
        lines = explain(
            slots, start_s=start, end_s=end, quantity_micro=quantity, opening=base, opening_at_s=base_at
        )
        assert sum(line.net_micro for line in lines) == expected[index][0]
        assert sum(line.tax_micro for line in lines) == expected[index][1]
        assert sum(line.quantity_micro for line in lines) == quantity
        runs = rated.runs
        base = opening(runs.quantity_micro[index], runs.cost_micro[index], runs.cost_rest[index])
        base_at = end


@given(quantities=st.lists(st.integers(0, 200 * MICRO), min_size=2, max_size=8), data=st.data())
@settings(max_examples=60, deadline=None)
def test_an_opening_continues_as_one_run_would(quantities, data):
    slots = slots_of(parse_document(LAW_TABLES["tou"]), end=seconds("2025-09-01", JOHANNESBURG))
    begin = END - 20 * HOUR
    times = [begin + 5 * HOUR * index for index in range(len(quantities) + 1)]
    whole = rate_chain(slots, start=times[:-1], end=times[1:], quantity=quantities)
    at = data.draw(st.integers(1, len(quantities) - 1))
    first = rate_chain(slots, start=times[:at], end=times[1 : at + 1], quantity=quantities[:at])
    last = Runs(first.runs.quantity_micro[-1:], first.runs.cost_micro[-1:], first.runs.cost_rest[-1:])
    second = rate_chain(
        slots, start=times[at:-1], end=times[at + 1 :], quantity=quantities[at:], base=last, base_at=times[at]
    )
    assert [*first.net_micro, *second.net_micro] == whole.net_micro.tolist()
    assert [*first.tax_micro, *second.tax_micro] == whole.tax_micro.tolist()
