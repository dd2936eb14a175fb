"""Why a past was charged again: what is kept is read again, whole."""

from __future__ import annotations

from datetime import date

import pytest

from mita.charging.domain.causes import ACCEPTED, LATE, Cause, causes_of, joined, of_table

FROM, UNTIL = date(2026, 3, 1), date(2026, 4, 1)


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("", []),
        (LATE, [Cause("late_reading", LATE)]),
        (f"{ACCEPTED}staff:ann", [Cause("reading_accepted", f"{ACCEPTED}staff:ann")]),
        (
            of_table(5, from_on=FROM, until_on=None),
            [Cause("rate_table", "rate table 5 from 2026-03-01", 5, FROM)],
        ),
        (
            of_table(5, from_on=FROM, until_on=UNTIL),
            [Cause("rate_table", "rate table 5 from 2026-03-01 until 2026-04-01", 5, FROM, UNTIL)],
        ),
        # of an earlier version, or of nobody: told as it is kept
        ("rate table five", [Cause("other", "rate table five")]),
        ("Somebody asked", [Cause("other", "Somebody asked")]),
    ],
)
def test_what_is_kept_is_read_again(text: str, causes: list[Cause]) -> None:
    assert list(causes_of(text)) == causes


def test_several_are_told_once_each() -> None:
    text = joined([LATE, of_table(5, from_on=FROM, until_on=None), LATE])
    assert text == "late reading; rate table 5 from 2026-03-01"
    assert [each.code for each in causes_of(text)] == ["late_reading", "rate_table"]
