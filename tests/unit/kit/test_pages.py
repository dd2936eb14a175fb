"""A unit's rows stay together."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mita.kit.pages import whole_units
from mita.kit.shapes import page_of


@dataclass(frozen=True)
class Row:
    unit_id: int
    name: str


ROWS = [Row(1, "a"), Row(1, "b"), Row(2, "c"), Row(5, "d"), Row(5, "e")]


def test_a_unit_is_never_torn_in_two() -> None:
    assert whole_units(ROWS, limit=1) == (ROWS[:2], 1)
    assert whole_units(ROWS, limit=2) == (ROWS[:3], 2)
    assert whole_units(ROWS, limit=3) == (ROWS, None)
    assert whole_units(ROWS, limit=9) == (ROWS, None)
    assert whole_units([], limit=3) == ([], None)


@pytest.mark.parametrize(
    ("rows", "shown", "follows"),
    [([], [], None), ([1], ["1"], None), ([1, 2], ["1", "2"], None), ([1, 2, 3], ["1", "2"], "after 2")],
)
def test_a_page_is_cut_and_says_where_it_goes_on(rows: list[int], shown: list[str], follows: str | None):
    page = page_of(rows, limit=2, shown=str, cursor=lambda item: f"after {item}")
    assert (page.items, page.next) == (shown, follows)
