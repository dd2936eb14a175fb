"""What an amount buys: worked out by hand, and laws."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import (
    NOT_PRICED,
    BadPurchase,
    BuysWithoutEnd,
    NotPriced,
    PeriodTotals,
    TimesNeeded,
    amount_for,
    purchase_of,
    units_for,
)

from .tables import HOMELIGHT_BLOCKS, INCLUSIVE, MICRO, homeflex, table, usage

NAIJA = {"name": "VAT", "percent": "7.5", "prices": "exclusive"}
FALLING = [{"up_to": "100", "price": "1.00"}, {"up_to": "200", "price": "0.50"}, {"price": "0.10"}]
JULY = (date(2025, 7, 1), date(2025, 8, 1))


def band_a(price="209.5", **more):
    return table(currency="NGN", tax=NAIJA, charges=[usage(price=price)], **more)


def standing(price, per="month", name="Standing"):
    return {"name": name, "kind": "fixed", "per": per, "price": price}


def parts(bought):
    return bought.net_micro + bought.tax_micro + bought.arrears_micro + bought.remainder_micro


def test_five_thousand_naira():
    bought = units_for(band_a(), amount_micro=5_000 * MICRO)
    # 5,000 / 1.075 = 4,651.162791; / 209.5 = 22.2012544
    assert bought.quantity_micro == 22_201_254
    assert (bought.net_micro, bought.tax_micro) == (4_651_162_713, 348_837_209)
    assert (bought.arrears_micro, bought.fixed_micro, bought.remainder_micro) == (0, 0, 78)
    assert units_for(band_a("206.8"), amount_micro=5_000 * MICRO).quantity_micro == 22_491_116


@pytest.mark.parametrize(
    ("price", "units", "net"), [("209.5", 22_200_000, 4_650_900_000), ("206.8", 22_400_000, 4_632_320_000)]
)
def test_a_step_of_units_leaves_a_remainder(price, units, net):
    bought = units_for(band_a(price), amount_micro=5_000 * MICRO, step_micro=100_000)
    assert (bought.quantity_micro, bought.net_micro, bought.tax_micro) == (units, net, 348_837_209)
    assert bought.remainder_micro == 5_000 * MICRO - net - 348_837_209
    assert parts(bought) == 5_000 * MICRO


def test_arrears_then_standing_charges_then_units():
    priced = table(charges=[usage(price="2.00"), standing("200.00"), standing("1.00", per="day", name="Day")])
    bought = units_for(priced, amount_micro=1_000 * MICRO, days=JULY, arrears_percent_micro=25 * MICRO)
    # 250 to the arrears; (200 + 31) * 1.15 = 265.65; 484.35 / 1.15 / 2 = 210.586956
    assert bought.arrears_micro == 250 * MICRO
    assert bought.fixed_micro == 231 * MICRO
    assert bought.quantity_micro == 210_586_956
    assert bought.net_micro == 231 * MICRO + 421_173_912
    assert [line.charge for line in bought.lines] == ["Standing", "Day", "Energy"]
    assert parts(bought) == 1_000 * MICRO
    # without days nothing is due by time
    assert units_for(priced, amount_micro=230 * MICRO).quantity_micro == 100 * MICRO


def test_an_amount_below_the_standing_charges_goes_there():
    priced = table(charges=[usage(price="2.00"), standing("200.00"), standing("100.00", name="Second")])
    bought = units_for(priced, amount_micro=115 * MICRO, days=JULY)
    assert (bought.quantity_micro, bought.net_micro, bought.tax_micro) == (0, 100 * MICRO, 15 * MICRO)
    assert (bought.unpaid_micro, bought.remainder_micro) == (230 * MICRO, 0)
    assert [line.net_micro for line in bought.lines] == [66_666_667, 33_333_333]
    exactly = units_for(priced, amount_micro=345 * MICRO, days=JULY)
    assert (exactly.unpaid_micro, exactly.net_micro, exactly.remainder_micro) == (0, 300 * MICRO, 0)


def test_blocks_go_on_from_what_was_used():
    priced = table(tax=None, charges=[usage(blocks=HOMELIGHT_BLOCKS)])
    # 350 * 1.9028 = 665.98, then 147 * 2.1562 = 316.9614
    assert units_for(priced, amount_micro=982_941_400).quantity_micro == 497 * MICRO
    assert units_for(priced, amount_micro=982_941_399).quantity_micro == 497 * MICRO - 1
    later = units_for(priced, amount_micro=316_961_400, already_micro=350 * MICRO)
    assert later.quantity_micro == 147 * MICRO
    assert [(line.block, line.quantity_micro) for line in later.lines] == [(2, 147 * MICRO)]


def test_an_allowance_is_free():
    priced = table(tax=None, charges=[usage(price="2.00", allowance="50")])
    bought = units_for(priced, amount_micro=20 * MICRO)
    assert bought.quantity_micro == 60 * MICRO
    assert [(line.block, line.quantity_micro) for line in bought.lines] == [(0, 50 * MICRO), (1, 10 * MICRO)]


def test_volume_prices_have_cliffs_and_the_most_is_taken():
    priced = table(tax=None, charges=[usage(blocks=FALLING, blocks_mode="volume")])
    # 25 buys 250 at 0.10, where the first block would give 25; 4 millionths more round to the same 25
    assert units_for(priced, amount_micro=25 * MICRO).quantity_micro == 250 * MICRO + 4
    assert units_for(priced, amount_micro=20 * MICRO).quantity_micro == 200 * MICRO + 4
    assert units_for(priced, amount_micro=19 * MICRO).quantity_micro == 19 * MICRO
    # whole steps only: 200.000004 is none of them, nor is 200 for 20
    assert units_for(priced, amount_micro=20 * MICRO, step_micro=MICRO).quantity_micro == 20 * MICRO
    # and the cheapest way to have 150 is to take more than 200
    assert amount_for(priced, quantity_micro=150 * MICRO) == 20 * MICRO
    assert amount_for(priced, quantity_micro=10 * MICRO) == 10 * MICRO


def test_how_much_for_fifty():
    assert amount_for(band_a(), quantity_micro=50 * MICRO) == 11_260_630_000
    # half of what is paid goes to the arrears
    assert amount_for(band_a(), quantity_micro=50 * MICRO, arrears_percent_micro=50 * MICRO) == 22_521_250_000
    priced = table(charges=[usage(price="2.0967"), standing("10.00")])
    # 350 * 2.0967 = 733.845; (733.845 + 10) * 1.15 = 855.42175, upward
    assert amount_for(priced, quantity_micro=350 * MICRO, days=JULY) == 855_430_000


def test_no_money_is_enough():
    dear = table(tax=None, charges=[usage(price="1000000.00")])
    # 9.22 million million are all money
    assert amount_for(dear, quantity_micro=9_000_000 * MICRO) == 9_000_000_000_000 * MICRO
    with pytest.raises(BadPurchase, match="no amount of money"):
        amount_for(dear, quantity_micro=9_300_000 * MICRO)
    assert units_for(dear, amount_micro=5_000_000 * MICRO).quantity_micro == 5 * MICRO
    with pytest.raises(BuysWithoutEnd):
        amount_for(table(charges=[usage(price="0")]), quantity_micro=MICRO)


def test_what_nothing_can_be_bought_with():
    with pytest.raises(TimesNeeded):
        units_for(homeflex(), amount_micro=MICRO)
    power = {"name": "D", "kind": "demand", "interval_minutes": 30, "unit": "kW", "price": "1.00"}
    with pytest.raises(TimesNeeded):
        units_for(table(charges=[usage(price="1.00"), power]), amount_micro=MICRO)
    with pytest.raises(NotPriced) as unpriced:
        units_for(table(charges=[usage(price="1.00", register="export")]), amount_micro=MICRO)
    assert unpriced.value.code == NOT_PRICED
    with pytest.raises(BuysWithoutEnd):
        units_for(table(charges=[usage(price="0")]), amount_micro=MICRO)
    for bad in (
        {"amount_micro": 0},
        {"amount_micro": -1},
        {"amount_micro": 2**63},
        {"amount_micro": 1, "step_micro": 0},
        {"amount_micro": 1, "arrears_percent_micro": -1},
        {"amount_micro": 1, "arrears_percent_micro": 100_000_001},
        {"amount_micro": 1, "already_micro": -1},
    ):
        with pytest.raises(BadPurchase):
            units_for(table(), **bad)
    with pytest.raises(BadPurchase):
        amount_for(table(), quantity_micro=0)
    with pytest.raises(BadPurchase):
        amount_for(table(), quantity_micro=1, arrears_percent_micro=100 * MICRO)
    for coin in (0, 2**63):
        with pytest.raises(BadPurchase, match="the smallest coin"):
            amount_for(table(), quantity_micro=1, coin_micro=coin)
    with pytest.raises(NotPriced):
        units_for(table(), amount_micro=1, days=(date(2023, 1, 1), date(2023, 2, 1)))


def price_text(micro):
    return f"{micro // MICRO}.{micro % MICRO:06d}"


@st.composite
def any_table(draw):
    limits = sorted(draw(st.sets(st.integers(1, 300), max_size=3)))
    # below a ten-thousandth the highest amount buys more than a register can count
    prices = draw(st.lists(st.integers(100, 300 * MICRO), min_size=len(limits) + 1, max_size=len(limits) + 1))
    blocks = [
        {"up_to": str(limit), "price": price_text(price)}
        for limit, price in zip(limits, prices, strict=False)
    ]
    blocks.append({"price": price_text(prices[-1])})
    more = {"blocks_mode": "volume"} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        more["allowance"] = draw(st.sampled_from(["1", "33.333333"]))
    conversion = {"unit": "kWh", "factor": "11.186812"} if draw(st.booleans()) else None
    return table(
        utility="gas",
        conversion=conversion,
        tax=draw(st.sampled_from([None, NAIJA, INCLUSIVE])),
        charges=[usage(blocks=blocks, **more), standing(price_text(draw(st.integers(0, 30 * MICRO))))],
    )


@given(
    priced=any_table(),
    amount=st.integers(1, 10_000 * MICRO),
    percent=st.integers(0, 100 * MICRO),
    already=st.integers(0, 400 * MICRO),
    step=st.sampled_from([1, 100_000, MICRO]),
)
@settings(max_examples=200, deadline=None)
def test_every_millionth_is_accounted_for_and_no_more_can_be_had(priced, amount, percent, already, step):
    how = {"days": JULY, "arrears_percent_micro": percent, "already_micro": already}
    bought = units_for(priced, amount_micro=amount, step_micro=step, **how)
    assert parts(bought) == amount
    assert min(bought.arrears_micro, bought.remainder_micro, bought.unpaid_micro, bought.tax_micro) >= 0
    assert bought.quantity_micro % step == 0
    assert sum(line.net_micro for line in bought.lines) == bought.net_micro
    if bought.unpaid_micro:
        assert bought.quantity_micro == bought.remainder_micro == 0
        return
    # one step more costs more than there is
    totals = PeriodTotals(priced, register="import")
    totals.add(season="", letter="", quantity_micro=already)
    before = totals.charged
    totals.add(season="", letter="", quantity_micro=bought.quantity_micro + step)
    more = totals.charged.gross_micro - before.gross_micro
    due = sum(line.net_micro + line.tax_micro for line in bought.lines if line.kind == "fixed")
    # an inclusive net and its tax may be rounded against each other by one
    assert more + due + bought.arrears_micro >= amount - 1


@given(
    priced=any_table(),
    quantity=st.integers(1, 500 * MICRO),
    percent=st.integers(0, 99_990_000),
    arrears=st.none() | st.integers(0, 300 * MICRO),
    due=st.none() | st.integers(0, 100 * MICRO),
    already=st.integers(0, 400 * MICRO),
    step=st.sampled_from([1, 100_000]),
    coin=st.sampled_from([1, 10_000]),
)
@settings(max_examples=200, deadline=None)
def test_the_amount_for_a_quantity_is_the_smallest(
    priced, quantity, percent, arrears, due, already, step, coin
):
    how = {
        "days": JULY,
        "standing_due_micro": due,
        "arrears_percent_micro": percent,
        "arrears_micro": arrears,
        "already_micro": already,
        "step_micro": step,
    }
    bought = purchase_of(priced, quantity_micro=quantity, coin_micro=coin, **how)
    amount = bought.amount_micro
    assert amount == amount_for(priced, quantity_micro=quantity, coin_micro=coin, **how)
    assert amount % coin == 0
    assert bought.quantity_micro >= quantity
    assert parts(bought) == amount
    assert min(bought.remainder_micro, bought.tax_micro, bought.arrears_micro) >= 0
    assert units_for(priced, amount_micro=amount, **how).quantity_micro >= bought.quantity_micro
    # a coin less buys less
    if amount > coin:
        assert units_for(priced, amount_micro=amount - coin, **how).quantity_micro < quantity


@given(amount=st.integers(1, 10**6 * MICRO), percent=st.integers(0, 100 * MICRO))
@settings(max_examples=60, deadline=None)
def test_tax_is_what_the_amount_contains(amount, percent):
    tax = {"name": "T", "percent": price_text(percent), "prices": "exclusive"}
    bought = units_for(table(tax=tax, charges=[usage(price="0.10")]), amount_micro=amount)
    if bought.quantity_micro:
        contained = Fraction(amount) * percent / (100 * MICRO + percent)
        assert abs(bought.tax_micro - contained) <= Fraction(1, 2)
