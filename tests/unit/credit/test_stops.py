"""Several causes keep a supply off; it is on when none does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mita.credit.domain import Cause, action_on_gone, action_on_new, is_worth_stopping

SIX, SEVEN = datetime(2026, 3, 18, 6, tzinfo=UTC), datetime(2026, 3, 18, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("is_due", "others", "action"),
    [(True, [], "off"), (True, [Cause.STAFF], None), (False, [], None), (False, [Cause.BALANCE], None)],
)
def test_the_first_stop_in_effect_asks_off(is_due, others, action):
    assert action_on_new(is_due=is_due, others_in_effect=others) == action


@pytest.mark.parametrize(
    ("was_in_effect", "others", "action"),
    [(True, [], "on"), (True, [Cause.SPEND_LIMIT], None), (False, [], None), (False, [Cause.STAFF], None)],
)
def test_the_last_stop_in_effect_asks_on(was_in_effect, others, action):
    assert action_on_gone(was_in_effect=was_in_effect, others_in_effect=others) == action


@pytest.mark.parametrize(
    ("due_at", "until", "is_worth"),
    [(SIX, None, True), (SIX, SEVEN, True), (SIX, SIX, False), (SEVEN, SIX, False)],
)
def test_a_stop_that_ends_before_it_begins_is_none(due_at, until, is_worth):
    assert is_worth_stopping(due_at=due_at, until=until) is is_worth


def test_staff_and_events_know_no_friendly_hours():
    assert [cause for cause in Cause if not cause.knows_friendly_hours] == [Cause.STAFF, Cause.EVENT]
