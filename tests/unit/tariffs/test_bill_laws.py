"""Laws of bills: for any table and use, against plain fractions and against the vectorised path."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import (
    BadIntervals,
    ChargeTooLarge,
    Interval,
    PeriodTotals,
    TotalsState,
    bill,
    documents_cents,
    parse_document,
)

from .tables import (
    CLOCKS,
    INCLUSIVE,
    JOHANNESBURG,
    LONDON,
    LORD_HOWE,
    MICRO,
    SEASONS,
    TOU_BLOCKS,
    document,
    half_up,
    rate_chain,
    seconds,
    slots_of,
    table,
    usage,
)
from .test_rating_laws import any_document

FIRST, UNTIL = date(2025, 7, 1), date(2025, 8, 1)
START, END = seconds("2025-07-01", JOHANNESBURG), seconds("2025-08-01", JOHANNESBURG)
BLOCKS = [{"up_to": "40", "price": "1.234567"}, {"up_to": "90.5", "price": "2.00"}, {"price": "3.333333"}]
FALLING = [{"up_to": "40", "price": "3.00"}, {"up_to": "90.5", "price": "2.00"}, {"price": "0.50"}]

TABLES = {
    "slab": document(charges=[usage(blocks=BLOCKS), usage(name="Levy", price="0.000007")]),
    "volume": document(charges=[usage(blocks=FALLING, blocks_mode="volume", allowance="12.345")]),
    "allowance": document(charges=[usage(blocks=BLOCKS, allowance="33.3")], tax=INCLUSIVE),
    "letters": document(seasons=SEASONS, clocks=CLOCKS, charges=[usage(blocks=TOU_BLOCKS)]),
    "per letter": document(
        seasons=SEASONS,
        clocks=CLOCKS,
        tax=INCLUSIVE,
        charges=[usage(blocks=TOU_BLOCKS, blocks_per_letter=True, allowance="5")],
    ),
    "volume per letter": document(
        seasons=SEASONS,
        clocks=CLOCKS,
        charges=[usage(blocks=TOU_BLOCKS, blocks_mode="volume", blocks_per_letter=True, allowance="2.5")],
    ),
    "converted": document(
        utility="gas",
        conversion={"unit": "kWh", "factor": "11.186812"},
        charges=[usage(blocks=BLOCKS, allowance="3")],
    ),
    "gas": document(
        utility="gas",
        conversion={"unit": "kWh", "factor": "11.186812"},
        charges=[usage(blocks=BLOCKS, allowance="3"), usage(name="V", blocks=FALLING, blocks_mode="volume")],
    ),
}

names = pytest.mark.parametrize("name", TABLES)
uses = st.lists(st.integers(0, 60 * MICRO), min_size=1, max_size=8)
ROWS = st.sampled_from([("high", "P"), ("high", "S"), ("high", "O"), ("low", "P"), ("low", "O")])


def rows_for(priced, rows):
    return rows if priced.seasons else [("", "")] * len(rows)


@names
@given(
    quantities=st.lists(st.tuples(ROWS, st.integers(0, 60 * MICRO), st.integers(0, MICRO)), max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_any_split_of_the_same_consumption_costs_the_same(name, quantities):
    priced = parse_document(TABLES[name])
    rows = rows_for(priced, [row for row, _, _ in quantities])
    whole, split = PeriodTotals(priced, register="import"), PeriodTotals(priced, register="import")
    for (season, letter), (_, quantity, share) in zip(rows, quantities, strict=True):
        whole.add(season=season, letter=letter, quantity_micro=quantity)
        part = quantity * share // MICRO
        split.add(season=season, letter=letter, quantity_micro=part)
        split.add(season=season, letter=letter, quantity_micro=quantity - part)
    assert split.charged == whole.charged
    assert split.state == whole.state
    assert split.lines() == whole.lines()


@names
@given(quantities=st.lists(st.tuples(ROWS, st.integers(0, 60 * MICRO)), max_size=8), at=st.integers(0, 8))
@settings(max_examples=60, deadline=None)
def test_totals_go_on_from_what_was_stored(name, quantities, at):
    priced = parse_document(TABLES[name])
    rows = rows_for(priced, [row for row, _ in quantities])
    pairs = list(zip(rows, [quantity for _, quantity in quantities], strict=True))
    straight, totals = PeriodTotals(priced, register="import"), PeriodTotals(priced, register="import")
    net = tax = 0
    for index, ((season, letter), quantity) in enumerate(pairs):
        if index == at:
            numbers = totals.state.numbers
            assert all(type(number) is int for number in numbers)
            totals = PeriodTotals(priced, register="import", state=TotalsState.of(numbers))
        expected = straight.add(season=season, letter=letter, quantity_micro=quantity)
        assert totals.add(season=season, letter=letter, quantity_micro=quantity) == expected
        net, tax = net + expected[0], tax + expected[1]
    assert totals.state == straight.state
    assert (straight.charged.net_micro, straight.charged.tax_micro) == (net, tax)
    for each in (totals, straight):
        assert sum(line.net_micro for line in each.lines()) == each.charged.net_micro
        assert sum(line.tax_micro for line in each.lines()) == each.charged.tax_micro


def test_a_volume_correction_shows_what_was_taken_back():
    priced = parse_document(document(tax=None, charges=[usage(blocks=FALLING, blocks_mode="volume")]))
    totals = PeriodTotals(priced, register="import")
    assert totals.add(season="", letter="", quantity_micro=40 * MICRO) == (120 * MICRO, 0)
    later = PeriodTotals(priced, register="import", state=totals.state)
    # 50 at 2 instead of 40 at 3
    assert later.add(season="", letter="", quantity_micro=10 * MICRO) == (-20 * MICRO, 0)
    assert [(line.block, line.quantity_micro, line.net_micro) for line in later.lines()] == [
        (1, -40 * MICRO, -120 * MICRO),
        (2, 50 * MICRO, 100 * MICRO),
    ]


def test_totals_refuse_what_is_none():
    totals = PeriodTotals(parse_document(TABLES["slab"]), register="import")
    with pytest.raises(BadIntervals):
        totals.add(season="", letter="", quantity_micro=-1)
    with pytest.raises(ChargeTooLarge):
        totals.add(season="", letter="", quantity_micro=10**19)
    with pytest.raises(ValueError, match="another rate table"):
        PeriodTotals(parse_document(TABLES["slab"]), register="import", state=TotalsState(1, 1, 0, (5,)))


def plain(name, quantity, *, taxed=True):
    """Bill a quantity without times in July."""
    described = TABLES[name] if isinstance(name, str) else name
    priced = parse_document(described if taxed else {k: v for k, v in described.items() if k != "tax"})
    return bill(
        [priced],
        zone=JOHANNESBURG,
        uses={"import": [Interval(START, END, quantity)]},
        first=FIRST,
        until=UNTIL,
    )


def slab_by_hand(blocks, quantity):
    cost, low = Decimal(0), Decimal(0)
    used = Decimal(quantity) / MICRO
    for block in blocks:
        high = Decimal(block.get("up_to", "1e12"))
        cost += max(min(used, high) - low, Decimal(0)) * Decimal(block["price"])
        low = high
    return Fraction(cost) * MICRO


@given(quantity=st.integers(0, 500 * MICRO))
@settings(max_examples=60, deadline=None)
def test_slab_is_the_formula_by_hand(quantity):
    cost = slab_by_hand(BLOCKS, quantity) + Fraction(quantity * 7, MICRO)
    found = plain("slab", quantity)
    assert (found.net_micro, found.tax_micro) == (half_up(cost), half_up(cost * Fraction(15, 100)))


@given(quantity=st.integers(0, 500 * MICRO), free=st.integers(0, 90 * MICRO))
@settings(max_examples=60, deadline=None)
def test_an_allowance_is_a_first_block_at_nothing(quantity, free):
    text = f"{free // MICRO}.{free % MICRO:06d}"
    shifted = [{"up_to": text, "price": "0"}] if free else []
    for block in BLOCKS:
        limit = block.get("up_to")
        up_to = {"up_to": str(Decimal(limit) + Decimal(text))} if limit else {}
        shifted.append({**up_to, "price": block["price"]})
    with_allowance = plain(document(charges=[usage(blocks=BLOCKS, allowance=text)]), quantity)
    by_block = plain(document(charges=[usage(blocks=shifted)]), quantity)
    assert (with_allowance.net_micro, with_allowance.tax_micro) == (by_block.net_micro, by_block.tax_micro)
    only_paid = plain(document(charges=[usage(blocks=BLOCKS)]), max(quantity - free, 0))
    assert with_allowance.net_micro == only_paid.net_micro


@given(quantity=st.integers(0, 300 * MICRO))
@settings(max_examples=60, deadline=None)
def test_volume_is_quantity_times_the_price_reached(quantity):
    reached = next(
        Decimal(block["price"]) for block in FALLING if quantity <= Decimal(block.get("up_to", "1e9")) * MICRO
    )
    found = plain(document(charges=[usage(blocks=FALLING, blocks_mode="volume")]), quantity)
    assert found.net_micro == half_up(Fraction(reached) * quantity)


@given(quantities=st.lists(st.integers(0, 40 * MICRO), min_size=24, max_size=24))
@settings(max_examples=40, deadline=None)
def test_blocks_per_letter_are_tables_of_their_own(quantities):
    hours = [
        Interval(START + at * 3_600, START + (at + 1) * 3_600, quantity)
        for at, quantity in enumerate(quantities)
    ]
    tree = {"high": TOU_BLOCKS["high"], "low": TOU_BLOCKS["high"]}

    def net_of(letters, per_letter):
        zero = [{"price": "0"}]
        blocks = {
            season: {letter: blocks if letter in letters else zero for letter, blocks in by_letter.items()}
            for season, by_letter in tree.items()
        }
        priced = table(
            tax=None,
            seasons=SEASONS,
            clocks=CLOCKS,
            charges=[usage(blocks=blocks, blocks_per_letter=per_letter)],
        )
        only = [
            each for each, letter in zip(hours, CLOCKS["high"]["weekday"], strict=True) if letter in letters
        ]
        found = bill([priced], zone=JOHANNESBURG, uses={"import": only}, first=FIRST, until=UNTIL)
        return sum(line.quantity_micro * line.price_micro for p in found.periods for line in p.lines)

    assert net_of("PSO", per_letter=True) == sum(net_of(letter, per_letter=False) for letter in "PSO")


@given(
    quantity=st.integers(0, 300 * MICRO),
    minimum=st.integers(0, 600 * MICRO),
    tax=st.sampled_from([None, INCLUSIVE]),
)
@settings(max_examples=60, deadline=None)
def test_a_minimum_is_the_larger_of_the_two(quantity, minimum, tax):
    text = f"{minimum // MICRO}.{minimum % MICRO:06d}"
    least = {"name": "Minimum", "kind": "minimum", "per": "month", "price": text}
    without = plain(document(tax=tax, charges=[usage(blocks=BLOCKS)]), quantity)
    found = plain(document(tax=tax, charges=[usage(blocks=BLOCKS), least]), quantity)
    assert found.gross_micro == max(without.gross_micro, minimum)


@given(price=st.integers(0, 900 * MICRO), cuts=st.sets(st.integers(1, 30), max_size=5))
@settings(max_examples=60, deadline=None)
def test_parts_of_a_month_add_up(price, cuts):
    text = f"{price // MICRO}.{price % MICRO:06d}"
    priced = table(tax=None, charges=[{"name": "Standing", "kind": "fixed", "per": "month", "price": text}])
    edges = [FIRST, *(date(2025, 7, 1 + cut) for cut in sorted(cuts)), UNTIL]
    parts = [
        bill([priced], zone=JOHANNESBURG, uses={}, first=first, until=until).net_micro
        for first, until in pairwise(edges)
    ]
    # each part is rounded once
    assert abs(sum(parts) - price) <= (len(parts) + 1) // 2


@st.composite
def with_more(draw, documents):
    """A document with allowances and a conversion, as far as the vectorised path knows them."""
    made = draw(documents)
    made["charges"] = [
        each | {"allowance": draw(st.sampled_from(["0.5", "7.654321", "30"]))}
        if draw(st.booleans())
        else each
        for each in made["charges"]
    ]
    if draw(st.booleans()):
        made["conversion"] = {"unit": "kWh", "factor": draw(st.sampled_from(["11.186812", "0.333333"]))}
    return made


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_bill_agrees_with_the_vectorised_path(data):
    # Santiago sets its clock back from midnight to 23:00 as 6 April begins
    zone = data.draw(st.sampled_from([JOHANNESBURG, LONDON, LORD_HOWE, ZoneInfo("America/Santiago")]))
    register = data.draw(st.sampled_from(["import", "export"]))
    later = data.draw(st.sampled_from(["2025-03-29", "2025-04-06"]))
    versions = [
        parse_document(data.draw(with_more(any_document(effective_from, register))))
        for effective_from in ("2025-01-01", later)
    ]
    # the bill may begin and end in mid-period: limits are shared by days of the whole one
    first = data.draw(st.sampled_from([date(2025, 2, 1), date(2025, 3, 10), date(2025, 3, 28)]))
    until = data.draw(st.sampled_from([date(2025, 6, 1), date(2025, 5, 30), date(2025, 7, 9)]))
    at = seconds(data.draw(st.sampled_from(["2025-03-28T11:11:11", "2025-04-03T20:20:20"])))
    intervals = []
    for _ in range(data.draw(st.integers(1, 5))):
        at += data.draw(st.sampled_from([0, 0, 7, 40_000]))
        length = data.draw(st.integers(1, 900_000))
        intervals.append(Interval(at, at + length, data.draw(st.integers(0, 80 * MICRO))))
        at += length
    slots = slots_of(
        *versions, start=seconds("2025-02-01"), end=seconds("2025-06-01"), zone=zone, register=register
    )
    rated = rate_chain(
        slots,
        start=[each.start_s for each in intervals],
        end=[each.end_s for each in intervals],
        quantity=[each.quantity_micro for each in intervals],
    )
    found = bill(versions, zone=zone, uses={register: intervals}, first=first, until=until)
    assert (found.net_micro, found.tax_micro) == (int(rated.net_micro.sum()), int(rated.tax_micro.sum()))
    for period in found.periods:
        assert sum(line.net_micro for line in period.lines) == period.net_micro
        assert sum(line.tax_micro for line in period.lines) == period.tax_micro
    document_cents = documents_cents(found)
    assert document_cents.net_cents + document_cents.tax_cents == document_cents.gross_cents
    assert sum(line.net_cents for line in document_cents.lines) == document_cents.net_cents


@given(
    quantities=st.lists(st.tuples(st.integers(1, 90_000), st.integers(0, 80 * MICRO)), min_size=1, max_size=8)
)
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("name", ["slab", "letters", "allowance", "converted"])
def test_running_totals_are_those_of_the_hot_path(name, quantities):
    priced = parse_document(TABLES[name])
    slots = slots_of(priced)
    totals = PeriodTotals(priced, register="import")
    # 09:00 to 16:00 on a Monday is one slot in each table
    at = seconds("2025-07-07T09:00", JOHANNESBURG)
    start = [at + index for index in range(len(quantities))]
    rated = rate_chain(
        slots,
        start=start,
        end=[each + 1 for each in start],
        quantity=[quantity for _, quantity in quantities],
    )
    season, letter = ("high", "S") if priced.seasons else ("", "")
    for index, (_, quantity) in enumerate(quantities):
        charged = totals.add(season=season, letter=letter, quantity_micro=quantity)
        assert charged == (rated.net_micro[index], rated.tax_micro[index])
        state = totals.state
        assert state.numbers == (
            rated.runs.quantity_micro[index],
            rated.runs.cost_micro[index],
            rated.runs.cost_rest[index],
        )
