"""What a round expects of a register, the order of a walk, and its file."""

from __future__ import annotations

import csv
import io

import pytest

from mita.metering.domain import Limits
from mita.rounds.domain import ROUND_COLUMNS, Expected, expected_value, in_walking_order, sheet_text

DAY = 86_400
NO_LIMITS = Limits(None, 0)


@pytest.mark.parametrize(
    ("newest", "limits", "expected"),
    [
        ([], NO_LIMITS, None),
        # a single reading: only the meter's limits say anything; 2 an hour for 240 hours and 1 on top
        ([(0, 100)], NO_LIMITS, Expected(100, None)),
        ([(0, 100)], Limits(2, 1), Expected(100, 581)),
        # 300 in 30 days are 100 in 10: half to twice of that
        ([(0, 1000), (-30 * DAY, 700)], NO_LIMITS, Expected(1050, 1200)),
        # the oldest of several counts: 300 in 60 days are 50 in 10
        ([(0, 1000), (-DAY, 999), (-60 * DAY, 700)], NO_LIMITS, Expected(1025, 1100)),
        # never more than would be believed: an hour's 0 and 7 on top
        ([(0, 1000), (-30 * DAY, 700)], Limits(0, 7), Expected(1007, 1007)),
        # nothing was used: nothing is expected
        ([(0, 1000), (-30 * DAY, 1000)], NO_LIMITS, Expected(1000, 1000)),
    ],
)
def test_what_a_register_should_show_after_ten_days(newest, limits, expected):
    assert expected_value(newest, limits=limits, at_s=10 * DAY) == expected


def test_a_clock_behind_expects_the_last_value():
    assert expected_value([(100, 5), (0, 1)], limits=NO_LIMITS, at_s=50) == Expected(5, 5)


def test_units_are_walked_by_their_numbers():
    names = ["B1", "A10", "a2", "A2", "12", "2", "A2.10", "A2.9", "Garage", " 3"]
    numbered = list(enumerate(names))
    walked = in_walking_order(numbered, name=lambda each: each[1], number=lambda each: each[0])
    assert [name for _, name in walked] == [
        "2",
        " 3",
        "12",
        "a2",
        "A2",
        "A2.9",
        "A2.10",
        "A10",
        "B1",
        "Garage",
    ]


def test_no_cell_of_the_file_is_a_formula():
    row = ["=1+1", "-2+3", "7", "@x", "water", "import", "m3", "1.5", "", "", "", "no"]
    read = list(csv.reader(io.StringIO(sheet_text([row]))))
    assert read[0] == list(ROUND_COLUMNS)
    assert read[1][:4] == ["'=1+1", "'-2+3", "7", "'@x"]
    assert read[1][4:] == row[4:]
