"""A credit rule: lines that make sense, and commands that only go forward."""

from __future__ import annotations

import pytest

from mita.credit.domain import LIMIT_W_MAX, STATES, Rule, default_rule, may_become


@pytest.mark.parametrize(
    ("low", "cut", "restore", "problems"),
    [(50, 0, 10, 0), (0, 0, 0, 0), (50, 0, -1, 1), (-1, 0, 0, 1), (-1, 0, -1, 2)],
)
def test_lines_stand_in_their_order(low, cut, restore, problems):
    rule = Rule("water", is_cutting=True, low_micro=low, cut_micro=cut, restore_micro=restore)
    assert len(rule.problems()) == problems


@pytest.mark.parametrize(
    ("utility", "lifeline_w", "problems"),
    [
        ("electricity", 500, []),
        ("electricity", None, []),
        ("electricity", 0, ["lifeline_w must be from 1"]),
        ("electricity", LIMIT_W_MAX + 1, ["lifeline_w must be from 1"]),
        ("water", 500, ["lifeline_w is a power"]),
    ],
)
def test_a_lifeline_is_a_power(utility, lifeline_w, problems):
    rule = Rule(utility, True, low_micro=50, cut_micro=0, restore_micro=10, lifeline_w=lifeline_w)
    found = rule.problems()
    assert len(found) == len(problems)
    assert all(each.startswith(start) for each, start in zip(found, problems, strict=True))


@pytest.mark.parametrize("utility", ["electricity", "water", "hot_water", "gas"])
def test_nothing_is_cut_unless_the_estate_says_so(utility):
    assert default_rule(utility).is_cutting is False


def test_a_finished_command_stays_finished():
    for end in ("confirmed", "failed"):
        assert not any(may_become(end, new_state=state) for state in STATES)
    # nothing goes back
    assert not may_become("sent", new_state="asked")
    assert not may_become("acknowledged", new_state="sent")
