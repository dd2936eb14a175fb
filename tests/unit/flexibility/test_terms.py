"""What a flexibility event may ask, and which units it does not ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mita.flexibility.domain import AHEAD_MAX, LASTS_MAX, Consent, Terms, left_out

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
GOOD = Terms("Cold evening", limit_w=2_000, from_at=NOW + HOUR, until_at=NOW + 3 * HOUR)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, []),
        ({"limit_w": None}, []),
        ({"title": " "}, ["title"]),
        ({"title": "x" * 201}, ["title"]),
        ({"limit_w": 0}, ["limit_w"]),
        ({"limit_w": 10**12}, ["limit_w"]),
        ({"until_at": GOOD.from_at}, ["until_at"]),
        ({"until_at": GOOD.from_at + LASTS_MAX}, []),
        ({"until_at": GOOD.from_at + LASTS_MAX + HOUR}, ["until_at"]),
        ({"from_at": NOW - 2 * HOUR, "until_at": NOW - HOUR}, ["until_at"]),
        ({"from_at": NOW - HOUR, "until_at": NOW + HOUR}, []),
        ({"from_at": NOW + AHEAD_MAX + HOUR, "until_at": NOW + AHEAD_MAX + 2 * HOUR}, ["from_at"]),
    ],
)
def test_what_is_wrong_is_said_by_field(change, fields):
    assert [field for field, _ in replace(GOOD, **change).problems(now=NOW)] == fields


def test_without_a_power_supplies_are_off():
    assert (GOOD.kind, replace(GOOD, limit_w=None).kind) == ("limit", "shed")


@pytest.mark.parametrize(
    ("consent", "unable", "state"),
    [
        (Consent(takes_part=True), None, None),
        (Consent(), None, "declined"),
        (Consent(takes_part=True), "no device can", "cannot"),
        (Consent(), "no device can", "declined"),
        # whatever was agreed
        (Consent(takes_part=True, is_protected=True), None, "protected"),
        (Consent(is_protected=True), "no device can", "protected"),
    ],
)
def test_who_is_not_asked(consent, unable, state):
    found = left_out(consent, unable=unable)
    assert (found and found[0]) == state
