"""Energy of intervals out of readings: exact, telescoping, on the wall clock; terms by date."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import floor
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.sharing.domain import Spell, energy_between, grid_of, holding, is_double, rule_of, settled_until
from mita.tariffs.domain.sharing import SharingInvalid

VIENNA = ZoneInfo("Europe/Vienna")
D = date(2026, 3, 1)
DAY = timedelta(days=1)


@given(
    steps=st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**13)), min_size=1, max_size=8),
    cuts=st.lists(st.integers(-10, 9 * 10**6), min_size=2, max_size=12, unique=True),
)
def test_parts_add_up_and_follow_the_straight_line(steps: list[tuple[int, int]], cuts: list[int]) -> None:
    taken, value = [0], [5]
    for seconds, rise in steps:
        taken.append(taken[-1] + seconds)
        value.append(value[-1] + rise)
    edges = sorted({*cuts, 0, taken[-1]})

    def at(second: int) -> int:
        if second <= 0:
            return 5
        if second >= taken[-1]:
            return value[-1]
        place = max(i for i, t in enumerate(taken) if t <= second)
        slope = Fraction(value[place + 1] - value[place], taken[place + 1] - taken[place])
        return value[place] + floor(slope * (second - taken[place]))

    found = energy_between(taken, value, edges=np.array(edges, dtype=np.int64))
    assert found.tolist() == [at(b) - at(a) for a, b in pairwise(edges)]
    assert found.sum() == value[-1] - 5


def test_the_largest_register_over_years_does_not_wrap() -> None:
    edges = np.array([0, 500_000_000, 999_999_999, 10**9], dtype=np.int64)
    found = energy_between([0, 10**9], [0, 10**15], edges=edges)
    assert found.tolist() == [5 * 10**14, 499_999_999_000_000, 1_000_000]


def test_without_two_readings_nothing_is_known() -> None:
    edges = np.array([0, 10, 20], dtype=np.int64)
    assert energy_between([], [], edges=edges).tolist() == [0, 0]
    assert energy_between([5], [7], edges=edges).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("day", "minutes", "intervals"),
    [
        (date(2026, 3, 2), 15, 96),
        (date(2026, 3, 29), 15, 92),
        (date(2026, 10, 25), 15, 100),
        (date(2026, 10, 25), 60, 25),
    ],
)
def test_a_day_has_as_many_intervals_as_its_clock(day: date, minutes: int, intervals: int) -> None:
    grid = grid_of(VIENNA, first=day, until=day + DAY, minutes=minutes)
    assert len(grid) == intervals
    assert set(np.diff(grid.edges).tolist()) == {minutes * 60}
    two = grid_of(VIENNA, first=day - DAY, until=day + DAY, minutes=minutes)
    assert (two.before(day), two.before(day + DAY)) == (24 * 60 // minutes, len(two))


def test_the_terms_that_begin_last_hold() -> None:
    spells = [
        Spell(1, 10, D, key_micro=5),
        Spell(1, 10, D + DAY * 2, key_micro=7),
        Spell(1, 10, D, D + DAY * 5, key_micro=6),
        Spell(2, 20, D + DAY, D + DAY * 2),
    ]
    assert {who: each.key_micro for who, each in holding(spells, day=D).items()} == {1: 6}
    assert list(holding(spells, day=D + DAY)) == [1, 2]
    assert {who: each.key_micro for who, each in holding(spells, day=D + DAY * 9).items()} == {1: 7}
    assert not is_double([Spell(1, 10, D, D + DAY)], [Spell(2, 10, D + DAY)])
    assert is_double([Spell(1, 10, D, D + DAY * 2)], [Spell(2, 10, D + DAY)])


def test_what_is_settled_ends_at_the_first_meter_that_is_not_read() -> None:
    members = [Spell(1, 10, D), Spell(2, 20, D, D + DAY * 3), Spell(3, 30, D + DAY * 4)]
    sources = [Spell(99, 99, D)]
    today = D + DAY * 9

    def until(**read: int) -> tuple[int, dict[int, int]]:
        days = {int(name[1:]): D + DAY * number for name, number in read.items()}
        found, waiting = settled_until(members, sources, first=D, today=today, read_until=days)
        return (found - D).days, {each: (day - D).days for each, day in waiting.items()}

    assert until(r10=9, r20=3, r30=9, r99=9) == (9, {})
    assert until(r10=9, r20=2, r30=9, r99=9) == (2, {20: 2})
    assert until(r10=6, r20=3, r99=5) == (4, {10: 6, 30: 4, 99: 5})
    assert until() == (0, {10: 0, 20: 0, 30: 4, 99: 0})


@pytest.mark.parametrize(
    ("country", "name", "minutes", "expected"),
    [
        ("AT", None, None, ("static", 15, "fixed")),
        ("FR", None, None, ("dynamic", 30, "none")),
        ("FR", "full_dynamic", None, ("full_dynamic", 30, "after")),
        ("ES", "hourly", 60, ("hourly", 60, "before")),
        ("IT", None, None, ("virtual", 60, "none")),
        (None, "priority", 5, ("priority", 5, "none")),
    ],
)
def test_rules_of_countries(
    country: str | None, name: str | None, minutes: int | None, expected: tuple[str, int, str]
) -> None:
    rule = rule_of(country=country, name=name, is_own_surplus=False, interval_minutes=minutes)
    assert (rule.name, rule.interval_minutes, rule.keys) == expected
    assert rule.is_own_surplus is (country == "ES")


@pytest.mark.parametrize(
    ("country", "name", "asked", "minutes"),
    [
        ("DE", None, "", None),
        ("AT", "hourly", "", None),
        ("AT", "static", "own", None),
        ("AT", None, "", 60),
        ("IT", "static", "", None),
        (None, "virtual", "", None),
        (None, "dynamic", "own", None),
    ],
)
def test_rules_that_do_not_fit(
    country: str | None, name: str | None, asked: str, minutes: int | None
) -> None:
    with pytest.raises(SharingInvalid):
        rule_of(country=country, name=name, is_own_surplus=bool(asked), interval_minutes=minutes)
