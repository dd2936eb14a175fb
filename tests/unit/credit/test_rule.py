"""A credit rule: lines that make sense, and commands that only go forward."""

from __future__ import annotations

import pytest

from mita.credit.domain import STATES, Rule, default_rule, may_become


@pytest.mark.parametrize(
    ("low", "cut", "restore", "problems"),
    [(50, 0, 10, 0), (0, 0, 0, 0), (50, 0, -1, 1), (-1, 0, 0, 1), (-1, 0, -1, 2)],
)
def test_lines_stand_in_their_order(low, cut, restore, problems):
    rule = Rule("water", is_cutting=True, low_micro=low, cut_micro=cut, restore_micro=restore)
    assert len(rule.problems()) == problems


@pytest.mark.parametrize("utility", ["electricity", "water", "hot_water", "gas"])
def test_nothing_is_cut_unless_the_estate_says_so(utility):
    assert default_rule(utility).is_cutting is False


def test_a_finished_command_stays_finished():
    for end in ("confirmed", "failed"):
        assert not any(may_become(end, new_state=state) for state in STATES)
    # nothing goes back
    assert not may_become("sent", new_state="asked")
    assert not may_become("acknowledged", new_state="sent")
