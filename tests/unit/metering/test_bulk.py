"""Which meters may be behind which bulk meter."""

from __future__ import annotations

from datetime import date

import pytest

from mita.estates.domain import Days
from mita.metering.domain import BulkArea, area_fault, roots_of

MARCH = Days(date(2026, 3, 1), date(2026, 4, 1))
ALWAYS = Days(date(2026, 1, 1))


def area(meter: int, *behind: int, days: Days = ALWAYS, utility: str = "electricity") -> BulkArea:
    """Return a bulk meter with meters behind it, or none for the whole estate."""
    return BulkArea(0, meter, utility, days, frozenset(behind) or None)


@pytest.mark.parametrize(
    ("new", "others"),
    [
        (area(1, 10, 11), []),
        (area(1, 10), [area(2, 11)]),
        (area(1, 2, 10), [area(2, 11, 12)]),  # a bulk meter behind a bulk meter
        (area(2, 11), [area(1, 2)]),
        (area(1), [area(2, 11)]),
        (area(2, 11), [area(1)]),
        (area(1, 10), [area(2, 10, days=Days(date(2025, 1, 1), date(2026, 1, 1)))]),
        (area(1), [area(2, utility="water")]),
        (area(1), [area(2, days=Days(date(2026, 5, 1), date(2026, 5, 1)))]),
    ],
)
def test_areas_that_go_together(new: BulkArea, others: list[BulkArea]) -> None:
    assert area_fault(new, others=others) is None


@pytest.mark.parametrize(
    ("new", "others", "why"),
    [
        (area(1, 10, days=MARCH), [area(1, 11)], "already"),
        (area(1, 10, 11), [area(2, 11, days=MARCH)], "meter 11 behind it, which is behind meter 2"),
        (area(1), [area(2)], "as meter 2 does"),
        (area(2), [area(1, 2)], "behind another"),
        (area(1, 2), [area(2)], "bulk meter of the whole estate"),
        (area(1, 2), [area(2, 1)], "behind one of its own"),
        (area(1, 3), [area(2, 1), area(3, 2)], "behind one of its own"),
    ],
)
def test_areas_that_do_not(new: BulkArea, others: list[BulkArea], why: str) -> None:
    fault = area_fault(new, others=others)
    assert fault is not None
    assert why in fault


def test_a_row_of_swaps_has_one_root() -> None:
    assert roots_of({1: 4, 4: 9, 2: 3}) == {4: 1, 9: 1, 3: 2}
