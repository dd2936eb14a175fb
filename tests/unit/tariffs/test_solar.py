from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.tariffs.domain.sharing import EQUAL, SharingRule, allocate
from mita.tariffs.domain.solar import BadShares, Installation, month_credit_micro, month_credits

PENNY = 10_000
MICRO = 1_000_000


@pytest.fixture(scope="module")
def cases(fixtures_path):
    rows = json.loads((fixtures_path / "energy" / "allocation_cases.json").read_text(encoding="utf-8"))
    return {row["id"]: row for row in rows}


def installation(shares, *, capacity=3_500_000, price=36_500_000):
    return Installation(capacity_micro=capacity, price_micro=price, shares=shares)


def test_months_of_the_file(cases):
    case = cases["solar-credit-months"]
    for row in case["rows"]:
        year, month = map(int, row["month"].split("-"))
        credit = month_credit_micro(
            capacity_micro=int(Decimal(case["capacity_kw"]) * MICRO),
            price_micro=case["pence_per_kw_year"] * PENNY,
            year=year,
            month=month,
        )
        assert credit == row["credit_pence"] * PENNY


@pytest.mark.parametrize(
    ("capacity", "price", "year", "month", "pence"),
    [
        (3_500_000, 36_500_000, 2025, 2, 980),
        (3_500_000, 36_500_000, 2025, 1, 1_085),
        # 3.5 * 3650 * 29 / 366 = 1012.227
        (3_500_000, 36_500_000, 2024, 2, 1_012),
        # 3.5 * 3650 * 30 / 366 = 1047.13
        (3_500_000, 36_500_000, 2024, 4, 1_047),
        # 3.333 * 3650.5 * 31 / 365 = 1033.37
        (3_333_000, 36_505_000, 2025, 3, 1_033),
        (None, 36_500_000, 2025, 1, 0),
        (3_500_000, None, 2025, 1, 0),
        (0, 36_500_000, 2025, 1, 0),
    ],
)
def test_a_month_is_truncated_to_the_penny(capacity, price, year, month, pence):
    found = month_credit_micro(capacity_micro=capacity, price_micro=price, year=year, month=month)
    assert found == pence * PENNY


def test_no_penny_is_lost_between_shares(cases):
    row = cases["solar-credit-split"]
    shares = {home: int(Decimal(ratio) * MICRO) for home, ratio in row["ratios"].items()}
    credits_micro = month_credits([installation(shares)], year=2025, month=1)
    # the file's own figures lose a penny: 542 + 325 + 217
    assert credits_micro == {"A": 543 * PENNY, "B": 325 * PENNY, "C": 217 * PENNY}
    assert sum(credits_micro.values()) == row["base_pence"] * PENNY
    assert sum(row["credit_pence"].values()) + row["lost_pence"] == row["base_pence"]


def test_two_installations_are_added_up():
    both = [installation({"A": MICRO}), installation({"B": 500_000, "A": 500_000}, capacity=1_000_000)]
    # 1 kW: 310 p
    assert month_credits(both, year=2025, month=1) == {"A": (1_085 + 155) * PENNY, "B": 155 * PENNY}


def test_shares_below_one_leave_the_rest_to_nobody():
    assert month_credits([installation({"A": 500_000})], year=2025, month=2) == {"A": 490 * PENNY}
    assert month_credits([installation({"A": MICRO}, price=None)], year=2025, month=2) == {"A": 0}


@pytest.mark.parametrize("shares", [{"A": 500_000, "B": 500_001}, {"A": -1, "B": 2}])
def test_shares_that_are_none(shares):
    with pytest.raises(BadShares, match="at most 1 together"):
        month_credits([installation(shares)], year=2025, month=1)


def test_the_estate_shares_equally(cases):
    """What a sharing group of the rule ``equal`` does; its table's allowance is the free band."""
    row = cases["estate-free-allocation-per-unit"]
    units = dict.fromkeys(range(row["units"]), 50 * MICRO)
    found = allocate(SharingRule(EQUAL), generation=row["gen"] * MICRO, consumption=units)
    assert set(found.allocated.values()) == {int(Decimal(row["per_unit"]) * MICRO)} == {30_000_000}
    assert found.surplus == 0
    uneven = allocate(SharingRule(EQUAL), generation=100, consumption={"C": 90, "A": 90, "B": 90})
    assert uneven.allocated == {"A": 34, "B": 33, "C": 33}


def test_days_and_shares_of_days_count():
    # 14 of 28 days: 490.0; A has all of the first 7 days, B of the other 7
    half = Installation(3_500_000, 36_500_000, {"A": 7 * MICRO, "B": 7 * MICRO}, whole=14 * MICRO, days=14)
    assert month_credits([half], year=2025, month=2) == {"A": 245 * PENNY, "B": 245 * PENNY}


@given(
    capacity=st.integers(1, 10**9),
    price=st.integers(1, 10**9),
    cuts=st.lists(st.integers(0, MICRO), min_size=3, max_size=3),
    month=st.integers(1, 12),
)
def test_whole_shares_lose_nothing(capacity, price, cuts, month):
    low, middle, high = sorted(cuts)
    shares = {"C": low, "A": middle - low, "D": high - middle, "B": MICRO - high}
    credits_micro = month_credits(
        [installation(shares, capacity=capacity, price=price)], year=2025, month=month
    )
    whole = month_credit_micro(capacity_micro=capacity, price_micro=price, year=2025, month=month)
    assert sum(credits_micro.values()) == whole
    assert all(credit % PENNY == 0 for credit in credits_micro.values())
