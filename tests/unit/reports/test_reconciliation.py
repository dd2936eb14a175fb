"""Which meters count for a bulk meter and when, and what happened to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from mita.estates.domain import Days
from mita.metering.domain import BulkArea
from mita.reports.domain import (
    Known,
    Stretch,
    changes_of,
    instants_of,
    own_window,
    reconciled,
    stretch_use,
    stretches_of,
    windows_of,
)

UTC = ZoneInfo("UTC")
DAY = 86_400
START = date(1970, 1, 1)
SPAN = (START, date(1970, 1, 11))


@dataclass(frozen=True)
class Placed:
    register_id: int
    meter_id: int
    from_s: int = 0
    until_s: int | None = None
    register: str = "import"
    is_first: bool = True


def area(meter: int, *behind: int, first: int = 1, until: int | None = None) -> BulkArea:
    """Return an area of the days [first, until) of January 1970; none behind it is the whole estate."""
    days = Days(date(1970, 1, first), None if until is None else date(1970, 1, until))
    return BulkArea(meter, meter, "electricity", days, frozenset(behind) or None)


def test_the_whole_estates_has_what_no_other_has_at_the_time() -> None:
    estate, block = area(1), area(2, 3, first=4, until=7)
    found = windows_of(estate, areas=[estate, block], roots=[1, 2, 3, 4], span=SPAN, zone=UTC)
    whole = [(0, 10 * DAY)]
    assert found == {2: whole, 3: [(0, 3 * DAY), (6 * DAY, 10 * DAY)], 4: whole}
    assert windows_of(block, areas=[], roots=[], span=SPAN, zone=UTC) == {3: [(3 * DAY, 6 * DAY)]}
    always = area(2, 3)
    assert 3 not in windows_of(estate, areas=[estate, always], roots=[1, 2, 3], span=SPAN, zone=UTC)
    late = area(9, 3, first=20)
    assert own_window(late, span=SPAN, zone=UTC) is None
    assert windows_of(late, areas=[], roots=[], span=SPAN, zone=UTC) == {}


def test_a_stretch_lies_where_meter_and_area_meet() -> None:
    placed = [Placed(10, 3, from_s=2 * DAY), Placed(11, 3, until_s=5 * DAY, register="export"), Placed(12, 4)]
    windows = {3: [(DAY, 4 * DAY), (6 * DAY, 9 * DAY)]}
    # the first was read a day before we knew it, and not after the seventh
    found = list(stretches_of(placed, roots={}, windows=windows, ends={10: (DAY, 7 * DAY)}))
    assert found == [
        Stretch(10, 3, 1, DAY, 4 * DAY, DAY, 4 * DAY),
        Stretch(10, 3, 1, 6 * DAY, 9 * DAY, 6 * DAY, 7 * DAY),
        Stretch(11, 3, -1, DAY, 4 * DAY, DAY, DAY),
    ]


def test_export_is_taken_away_and_what_is_not_known_is_told() -> None:
    borders = np.array([0, DAY, 2 * DAY, 3 * DAY])
    bulk = [Stretch(1, 1, 1, 0, 3 * DAY, 0, 2 * DAY)]
    subs = [
        Stretch(2, 2, 1, 0, 3 * DAY, 0, 3 * DAY),
        Stretch(3, 2, -1, 0, 3 * DAY, 0, 3 * DAY),
        Stretch(4, 4, 1, DAY, 3 * DAY, DAY, DAY + 3_600),
    ]

    def use(stretches: list[Stretch], *values: list[int]):
        at_s = instants_of(stretches, borders_s=borders)
        none = np.zeros_like(at_s)
        return stretch_use(
            stretches, borders_s=borders, at_s=at_s, values=np.array(values), distance_s=none, longest_s=DAY
        )

    found = reconciled(
        use(bulk, [0, 100, 200, 200]),
        use(subs, [0, 50, 100, 150], [0, 10, 20, 30], [7, 7, 12, 12]),
        borders_s=borders,
        window=(0, 3 * DAY),
    )
    assert found.bulk_micro == [100, 100, None]
    assert found.sub_micro == [40, 45, 40]
    assert found.difference_micro == [60, 55, None]
    assert found.known == [Known.MEASURED, Known.PARTIAL, Known.MISSING]
    assert found.gaps == {4: (1, 1)}
    assert (found.totals_micro, found.is_partial, found.counted) == ((200, 85), True, 2)


def test_what_happened_to_meters_while_they_counted() -> None:
    windows = {3: [(0, 10 * DAY)], 5: [(0, 10 * DAY)], 8: [(0, 2 * DAY)]}
    placed = [
        Placed(10, 3, from_s=DAY, until_s=4 * DAY),
        Placed(10, 3, from_s=4 * DAY, until_s=6 * DAY, is_first=False),
        Placed(11, 4, from_s=6 * DAY),  # took the place of 3
        Placed(12, 5, from_s=-DAY, until_s=7 * DAY),
        Placed(13, 8, from_s=3 * DAY),
    ]
    found = changes_of(placed, roots={4: 3}, windows=windows, ends={}, swaps=[(3, 4, 6 * DAY)])
    assert [(each.kind.value, each.at_s // DAY, each.meter_id, each.new_meter_id) for each in found] == [
        ("installed", 1, 3, None),
        ("moved", 4, 3, None),
        ("swapped", 6, 3, 4),
        ("removed", 7, 5, None),
    ]
