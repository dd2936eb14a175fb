"""How much of each promotion is spent: stories counted by hand, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.wallets.domain import Charged, Promoted, spent_micro, that_matter

T0 = datetime(2026, 3, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return T0 + timedelta(days=number)


def promoted(name: int, amount: int, *, seq: int, until: int, ended: int | None = None) -> Promoted:
    return Promoted(UUID(int=name), amount, seq, day(until), ended)


def charged(seq: int, amount: int, *, on: int = 1) -> Charged:
    return Charged(seq, day(on), amount)


A, B = promoted(1, 100, seq=5, until=10), promoted(2, 100, seq=8, until=5)

# promotions, charges, spent by name
STORIES = [
    ([A], [], {1: 0}),
    ([A], [charged(6, 30), charged(7, 50)], {1: 80}),
    ([A], [charged(6, 30), charged(7, 500)], {1: 100}),
    # charged before it was granted
    ([A], [charged(4, 30), charged(5, 30), charged(6, 1)], {1: 1}),
    # it happened after its end, or at it
    ([A], [charged(6, 30, on=10), charged(7, 30, on=11), charged(8, 7, on=9)], {1: 7}),
    # charged after it was ended, though it happened before
    ([promoted(1, 100, seq=5, until=10, ended=6)], [charged(6, 30), charged(7, 30)], {1: 30}),
    # the one that expires first pays first, once it is there
    ([A, B], [charged(6, 30), charged(9, 50)], {1: 30, 2: 50}),
    ([A, B], [charged(6, 30), charged(9, 150)], {1: 80, 2: 100}),
    # on day 7 the second one is over
    ([A, B], [charged(9, 50, on=7)], {1: 50, 2: 0}),
    # a correction gives back what was spent last
    ([A], [charged(6, 60), charged(7, -20)], {1: 40}),
    ([A, B], [charged(9, 150), charged(10, -70)], {1: 0, 2: 80}),
    # but first the other money
    ([A], [charged(6, 150), charged(7, -20)], {1: 100}),
    ([A], [charged(6, 150), charged(7, -60)], {1: 90}),
    # what was charged before is given back to nobody
    ([A], [charged(6, -60), charged(7, 10)], {1: 10}),
]


@pytest.mark.parametrize(("promotions", "charges", "expected"), STORIES)
def test_stories(promotions, charges, expected):
    found = spent_micro(promotions, charged=charges)
    assert {key.int: amount for key, amount in found.items()} == expected
    # neither the order of the promotions nor that of the charges matters
    assert spent_micro(promotions[::-1], charged=charges[::-1]) == found


PROMOTIONS = st.lists(
    st.builds(
        lambda name, amount, seq, until: promoted(name, amount, seq=seq, until=until),
        st.integers(1, 10**6),
        st.integers(1, 1_000),
        st.integers(0, 20),
        st.integers(1, 20),
    ),
    unique_by=lambda each: each.promotion_id,
    max_size=4,
)
CHARGES = st.lists(
    st.builds(
        lambda seq, amount, on: charged(seq, amount, on=on),
        st.integers(1, 40),
        st.integers(0, 500),
        st.integers(0, 20),
    ),
    unique_by=lambda each: each.seq,
)


@given(promotions=PROMOTIONS, charges=CHARGES)
def test_no_more_is_spent_than_there_is_or_was_charged(promotions, charges):
    spent = spent_micro(promotions, charged=charges)

    assert all(0 <= spent[each.promotion_id] <= each.amount_micro for each in promotions)
    payable = sum(c.amount_micro for c in charges if any(p.may_pay(c) for p in promotions))
    assert sum(spent.values()) <= payable


@given(promotions=PROMOTIONS, charges=CHARGES)
def test_one_promotion_alone_is_spent_as_far_as_it_can(promotions, charges):
    for promotion in promotions:
        payable = sum(charge.amount_micro for charge in charges if promotion.may_pay(charge))
        alone = spent_micro([promotion], charged=charges)
        assert alone[promotion.promotion_id] == min(promotion.amount_micro, payable)


def test_only_promotions_that_shared_charges_matter():
    long_gone = promoted(1, 10, seq=1, until=1, ended=3)
    before = promoted(2, 10, seq=4, until=2, ended=9)
    neighbour = promoted(3, 10, seq=8, until=3, ended=12)
    live = promoted(4, 10, seq=11, until=9)
    later = promoted(5, 10, seq=15, until=9)
    found = that_matter([long_gone, before, neighbour, live, later], of=[live])
    assert [each.promotion_id.int for each in found] == [2, 3, 4, 5]
