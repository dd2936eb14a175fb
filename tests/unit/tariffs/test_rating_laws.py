from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import (
    Runs,
    parse_document,
)

from .tables import (
    CLOCKS,
    END,
    HOMELIGHT_BLOCKS,
    HOUR,
    INCLUSIVE,
    JOHANNESBURG,
    LONDON,
    LORD_HOWE,
    MICRO,
    SEASONS,
    TOU_BLOCKS,
    SlowMeter,
    document,
    rate_chain,
    seconds,
    slots_of,
    total,
    usage,
)

LAW_TABLES = {
    "flat": document(charges=[usage(price="2.345678")]),
    "blocks": document(charges=[usage(blocks=HOMELIGHT_BLOCKS)]),
    "tou": document(seasons=SEASONS, clocks=CLOCKS, charges=[usage(blocks=TOU_BLOCKS)]),
    "inclusive": document(
        tax=INCLUSIVE, charges=[usage(blocks=HOMELIGHT_BLOCKS), usage(name="Levy", price="0.000007")]
    ),
    "allowance": document(
        charges=[usage(blocks=HOMELIGHT_BLOCKS, allowance="50.5"), usage(name="Levy", price="0.10")]
    ),
    "conversion": document(
        utility="gas",
        conversion={"unit": "kWh", "factor": "11.186837"},
        charges=[usage(blocks=HOMELIGHT_BLOCKS, allowance="7")],
    ),
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
    allowance = draw(st.sampled_from([{}, {}, {"allowance": "13"}, {"allowance": "0.000003"}]))
    return usage(**{"blocks" if in_blocks else "price": tree}, **allowance)


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
    factor = draw(st.sampled_from([None, None, "11.1868", "0.333333", "1.000001"]))
    return document(
        effective_from=effective_from,
        utility="electricity" if factor is None else "gas",
        conversion=factor and {"unit": "kWh", "factor": factor},
        billing_day=draw(st.integers(1, 28)),
        seasons=seasons,
        clocks=clocks,
        tax={
            "name": "VAT",
            "percent": draw(st.sampled_from(["0", "15", "7.5", "33.333333"])),
            "prices": draw(st.sampled_from(["inclusive", "exclusive"])),
        },
        charges=[
            charge | {"register": register, "name": f"Charge {index}"} for index, charge in enumerate(charges)
        ],
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
