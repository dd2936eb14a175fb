"""What is due by the calendar, without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mita.charging.domain.payers import Payer, payers_of
from mita.charging.domain.timed import (
    DayCharges,
    PriceList,
    WallClock,
    begun_parts,
    due_items,
    next_due_s,
    parts_since,
)
from mita.charging.domain.use import UnitUse
from mita.tariffs.domain import Assignment, Scope, Segment, Target, parse_document

TABLE = """
rate_table: 1
name: Timed
utility: electricity
currency: ZAR
effective_from: 2026-01-01
billing_day: {billing_day}
charges:
  - {{name: Service, kind: fixed, per: day, price: "1.00"}}
  - {{name: Line, kind: fixed, per: month, price: "31.00"}}
"""
UNIT, METER, REGISTER = 7, 11, 101


def wall_clock(text: str, zone: str) -> WallClock:
    return WallClock(ZoneInfo(zone), int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()))


def price_list(billing_day: int = 1) -> PriceList:
    table = parse_document(TABLE.format(billing_day=billing_day))
    return PriceList(Payer(Scope.UNIT, UNIT), "supply", (Segment(table.effective_from, 1),), (table,))


def due(prices: PriceList, *, first: date, clock: WallClock, off: tuple[int, ...] = ()) -> list[tuple]:
    parts = begun_parts(prices, first=first, clock=clock)
    use = UnitUse([], payers={}, zone=clock.zone)
    days = DayCharges(clock=clock)
    items = due_items(
        prices, parts=parts, clock=clock, use=use, is_off=lambda second: second in off, days=days
    )
    return [(item.key.charge, item.key.first, item.due_s, item.line.net_micro) for item in items]


@pytest.mark.parametrize(
    ("zone", "text", "begun"),
    [
        # 24:00 on 4 April 2026 is 23:00 once more in Santiago: the 5th has begun at 03:00 UTC for good
        ("America/Santiago", "2026-04-05T02:59:59", date(2026, 4, 4)),
        ("America/Santiago", "2026-04-05T03:30:00", date(2026, 4, 4)),
        ("America/Santiago", "2026-04-05T04:00:00", date(2026, 4, 5)),
        # 6 September has no midnight there: it begins at 01:00
        ("America/Santiago", "2026-09-06T03:59:59", date(2026, 9, 5)),
        ("America/Santiago", "2026-09-06T04:00:00", date(2026, 9, 6)),
        # Samoa had no 30 December 2011
        ("Pacific/Apia", "2011-12-30T10:30:00", date(2011, 12, 31)),
        ("Asia/Kathmandu", "2026-03-01T18:14:59", date(2026, 3, 1)),
        ("Asia/Kathmandu", "2026-03-01T18:15:00", date(2026, 3, 2)),
    ],
)
def test_the_newest_date_that_has_begun(zone: str, text: str, begun: date):
    assert wall_clock(text, zone).today == begun


@pytest.mark.parametrize("zone", ["Europe/London", "America/Santiago", "Australia/Lord_Howe", "Africa/Cairo"])
def test_a_year_has_one_charge_for_each_date(zone: str):
    clock = wall_clock("2027-01-01T12:00:00", zone)
    days = [each for each in due(price_list(), first=date(2026, 1, 1), clock=clock) if each[0] == "Service"]
    assert [day.toordinal() for _, day, _, _ in days] == list(
        range(date(2026, 1, 1).toordinal(), date(2027, 1, 1).toordinal() + 1)
    )
    assert len({at for _, _, at, _ in days}) == 366


def test_a_month_counts_from_the_first_date_and_from_the_billing_day():
    clock = wall_clock("2026-03-20T12:00:00", "UTC")
    found = due(price_list(billing_day=15), first=date(2026, 2, 20), clock=clock)
    lines = [(day, net) for name, day, _, net in found if name == "Line"]
    # 23 of the 28 days from 15 February to 15 March
    assert lines == [(date(2026, 2, 20), 25_464_286), (date(2026, 3, 15), 31_000_000)]


def test_more_falls_due_at_the_next_midnight_or_with_the_next_part():
    clock = wall_clock("2026-03-20T12:00:00", "UTC")
    prices = price_list()
    parts = begun_parts(prices, first=date(2026, 3, 2), clock=clock)
    assert next_due_s(prices, parts=parts, clock=clock) == clock.midnight_s(date(2026, 3, 21))
    (table,) = prices.versions
    without_days = PriceList(
        prices.payer,
        "supply",
        prices.listed,
        (parse_document(table.to_document() | {"charges": [table.to_document()["charges"][1]]}),),
    )
    assert next_due_s(without_days, parts=parts, clock=clock) == clock.midnight_s(date(2026, 4, 1))
    early = wall_clock("2025-12-01T12:00:00", "UTC")
    assert begun_parts(prices, first=date(2025, 11, 1), clock=early) == ()
    assert next_due_s(prices, parts=(), clock=early) == early.midnight_s(date(2026, 1, 1))


def test_a_change_reaches_the_part_that_it_may_have_ended():
    clock = wall_clock("2026-05-20T12:00:00", "UTC")
    parts = begun_parts(price_list(), first=date(2026, 1, 10), clock=clock)
    assert [part.first for part in parts_since(parts, day=date(2026, 4, 1))] == [
        date(2026, 3, 1),
        date(2026, 4, 1),
        date(2026, 5, 1),
    ]
    assert parts_since(parts, day=date(2026, 4, 2))[0].first == date(2026, 4, 1)
    assert parts_since(parts, day=date(2025, 1, 1))[0].first == date(2026, 1, 10)


def assignment(
    number: int, scope: Scope, target: int, first: str, until: str | None, table: int
) -> Assignment:
    end = date.fromisoformat(until) if until else None
    return Assignment(number, "supply", scope, target, date.fromisoformat(first), end, table)


def test_a_table_that_two_registers_of_a_meter_have_is_due_once_and_the_estate_pays_for_the_rest():
    targets = [Target(UNIT, METER, 101), Target(UNIT, METER, 102), Target(UNIT, METER + 1, 103)]
    found = payers_of(
        [
            assignment(1, Scope.ESTATE, 0, "2026-01-01", None, 1),
            assignment(2, Scope.REGISTER, 101, "2026-02-01", None, 2),
            assignment(3, Scope.REGISTER, 102, "2026-03-01", "2026-04-01", 2),
            assignment(4, Scope.REGISTER, 102, "2026-04-01", None, 3),
            assignment(5, Scope.METER, METER + 1, "2026-02-01", "2026-03-01", 4),
            assignment(6, Scope.METER, 99, "2026-02-01", None, 5),
        ],
        targets=targets,
        role="supply",
    )
    assert dict(found.listed) == {
        Payer(Scope.UNIT, UNIT): (Segment(date(2026, 1, 1), 1),),
        Payer(Scope.REGISTER, 101): (Segment(date(2026, 2, 1), 2),),
        Payer(Scope.REGISTER, 102): (Segment(date(2026, 4, 1), 3),),
        Payer(Scope.METER, METER + 1): (Segment(date(2026, 2, 1), 4), Segment(date(2026, 3, 1), None)),
    }
    march = date(2026, 3, 10)
    assert [found.of(target, day=march) for target in targets] == [
        Payer(Scope.REGISTER, 101),
        Payer(Scope.REGISTER, 101),  # who pays for their table
        Payer(Scope.UNIT, UNIT),
    ]
    assert found.of(targets[1], day=date(2026, 4, 1)) == Payer(Scope.REGISTER, 102)
    assert found.of(targets[2], day=date(2026, 2, 28)) == Payer(Scope.METER, METER + 1)


def test_each_meter_pays_for_a_table_of_its_registers_itself():
    # the same table on registers of two meters is due for both
    targets = [Target(UNIT, METER, 101), Target(UNIT, METER + 1, 201), Target(UNIT, METER + 1, 202)]
    found = payers_of(
        [
            assignment(number, Scope.REGISTER, each.register_id, "2026-02-01", None, 2)
            for number, each in enumerate(targets)
        ],
        targets=targets,
        role="supply",
    )
    day = date(2026, 2, 1)
    assert [found.of(target, day=day) for target in targets] == [
        Payer(Scope.REGISTER, 101),
        Payer(Scope.REGISTER, 201),
        Payer(Scope.REGISTER, 201),
    ]
    assert found.of(targets[2], day=date(2026, 1, 31)) == Payer(Scope.UNIT, UNIT)


def test_a_register_may_have_the_table_of_its_meter():
    target = Target(UNIT, METER, 101)
    own = [
        assignment(1, Scope.METER, METER, "2026-02-01", None, 2),
        assignment(2, Scope.REGISTER, 101, "2026-02-01", None, 2),
    ]
    found = payers_of(own, targets=[target], role="supply")
    assert found.of(target, day=date(2026, 2, 1)) == Payer(Scope.METER, METER)


def test_a_month_is_not_due_where_the_supply_was_off_as_it_began():
    document = price_list().versions[0].to_document()
    service, line = document["charges"]
    table = parse_document(document | {"charges": [service, line | {"while_off": False}]})
    prices = PriceList(Payer(Scope.UNIT, UNIT), "supply", (Segment(table.effective_from, 1),), (table,))
    clock = wall_clock("2026-03-02T12:00:00", "UTC")
    february = clock.midnight_s(date(2026, 2, 1))
    found = due(prices, first=date(2026, 1, 1), clock=clock, off=(february,))
    lines = [(day, net) for name, day, _, net in found if name == "Line"]
    assert lines == [(date(2026, 1, 1), 31_000_000), (date(2026, 3, 1), 31_000_000)]
