"""What a unit's consumption cost by month, demand, netting and minimum included: figures by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mita.charging.domain.payers import Payer
from mita.charging.domain.savings import Prices, Span, benchmark_prices, costs_by_month
from mita.charging.domain.timed import DayCharges, PriceList, WallClock, begun_parts, due_items
from mita.charging.domain.use import RegisterUse, UnitUse, intervals_of
from mita.tariffs.domain import RateTable, Scope, Target, parse_document
from tests.unit.tariffs.tables import document, usage

ZONE = ZoneInfo("UTC")
UNIT, METER = 7, 11
SPAN = Span(date(2026, 1, 1), date(2026, 3, 1))
KWH = 1_000_000


def at(day: int, hour: int = 0, minute: int = 0, *, month: int = 1) -> int:
    return int(datetime(2026, month, day, hour, minute, tzinfo=UTC).timestamp())


def table(*charges: dict[str, object], first: str = "2026-01-01") -> RateTable:
    return parse_document(document(charges=list(charges), tax=None, effective_from=first))


def register(
    number: int, name: str, versions: tuple[RateTable, ...], *timeline: tuple[int, int]
) -> RegisterUse:
    return RegisterUse(Target(UNIT, METER, number), name, intervals_of(timeline), {"supply": versions})


def cost(versions: tuple[RateTable, ...], *registers: RegisterUse) -> dict[str, int]:
    prices = benchmark_prices(versions, role="supply", unit_id=UNIT)
    return costs_by_month(registers, prices=prices, roles=["supply"], zone=ZONE, span=SPAN)


def test_a_peak_costs_in_the_month_in_which_it_was_reached() -> None:
    listed = (
        table(
            usage(price="1.00"),
            {"name": "Peak", "kind": "demand", "interval_minutes": 30, "unit": "kW", "price": "10.00"},
        ),
    )
    counted = register(101, "import", listed, (at(5, 12), 0), (at(5, 12, 30), 2 * KWH))
    # 2 kWh at 1.00, and 4 kW at 10.00; in February nothing counted
    assert cost(listed, counted) == {"2026-01": 42_000_000, "2026-02": 0}


def test_what_is_fed_in_is_taken_off_and_other_registers_have_no_part_in_it() -> None:
    listed = (table(usage(price="1.00"), {"name": "Net", "kind": "netting", "surplus_price": "0.10"}),)
    span = (at(1), 0), (at(1, month=2), 0)
    found = cost(
        listed,
        register(101, "import", listed, span[0], (span[1][0], 10 * KWH)),
        register(102, "export", listed, span[0], (span[1][0], 4 * KWH)),
        register(103, "generation", listed, span[0], (span[1][0], 100 * KWH)),
    )
    assert found == {"2026-01": 6_000_000, "2026-02": 0}


def test_prices_that_begin_after_the_span_cost_nothing_in_it() -> None:
    line = {"name": "Line", "kind": "fixed", "per": "month", "price": "5.00"}
    later = (table(usage(price="1.00"), line, first="2026-03-01"),)
    now = (table(usage(price="2.00")),)
    timeline = (at(5), 0), (at(6), 3 * KWH)
    registers = [
        register(101, "import", now, *timeline),
        register(102, "import", later, *timeline),
        register(103, "import", (), *timeline),
    ]
    own = benchmark_prices(now, role="supply", unit_id=UNIT)
    lists = [
        *own.lists,
        *benchmark_prices(later, role="supply", unit_id=UNIT).lists,
        PriceList(Payer(Scope.METER, METER), "supply", (), ()),
    ]
    found = costs_by_month(
        registers, prices=Prices(own.payers, lists), roles=["supply"], zone=ZONE, span=SPAN
    )
    assert found == {"2026-01": 6_000_000, "2026-02": 0}


@pytest.mark.parametrize(
    ("used_micro", "minimum"),
    [
        # 4 kWh at 100.00 lack 1,100.00 of 1,500.00
        (4 * KWH, [1_100_000_000]),
        (15 * KWH, []),
        # a broken register: no number of millionths says what it cost, and no minimum is missing
        (10**18, []),
    ],
)
def test_what_a_minimum_bill_lacks(used_micro: int, minimum: list[int]) -> None:
    listed = (table(usage(price="100.00"), {"name": "Least", "kind": "minimum", "price": "1500.00"}),)
    prices = benchmark_prices(listed, role="supply", unit_id=UNIT)
    counted = register(101, "import", listed, (at(5), 0), (at(6), used_micro))
    clock = WallClock(ZONE, at(1, 12, month=2))
    items = due_items(
        prices.lists[0],
        parts=begun_parts(prices.lists[0], first=date(2026, 1, 1), clock=clock),
        clock=clock,
        use=UnitUse([counted], payers=prices.payers, zone=ZONE),
        is_off=lambda _: False,
        days=DayCharges(clock=clock),
    )
    assert [each.line.net_micro for each in items] == minimum
