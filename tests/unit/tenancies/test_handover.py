"""Where a leaver's money goes, in which order it comes back, what a repeat must say again."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from mita.tenancies.domain import (
    MeterValue,
    Newcomer,
    Offboarding,
    Onboarding,
    in_undoing_order,
    outcome_of,
)
from mita.tenancies.queries.search import words_query

AT = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("total", "is_carried", "outcome"),
    [
        (0, False, "nothing"),
        (0, True, "nothing"),
        (1, False, "refund"),
        (-1, False, "debt"),
        (1, True, "carried"),
        (-1, True, "carried"),
    ],
)
def test_where_it_goes(total: int, outcome: str, *, is_carried: bool) -> None:
    assert outcome_of(total, is_carried=is_carried) == outcome


def test_the_general_account_comes_back_last() -> None:
    moved = [
        {"account_id": 3, "utility": "general"},
        {"account_id": 9, "utility": "water"},
        {"account_id": 2, "utility": "electricity"},
    ]
    assert [each["account_id"] for each in in_undoing_order(moved, general="general")] == [2, 9, 3]


def test_every_part_of_a_request_tells_two_apart() -> None:
    value = MeterValue("E1", "import", 5, AT)
    asked = [
        Onboarding(1, Newcomer(7)),
        Onboarding(2, Newcomer(7)),
        Onboarding(1, Newcomer(8)),
        Onboarding(1, Newcomer(None, "A")),
        Onboarding(1, Newcomer(7), from_on=date(2025, 3, 1)),
        Onboarding(1, Newcomer(7), until_on=date(2025, 3, 1)),
        Onboarding(1, Newcomer(7), readings=[value]),
        Onboarding(1, Newcomer(7), is_told=False),
        Offboarding(1),
        Offboarding(2),
        Offboarding(1, until_on=date(2025, 3, 1)),
        Offboarding(1, readings=[value]),
        Offboarding(1, method="cash"),
        Offboarding(1, reference="x"),
        Offboarding(1, carry_to_person_id=7),
    ]
    bodies = [str(each.body) for each in asked]
    assert len(set(bodies)) == len(bodies)


def test_words_are_quoted_for_the_database() -> None:
    assert words_query("E-10's") == "('e':* | '<e':*) & ('10':* | '<01':*) & ('s':* | '<s':*)"
    assert words_query("' & | ! <-> \\") == ""
