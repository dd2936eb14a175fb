from __future__ import annotations

import pytest

from mita.tariffs.domain import (
    NO_TABLE,
    NOT_PRICED,
    BadIntervals,
    Calculation,
    CalculationLine,
    Interval,
    Line,
    NotPriced,
    TimesNeeded,
    build_slots,
    calculate,
    explain,
)

from .tables import HOMELIGHT_BLOCKS, JOHANNESBURG, MICRO, homeflex, opening, seconds, table, usage

HOUR = 3_600
MONDAY = seconds("2025-07-07", JOHANNESBURG)


def calculated(priced, **how):
    return calculate(priced, zone=JOHANNESBURG, **how)


def test_a_quantity_by_blocks_and_charges():
    priced = table(charges=[usage(blocks=HOMELIGHT_BLOCKS), usage(name="Levy", price="0.10")])
    assert calculated(priced, quantity_micro=497 * MICRO) == Calculation(
        net_micro=1_032_641_400,
        tax_micro=154_896_210,
        lines=(
            CalculationLine("Energy", "", "", 0, 350_000_000, 1_902_800, 665_980_000),
            CalculationLine("Energy", "", "", 1, 147_000_000, 2_156_200, 316_961_400),
            CalculationLine("Levy", "", "", 0, 497_000_000, 100_000, 49_700_000),
        ),
    )


def test_the_lines_of_an_inclusive_price_add_up_to_the_rounded_net():
    inclusive = {"name": "VAT", "percent": "15", "prices": "inclusive"}
    charges = [usage(price="0.000001"), usage(name="B", price="0.000001"), usage(name="C", price="0.000001")]
    found = calculated(table(tax=inclusive, charges=charges), quantity_micro=MICRO)
    # gross 3 micro, net 3 / 1.15 = 2.61 -> 3
    assert (found.net_micro, found.tax_micro) == (3, 0)
    assert [line.net_micro for line in found.lines] == [1, 1, 1]


def test_timed_intervals_are_summed_by_charge_season_and_letter():
    hours = [Interval(MONDAY + hour * HOUR, MONDAY + (hour + 1) * HOUR, MICRO) for hour in range(24)]
    found = calculated(homeflex(), intervals=hours)
    assert found.net_micro == 71_883_400
    assert found.tax_micro == 10_782_510
    assert {(line.season, line.letter): (line.quantity_micro, line.net_micro) for line in found.lines} == {
        ("high", "O"): (8_000_000, 12_740_800),
        ("high", "P"): (5_000_000, 35_348_500),
        ("high", "S"): (11_000_000, 23_794_100),
    }


def test_an_export_is_negative():
    found = calculated(
        table(charges=[usage(register="export", price="1.00")]), quantity_micro=MICRO, register="export"
    )
    assert (found.net_micro, found.tax_micro, found.lines[0].net_micro) == (-1_000_000, -150_000, -1_000_000)


def test_what_cannot_be_calculated_is_refused():
    with pytest.raises(TimesNeeded):
        calculated(homeflex(), quantity_micro=MICRO)
    with pytest.raises(NotPriced) as unpriced:
        calculated(table(), quantity_micro=MICRO, register="export")
    assert unpriced.value.code == NOT_PRICED
    with pytest.raises(NotPriced) as too_early:
        calculated(table(effective_from="2025-08-01"), intervals=[Interval(MONDAY, MONDAY + 1, 1)])
    assert too_early.value.code == NO_TABLE
    hour = Interval(MONDAY, MONDAY + HOUR, MICRO)
    for how in (
        {},
        {"quantity_micro": 1, "intervals": [hour]},
        {"quantity_micro": -1},
        {"quantity_micro": 10**15 + 1},
        {"intervals": [Interval(MONDAY, MONDAY + 1, 10**30)]},
        {"intervals": [hour, hour]},
        {"intervals": [Interval(MONDAY, MONDAY, 1)]},
        {"intervals": [Interval(MONDAY, MONDAY + 1, -1)]},
        {"intervals": [Interval(-1, MONDAY, 1)]},
        {"intervals": [hour, Interval(MONDAY + HOUR, 10**18, 1)]},
    ):
        with pytest.raises(BadIntervals):
            calculated(table(), **how)


def test_explanation_of_an_interval_over_letters_and_blocks():
    flat = [{"price": "1.00"}]
    blocks = {"P": [{"up_to": "10", "price": "3.00"}, {"price": "4.00"}], "S": flat, "O": flat}
    priced = homeflex(charges=[usage(blocks=blocks)])
    slots = build_slots([priced], zone=JOHANNESBURG, register="import", start_s=MONDAY, end_s=MONDAY + 86_400)
    # 05:00 to 07:00: an hour of O, an hour of P; 9 units came before
    lines = explain(
        slots,
        start_s=MONDAY + 5 * HOUR,
        end_s=MONDAY + 7 * HOUR,
        quantity_micro=MICRO,
        opening=opening(9 * MICRO + 700_000, 20 * MICRO),
        opening_at_s=MONDAY + 5 * HOUR,
    )
    assert lines == (
        Line(0, "high", "O", 0, 500_000, 1_000_000, 500_000, 75_000),
        Line(0, "high", "P", 1, 500_000, 4_000_000, 2_000_000, 300_000),
    )


def test_nothing_used_has_no_lines_and_no_price_no_explanation():
    slots = build_slots([table()], zone=JOHANNESBURG, register="export", start_s=MONDAY, end_s=MONDAY + 1)
    with pytest.raises(NotPriced):
        explain(slots, start_s=MONDAY, end_s=MONDAY + 1, quantity_micro=1)
    slots = build_slots([table()], zone=JOHANNESBURG, register="import", start_s=MONDAY, end_s=MONDAY + 1)
    assert explain(slots, start_s=MONDAY, end_s=MONDAY + 1, quantity_micro=0) == ()
