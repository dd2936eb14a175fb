"""By which assignments a table holds on a date."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mita.tariffs.domain import SUPPLY, Assignment, Scope, Target, holding_on, segments

JAN, MAY, JUN, JUL, AUG = (date(2026, month, 1) for month in (1, 5, 6, 7, 8))
ESTATE = Assignment(1, SUPPLY, Scope.ESTATE, 0, JAN, None, 12)
ENDING = Assignment(2, SUPPLY, Scope.UNIT, 7, MAY, JUN, 12)
NETWORK = Assignment(3, "network", Scope.ESTATE, 0, JUN, None, 12)
OTHER = Assignment(4, SUPPLY, Scope.ESTATE, 0, JUL, None, 13)
CORRECTED = Assignment(5, SUPPLY, Scope.UNIT, 7, AUG, None, 13)
CORRECTION = Assignment(6, SUPPLY, Scope.UNIT, 7, AUG, None, 12)
ALL = (CORRECTION, CORRECTED, OTHER, NETWORK, ENDING, ESTATE)
CASES = json.loads((Path(__file__).parent / "in_force.json").read_text(encoding="utf-8"))


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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_in_force_by_date_is_what_the_app_shows(case: dict[str, Any]) -> None:
    # the app's own rule is held against the same file, in web/src/ui/staff/inForce.test.ts
    assigned = [
        Assignment(
            number,
            SUPPLY,
            Scope.ESTATE,
            0,
            date.fromisoformat(begins),
            ends and date.fromisoformat(ends),
            table,
        )
        for number, table, begins, ends in case["assignments"]
    ]
    found = segments(assigned, target=Target(0, 0, 0), role=SUPPLY)
    assert [[f"{each.effective_from}", each.rate_table_id] for each in found] == case["segments"]
    days = sorted({day for _, _, *ends in case["assignments"] for day in ends if day})
    for day in map(date.fromisoformat, days):
        now = next((each.rate_table_id for each in reversed(found) if each.effective_from <= day), None)
        held = [table for table in (11, 12, 13) if holding_on(assigned, rate_table_id=table, day=day)]
        assert held == ([] if now is None else [now])
