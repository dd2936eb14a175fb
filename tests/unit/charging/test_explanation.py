"""What intervals cost, line by line: figures by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from mita.charging.domain.explanation import Cost, cost_of, difference
from mita.charging.domain.streams import Stream
from mita.tariffs.domain import Interval, Segment, parse_document
from tests.unit.tariffs.tables import document, usage

ZONE = ZoneInfo("UTC")
KWH = 1_000_000


def at(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


def stream(role: str, *charges: dict[str, object], first: str = "2024-01-01", number: int = 1) -> Stream:
    table = parse_document(document(charges=list(charges), effective_from=first))
    return Stream(role, "import", (Segment(date.fromisoformat(first), number),), (table,), ZONE)


def shown(cost: Cost) -> list[tuple[object, ...]]:
    return [
        (
            *(each.role, each.rate_table_id, each.start_s, each.end_s),
            *(each.line.block, each.line.quantity_micro, each.line.price_micro, each.line.net_micro),
        )
        for each in cost.lines
    ]


def test_without_a_table_of_supply_no_role_charges() -> None:
    interval = Interval(at(2026, 1, 31), at(2026, 2, 2), 4 * KWH)
    network = stream("network", usage(price="0.50"))
    found = cost_of([network], intervals=[interval], since_s=interval.start_s)
    assert found == Cost(0, 0, 0, (), interval.start_s, interval.end_s)
    assert cost_of([stream("supply", usage(price="2.00"))], intervals=[], since_s=0) == Cost(
        0, 0, 0, (), None, None
    )
    # what was never charged is nothing to take back
    assert difference(found, found) == Cost(0, 0, 0, (), interval.start_s, interval.end_s)


def test_a_role_charges_the_part_of_an_interval_that_it_has_a_price_for() -> None:
    days = [at(2026, 1, 31), at(2026, 2, 1), at(2026, 2, 2)]
    found = cost_of(
        [
            stream("supply", usage(price="2.00")),
            stream("network", usage(price="0.50"), first="2026-02-01", number=2),
        ],
        intervals=[Interval(days[0], days[2], 4 * KWH)],
        since_s=days[0],
    )
    assert shown(found) == [
        ("supply", 1, days[0], days[1], 1, 2 * KWH, 2_000_000, 4_000_000),
        ("supply", 1, days[1], days[2], 1, 2 * KWH, 2_000_000, 4_000_000),
        ("network", 2, days[1], days[2], 1, 2 * KWH, 500_000, 1_000_000),
    ]
    # 9.00 and 15 percent of it
    assert (found.quantity_micro, found.net_micro, found.tax_micro) == (4 * KWH, 9_000_000, 1_350_000)


def test_many_months_are_told_in_sums_by_price() -> None:
    # 1 kWh a day for 14 months of 424 days: 20 kWh of each month at 1.00, the others at 3.00
    blocks = [{"up_to": "20", "price": "1.00"}, {"price": "3.00"}]
    found = cost_of(
        [stream("supply", usage(blocks=blocks))],
        intervals=[Interval(at(2025, 1, 1), at(2026, 3, 1), 424 * KWH)],
        since_s=at(2025, 1, 1),
    )
    assert shown(found) == [
        ("supply", 1, None, None, 1, 280 * KWH, 1_000_000, 280_000_000),
        ("supply", 1, None, None, 2, 144 * KWH, 3_000_000, 432_000_000),
    ]
    assert (found.net_micro, found.tax_micro) == (712_000_000, 106_800_000)
    assert (found.start_s, found.end_s) == (at(2025, 1, 1), at(2026, 3, 1))
