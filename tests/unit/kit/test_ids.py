from __future__ import annotations

import time

import pytest

from mita.kit.ids import new_id, read_number


def test_ids_are_version_seven_distinct_and_sorted() -> None:
    ids = [new_id() for _ in range(5_000)]
    assert {made.version for made in ids} == {7}
    assert {made.variant for made in ids} == {"specified in RFC 4122"}
    assert len(set(ids)) == 5_000
    assert [made.bytes for made in ids] == sorted(made.bytes for made in ids)


def test_an_id_begins_with_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    millisecond = new_id().int >> 80
    # ids that fall into one millisecond borrow from the next, so a burst runs ahead of the clock
    assert before <= millisecond <= time.time_ns() // 1_000_000 + 60_000


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("0", 0),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("9" * 5_000, None),
        ("", None),
        ("-1", None),
        ("+1", None),
        (" 1", None),
        ("1_0", None),
        ("1.0", None),
        ("٣", None),
        ("²", None),
    ],
)
def test_a_number_is_read_only_where_the_database_could_hold_it(text: str, number: int | None) -> None:
    assert read_number(text) == number
