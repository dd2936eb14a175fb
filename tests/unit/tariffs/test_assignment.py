"""By which assignments a table holds on a date."""

from __future__ import annotations

from datetime import date

from mita.tariffs.domain import SUPPLY, Assignment, Scope, holding_on

JAN, MAY, JUN, JUL, AUG = (date(2026, month, 1) for month in (1, 5, 6, 7, 8))
ESTATE = Assignment(1, SUPPLY, Scope.ESTATE, 0, JAN, None, 12)
ENDING = Assignment(2, SUPPLY, Scope.UNIT, 7, MAY, JUN, 12)
NETWORK = Assignment(3, "network", Scope.ESTATE, 0, JUN, None, 12)
OTHER = Assignment(4, SUPPLY, Scope.ESTATE, 0, JUL, None, 13)
CORRECTED = Assignment(5, SUPPLY, Scope.UNIT, 7, AUG, None, 13)
CORRECTION = Assignment(6, SUPPLY, Scope.UNIT, 7, AUG, None, 12)
ALL = (CORRECTION, CORRECTED, OTHER, NETWORK, ENDING, ESTATE)


def test_a_table_holds_by_what_has_begun_has_not_ended_and_was_not_followed() -> None:
    by_day = {day: holding_on(ALL, rate_table_id=12, day=day) for day in (date(2025, 12, 31), MAY, JUN, JUL)}
    assert by_day == {
        date(2025, 12, 31): [],
        MAY: [ESTATE, ENDING],
        JUN: [ESTATE, NETWORK],
        JUL: [NETWORK],
    }


def test_a_correction_stands_in_the_place_of_what_it_corrects() -> None:
    assert holding_on(ALL, rate_table_id=12, day=AUG) == [NETWORK, CORRECTION]
    assert holding_on(ALL, rate_table_id=13, day=AUG) == [OTHER]
