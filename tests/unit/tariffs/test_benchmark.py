from __future__ import annotations

import json
from datetime import date
from decimal import ROUND_DOWN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.tariffs.domain import Block, DemandCharge, PriceRule, RateTable, Tax, UsageCharge
from mita.tariffs.domain.benchmark import (
    BadBenchmark,
    Benchmark,
    Saved,
    benchmark_tables,
    discounted_micro,
    meter_warnings,
    saved,
)

MICRO = 1_000_000
VAT = Tax(name="VAT", percent_micro=5 * MICRO, inclusive=True)
PUBLISHED = (
    Benchmark(date(2024, 10, 1), standing_micro=681_200, unit_micro=233_700),
    Benchmark(date(2024, 4, 1), standing_micro=671_900, unit_micro=234_300),
)


@pytest.mark.parametrize(
    ("benchmark", "percent", "customer"),
    [
        (671_900, 25, 503_920),  # 0.503925
        (234_300, 25, 175_720),  # 0.175725
        (681_200, 25, 510_900),  # 0.5109
        (233_700, 25, 175_270),  # 0.175275
        (233_700, 0, 233_700),
        (233_700, 100, 0),
        (123_456, 0, 123_450),
    ],
)
def test_the_discount_is_truncated_to_five_decimals(benchmark, percent, customer):
    assert discounted_micro(benchmark, discount_percent_micro=percent * MICRO) == customer


def test_rows_of_the_worked_examples(fixtures_path):
    rows = json.loads((fixtures_path / "tariffs" / "worked_examples.json").read_text(encoding="utf-8"))
    rows = [row for row in rows if row["kind"] == "benchmark_discount"]
    assert len(rows) == 2
    for row in rows:
        percent = int(Decimal(row["inputs"]["discount_percent"]) * MICRO)
        for each, text in row["inputs"]["benchmark"].items():
            found = discounted_micro(int(Decimal(text) * MICRO), discount_percent_micro=percent)
            assert found == int(Decimal(row["expected"]["truncated"][each]) * MICRO)


@given(benchmark=st.integers(0, 10**9), percent=st.integers(0, 100 * MICRO))
def test_the_discount_agrees_with_decimals(benchmark, percent):
    exact = Decimal(benchmark).scaleb(-6) * (1 - Decimal(percent).scaleb(-8))
    wanted = exact.quantize(Decimal("0.00001"), rounding=ROUND_DOWN)
    assert discounted_micro(benchmark, discount_percent_micro=percent) == int(wanted * MICRO)


@pytest.mark.parametrize("percent", [-1, 100 * MICRO + 1, 2_500 * MICRO])
def test_a_discount_is_a_percentage(percent):
    with pytest.raises(BadBenchmark, match="not 0 to 100"):
        discounted_micro(1, discount_percent_micro=percent)


def test_a_benchmark_below_zero_is_none():
    with pytest.raises(BadBenchmark, match="a benchmark of -1 is below zero"):
        discounted_micro(-1, discount_percent_micro=0)


def test_a_table_for_each_quarter():
    tables = benchmark_tables(PUBLISHED, name="Microgrid", discount_percent_micro=25 * MICRO, tax=VAT)
    assert [each.effective_from for each in tables] == [date(2024, 4, 1), date(2024, 10, 1)]
    later = tables[1]
    assert (later.currency, later.utility, later.tax) == ("GBP", "electricity", VAT)
    assert later.usage[0].blocks(season="", letter="") == (Block(up_to_micro=None, price_micro=175_270),)
    assert (later.fixed[0].per, later.fixed[0].price_micro) == ("day", 510_900)
    assert meter_warnings(later) == ()


@pytest.mark.parametrize(
    ("firsts", "says"),
    [
        ([date(2024, 4, 2)], "not the first date of a quarter"),
        ([date(2024, 5, 1)], "not the first date of a quarter"),
        ([date(2024, 4, 1), date(2024, 4, 1)], "two benchmarks"),
    ],
)
def test_benchmarks_are_quarters(firsts, says):
    with pytest.raises(BadBenchmark, match=says):
        benchmark_tables([Benchmark(first, 1, 1) for first in firsts], name="X", discount_percent_micro=0)


def tables_charge(*prices, letters=1):
    blocks = tuple(
        Block(up_to_micro=None if place == len(prices) - 1 else (place + 1) * MICRO, price_micro=price)
        for place, price in enumerate(prices)
    )
    rules = tuple(PriceRule(season="", letter=chr(65 + at), blocks=blocks) for at in range(letters))
    return UsageCharge(name="Energy", register="import", rules=rules, in_blocks=True)


@pytest.mark.parametrize(
    ("charge", "codes"),
    [
        (tables_charge(MICRO), []),
        (tables_charge(MICRO + 10), ["price_above_meter_limit"]),
        (tables_charge(123_456), ["too_many_decimals"]),
        (tables_charge(*[10] * 8, letters=8), []),
        (tables_charge(*[10] * 9), ["too_many_blocks"]),
        (tables_charge(10, letters=9), ["too_many_rates"]),
        (DemandCharge("Peak", "import", 30, "kW", (("", 10),)), ["not_on_meters"]),
    ],
)
def test_what_a_meter_cannot_hold(charge, codes):
    table = RateTable(
        name="X",
        utility="electricity",
        currency="GBP",
        effective_from=date(2024, 4, 1),
        charges=(charge,),
    )
    warnings = meter_warnings(table)
    assert [each.code for each in warnings] == codes
    assert all(each.path == "charges[0]" and each.message for each in warnings)


def test_what_was_saved_by_month_and_circuit():
    found = saved(
        benchmark_micro={"2025-01": {"heat": 60_000_000, "power": 40_000_000}, "2025-02": {"power": 5}},
        actual_micro={"2025-01": {"heat": 45_000_000, "power": 41_000_000}, "2025-03": {"power": 7}},
    )
    january = found["2025-01"]
    assert {circuit: each.saved_micro for circuit, each in january.items()} == {
        "heat": 15_000_000,
        "power": -1_000_000,
        "total": 14_000_000,
    }
    assert january["total"] == Saved(benchmark_micro=100_000_000, actual_micro=86_000_000)
    assert [found[month]["total"].saved_micro for month in ("2025-02", "2025-03")] == [5, -7]
