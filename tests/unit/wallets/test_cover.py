"""What the general account pays: cases counted by hand, and what holds for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.wallets.domain import Lacking, Standing, WatchLines, find_lacking, plan_covers, standing_after

LINES = WatchLines(low_micro=20, cut_micro=0, restore_micro=10)

# coming from, balance, lines, what it lacks: standing, least, wanted with a cover of 100
LACKING = [
    (Standing.IN_CREDIT, 21, LINES, None),
    # at a line is below it
    (Standing.IN_CREDIT, 20, LINES, (Standing.LOW, 1, 101)),
    (Standing.IN_CREDIT, 1, LINES, (Standing.LOW, 20, 120)),
    (Standing.IN_CREDIT, 0, LINES, (Standing.OUT, 21, 121)),
    (Standing.IN_CREDIT, -5, LINES, (Standing.OUT, 26, 126)),
    # from out it returns only at the restore line, and then it is still low
    (Standing.OUT, 9, LINES, (Standing.OUT, 12, 112)),
    # a restore line above the low line
    (Standing.OUT, 30, WatchLines(20, 0, 50), (Standing.OUT, 20, 120)),
    (Standing.IN_CREDIT, -100, WatchLines(), None),
    (Standing.IN_CREDIT, -100, WatchLines(low_micro=-100), (Standing.LOW, 1, 101)),
]


@pytest.mark.parametrize(("standing", "balance", "lines", "expected"), LACKING)
def test_what_is_lacking(standing, balance, lines, expected):
    found = find_lacking(7, standing=standing, balance_micro=balance, lines=lines, cover_micro=100)
    assert found == (None if expected is None else Lacking(7, *expected))


LOW, OUT = Standing.LOW, Standing.OUT
# available, lacking, parts
PLANS = [
    (1_000, [Lacking(1, LOW, 10, 110)], {1: 110}),
    (50, [Lacking(1, LOW, 10, 110)], {1: 50}),
    (5, [Lacking(1, LOW, 10, 110)], {1: 5}),
    (0, [Lacking(1, LOW, 10, 110)], {}),
    (-5, [Lacking(1, LOW, 10, 110)], {}),
    # who is out comes first, then everybody's least, then what is wanted
    (25, [Lacking(1, LOW, 10, 110), Lacking(2, OUT, 20, 120)], {2: 20, 1: 5}),
    (60, [Lacking(1, LOW, 10, 110), Lacking(2, OUT, 20, 120)], {2: 50, 1: 10}),
    (1_000, [Lacking(1, LOW, 10, 110), Lacking(2, OUT, 20, 120)], {1: 110, 2: 120}),
    # the same standing: by account
    (15, [Lacking(2, LOW, 10, 10), Lacking(1, LOW, 10, 10)], {1: 10, 2: 5}),
    (15, [], {}),
]


@pytest.mark.parametrize(("available", "lacking", "parts"), PLANS)
def test_plans(available, lacking, parts):
    assert plan_covers(available, lacking=lacking) == parts


AMOUNTS = st.integers(1, 10**12)
LISTS = st.lists(
    st.builds(
        lambda account, standing, least, more: Lacking(account, standing, least, least + more),
        st.integers(1, 20),
        st.sampled_from([LOW, OUT]),
        AMOUNTS,
        AMOUNTS,
    ),
    unique_by=lambda each: each.account_id,
)


@given(available=st.integers(-(10**12), 10**13), lacking=LISTS)
def test_never_more_than_available_never_more_than_wanted(available, lacking):
    parts = plan_covers(available, lacking=lacking)

    assert sum(parts.values()) == min(max(0, available), sum(each.wanted_micro for each in lacking))
    assert all(
        0 < parts[each.account_id] <= each.wanted_micro for each in lacking if each.account_id in parts
    )
    if any(parts.get(each.account_id, 0) < each.least_micro for each in lacking):
        assert all(parts.get(each.account_id, 0) <= each.least_micro for each in lacking)


LINE = st.none() | st.integers(-(10**6), 10**6)


@given(
    standing=st.sampled_from(Standing),
    balance=st.integers(-(10**7), 10**7),
    lines=st.builds(WatchLines, LINE, st.integers(-(10**6), 10**6), LINE),
)
def test_the_least_is_enough_and_no_less_is(standing, balance, lines):
    found = find_lacking(1, standing=standing, balance_micro=balance, lines=lines, cover_micro=0)
    if found is None:
        assert standing_after(standing, balance_micro=balance, lines=lines) is Standing.IN_CREDIT
        return
    after = balance + found.least_micro
    assert standing_after(standing, balance_micro=after, lines=lines) is Standing.IN_CREDIT
    assert standing_after(Standing.OUT, balance_micro=after, lines=lines) is Standing.IN_CREDIT
    assert standing_after(Standing.OUT, balance_micro=after - 1, lines=lines) is not Standing.IN_CREDIT
