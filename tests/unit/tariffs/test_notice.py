"""Which assignment changes what a register is charged by, on which date."""

from __future__ import annotations

from datetime import date

from mita.tariffs.domain import SUPPLY, Assignment, Scope, Target, changeovers, tables_at

TARGET = Target(unit_id=7, meter_id=8, register_id=9)
JAN, JUN, JUL, AUG = date(2026, 1, 1), date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)


def given(
    number: int,
    table: int,
    since: date,
    *,
    until: date | None = None,
    scope: Scope = Scope.ESTATE,
    target: int = 0,
) -> Assignment:
    return Assignment(number, SUPPLY, scope, target, since, until, table)


def found(*assigned: tuple[Assignment, date]) -> list[tuple[int, date, bool, bool, object]]:
    all_of_them = [each for each, _ in assigned]
    return [
        (
            changeover.assignment.assignment_id,
            changeover.day,
            changeover.is_end,
            changeover.is_correction,
            tables_at(changeover, assignments=all_of_them, target=TARGET),
        )
        for changeover in changeovers(assigned)
    ]


def test_the_first_table_comes_after_nothing_and_the_next_after_it() -> None:
    assert found((given(1, 11, JAN), JAN), (given(2, 12, JUL), JUN)) == [
        (1, JAN, False, False, (None, 11)),
        (2, JUL, False, False, (11, 12)),
    ]


def test_what_a_more_specific_one_decides_is_no_change() -> None:
    own = given(2, 22, JAN, scope=Scope.UNIT, target=7)
    listed = found((given(1, 11, JAN), JAN), (own, JAN), (given(3, 12, JUL), JUN))
    assert listed[-1] == (3, JUL, False, False, None)


def test_the_end_of_one_brings_the_general_one_back() -> None:
    own = given(2, 22, JUL, until=AUG, scope=Scope.UNIT, target=7)
    assert found((given(1, 11, JAN), JAN), (own, JUN))[1:] == [
        (2, JUL, False, False, (11, 22)),
        (2, AUG, True, False, (22, 11)),
    ]


def test_a_correction_of_the_past_compares_with_what_was_for_the_same_date() -> None:
    listed = found((given(1, 11, JAN), JAN), (given(2, 12, JUN), JAN), (given(3, 13, JUN), JUL))
    # the one that was corrected is no news any more
    assert listed[1:] == [(2, JUN, False, False, None), (3, JUN, False, True, (12, 13))]


def test_a_correction_for_a_span_that_is_over_turns_once() -> None:
    listed = found((given(1, 11, JAN), JAN), (given(2, 12, JUN, until=JUL), AUG))
    assert listed[1:] == [(2, JUN, False, True, (11, 12))]


def test_two_that_say_the_same_are_told_once() -> None:
    again = given(3, 12, JUL, scope=Scope.UNIT, target=7)
    listed = found((given(1, 11, JAN), JAN), (given(2, 12, JUL), JUN), (again, JUN))
    assert [each[-1] for each in listed] == [(None, 11), (11, 12), None]


def test_the_table_that_was_in_force_anyway_is_no_change() -> None:
    listed = found((given(1, 11, JAN), JAN), (given(2, 11, JUL), JUN))
    assert listed[-1][-1] is None
