"""Spending limits: what is told, once a day and month, and what goes beyond them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mita.wallets.domain import Span, SpendLimit, Spent, Told, cut_until, settle_spend, spans_beyond

DAY, MONTH = Span.DAY, Span.MONTH
LIMIT = SpendLimit(100, 1_000)
NOTHING = frozenset()
WARNED = frozenset({Told.DAY_WARNED})
REACHED = frozenset({Told.DAY_WARNED, Told.DAY_REACHED})
MONTH_REACHED = frozenset({Told.MONTH_WARNED, Told.MONTH_REACHED})

# limit, (day, month) spent, told before -> warned, reached, left, told after
CASES = [
    ("nothing yet", LIMIT, (79, 79), NOTHING, (), (), (), NOTHING),
    ("80 %", LIMIT, (80, 80), NOTHING, (DAY,), (), (), WARNED),
    ("warned once", LIMIT, (99, 99), WARNED, (), (), (), WARNED),
    ("100 %", LIMIT, (100, 100), WARNED, (), (DAY,), (), REACHED),
    ("at once", LIMIT, (250, 250), NOTHING, (), (DAY,), (), REACHED),
    ("reached once", LIMIT, (300, 300), REACHED, (), (), (), REACHED),
    ("left by a correction", LIMIT, (90, 90), REACHED, (), (), (DAY,), WARNED),
    ("left far below", LIMIT, (-5, -5), REACHED, (), (), (DAY,), WARNED),
    ("and reached again", LIMIT, (100, 100), WARNED, (), (DAY,), (), REACHED),
    ("both", LIMIT, (100, 1_000), NOTHING, (), (DAY, MONTH), (), REACHED | MONTH_REACHED),
    ("the month alone", LIMIT, (1, 800), NOTHING, (MONTH,), (), (), {Told.MONTH_WARNED}),
    ("a month of refunds", LIMIT, (50, -50), NOTHING, (), (), (), NOTHING),
    ("the day is free now", SpendLimit(None, 1_000), (500, 500), REACHED, (), (), (DAY,), NOTHING),
    ("80 % of 3 is 2.4", SpendLimit(3, None), (2, 2), NOTHING, (), (), (), NOTHING),
    ("and 3 reaches it", SpendLimit(3, None), (3, 3), NOTHING, (), (DAY,), (), REACHED),
]


@pytest.mark.parametrize(
    ("limit", "spent", "told", "warned", "reached", "left", "after"),
    [c[1:] for c in CASES],
    ids=[c[0] for c in CASES],
)
def test_what_is_told(limit, spent, told, warned, reached, left, after):
    telling = settle_spend(limit, spent=Spent(*spent), told=told)
    assert (telling.warned, telling.reached, telling.left) == (warned, reached, left)
    assert telling.told == after


@pytest.mark.parametrize(
    ("limit", "spent", "more", "beyond"),
    [
        (LIMIT, (60, 60), 40, []),
        (LIMIT, (60, 60), 41, [DAY]),
        (LIMIT, (100, 100), 0, []),
        (LIMIT, (101, 101), 0, [DAY]),
        (LIMIT, (0, 950), 60, [MONTH]),
        (LIMIT, (100, 1_000), 1, [DAY, MONTH]),
        # a refund is no leave to spend more than the limit
        (LIMIT, (-50, -50), 120, [DAY]),
        (SpendLimit(None, 1_000), (900, 900), 100, []),
    ],
)
def test_what_goes_beyond_a_limit(limit, spent, more, beyond):
    assert spans_beyond(limit, spent=Spent(*spent), more_micro=more) == beyond


@pytest.mark.parametrize(
    ("limit", "problems"),
    [
        (LIMIT, 0),
        (SpendLimit(1, None), 0),
        (SpendLimit(None, None), 1),
        (SpendLimit(0, None), 1),
        (SpendLimit(5, -1), 1),
    ],
)
def test_a_limit_has_an_amount_above_zero(limit, problems):
    assert len(limit.problems()) == problems


BERLIN = ZoneInfo("Europe/Berlin")
CUTTING = SpendLimit(100, 1_000, is_cutting=True)


@pytest.mark.parametrize(
    ("limit", "told", "day", "wanted"),
    [
        (CUTTING, REACHED, date(2026, 3, 18), datetime(2026, 3, 18, 23, tzinfo=UTC)),
        # the day on which summer time begins ends an hour earlier
        (CUTTING, REACHED, date(2026, 3, 29), datetime(2026, 3, 29, 22, tzinfo=UTC)),
        (CUTTING, MONTH_REACHED, date(2026, 3, 18), datetime(2026, 3, 31, 22, tzinfo=UTC)),
        (CUTTING, REACHED | MONTH_REACHED, date(2026, 12, 5), datetime(2026, 12, 31, 23, tzinfo=UTC)),
        (CUTTING, WARNED, date(2026, 3, 18), None),
        (LIMIT, REACHED, date(2026, 3, 18), None),
    ],
)
def test_until_when_the_supply_is_cut(limit, told, day, wanted):
    assert cut_until(limit, told=told, day=day, zone=BERLIN) == wanted


def test_a_midnight_that_the_clock_leaves_out():
    # in Cairo 24 April 2026 begins at one o'clock
    ends = DAY.ends_at(date(2026, 4, 23), zone=ZoneInfo("Africa/Cairo"))
    assert ends == datetime(2026, 4, 23, 22, tzinfo=UTC)
    assert ends.astimezone(ZoneInfo("Africa/Cairo")).date() == date(2026, 4, 24)
