"""How a top-up is divided between what is owed and the wallet: cases by hand, and what holds for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.wallets.domain import Receipt, divide_receipt

# top-up, emergency credit owed, debt owed, percent: repaid, recovered, rest
CASES = [
    (100, 0, 0, 0, Receipt(0, 0, 100)),
    (100, 30, 0, 0, Receipt(30, 0, 70)),
    (100, 130, 0, 0, Receipt(100, 0, 0)),
    (100, 0, 500, 20, Receipt(0, 20, 80)),
    # the percentage is of what emergency credit leaves
    (100, 40, 500, 50, Receipt(40, 30, 30)),
    (100, 100, 500, 50, Receipt(100, 0, 0)),
    # never more than is owed
    (100, 0, 7, 20, Receipt(0, 7, 93)),
    (100, 0, 500, 100, Receipt(0, 100, 0)),
    # 33 percent of 5 is 1.65, of 4 is 1.32, of 50 is 16.5: half up
    (5, 0, 500, 33, Receipt(0, 2, 3)),
    (4, 0, 500, 33, Receipt(0, 1, 3)),
    (50, 0, 500, 33, Receipt(0, 17, 33)),
    (1, 0, 500, 50, Receipt(0, 1, 0)),
    (1, 0, 500, 49, Receipt(0, 0, 1)),
]


@pytest.mark.parametrize(("amount", "emergency", "debt", "percent", "receipt"), CASES)
def test_cases(amount, emergency, debt, percent, receipt):
    found = divide_receipt(amount, emergency_micro=emergency, debt_micro=debt, percent_of_top_ups=percent)
    assert found == receipt


OWED = st.integers(0, 10**15)


@given(amount=OWED, emergency=OWED, debt=OWED, percent=st.integers(0, 100))
def test_parts_sum_and_nothing_is_overpaid(amount, emergency, debt, percent):
    found = divide_receipt(amount, emergency_micro=emergency, debt_micro=debt, percent_of_top_ups=percent)

    assert found.repaid_micro + found.recovered_micro + found.rest_micro == amount
    assert 0 <= found.repaid_micro <= emergency
    assert 0 <= found.recovered_micro <= debt
    assert found.rest_micro >= 0
    assert found.repaid_micro == emergency or found.recovered_micro == found.rest_micro == 0
    if found.recovered_micro < debt:
        # within half a micro of the exact percentage
        exact_hundredths = (amount - found.repaid_micro) * percent
        assert -50 <= exact_hundredths - found.recovered_micro * 100 < 50
