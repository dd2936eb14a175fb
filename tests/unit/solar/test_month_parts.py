"""What a month of installations credits, by hand: dates, shares that change, several installations."""

from __future__ import annotations

from datetime import date

from mita.solar.domain import Panels, Shares, left_out, month_parts, too_much_on, worth

MICRO = 1_000_000
PENNY = 10_000
JANUARY = date(2025, 1, 1)


def panels(*shares, first_on=JANUARY, until_on=None, kw=3_500_000):
    rows = tuple(Shares(*each) for each in shares)
    return Panels(1, "Roof", kw, 36_500_000, first_on, until_on, rows)


def pence(*some, month):
    return {unit: worth(parts) // PENNY for unit, parts in month_parts(some, month=month).items()}


def test_a_whole_month_is_shared_without_loss():
    roof = panels((1, JANUARY, 500_000), (2, JANUARY, 300_000), (3, JANUARY, 200_000))
    assert pence(roof, month=JANUARY) == {1: 543, 2: 325, 3: 217}


def test_days_before_the_first_and_after_the_last_do_not_count():
    # 14 of 28 days: 490
    late = panels((1, date(2025, 2, 15), MICRO), first_on=date(2025, 2, 15))
    assert pence(late, month=date(2025, 2, 1)) == {1: 490}
    ended = panels((1, JANUARY, MICRO), until_on=date(2025, 2, 15))
    assert pence(ended, month=date(2025, 2, 1)) == {1: 490}
    assert pence(ended, month=date(2025, 3, 1)) == {}
    assert pence(late, month=JANUARY) == {}


def test_a_share_that_changes_counts_by_days():
    # unit 1 has all of 10 days, unit 2 half of 21: 1,085 x 10/31 = 350, x 10.5/31 = 367.5, nobody's 367.5
    roof = panels((1, JANUARY, MICRO), (1, date(2025, 1, 11), 0), (2, date(2025, 1, 11), 500_000))
    assert pence(roof, month=JANUARY) == {1: 350, 2: 368}
    assert pence(roof, month=date(2025, 2, 1)) == {2: 490}


def test_the_newest_row_of_a_date_holds_and_a_later_date_wins():
    roof = panels((1, JANUARY, MICRO), (1, date(2025, 3, 1), 250_000), (1, JANUARY, 500_000))
    assert roof.shares_on(JANUARY) == {1: 500_000}
    assert roof.shares_on(date(2025, 3, 1)) == {1: 250_000}
    assert roof.shares_on(date(2024, 12, 31)) == {}


def test_credits_of_several_installations_are_added_up():
    one = panels((1, JANUARY, MICRO), kw=1_000_000)
    assert pence(panels((1, JANUARY, MICRO)), one, month=JANUARY) == {1: 1_085 + 310}


def test_who_is_not_named_has_none_and_nobody_has_more_than_all():
    roof = panels((1, JANUARY, 600_000), (2, JANUARY, 400_000), (3, date(2025, 6, 1), 0))
    march = date(2025, 3, 1)
    rows = left_out(roof, given={3: 700_000}, from_on=march)
    assert rows == [Shares(1, march, 0), Shares(2, march, 0), Shares(3, march, 700_000)]
    assert too_much_on(roof, more=rows) is None
    later = panels((1, JANUARY, 600_000), (2, date(2025, 6, 1), 400_000))
    # from March on it fits, from June on the other's 0.4 come to it
    assert too_much_on(later, more=[Shares(1, march, 700_000)]) == date(2025, 6, 1)
