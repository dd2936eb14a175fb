"""The quick way of pricing many units agrees with bill(), and consumption is cut without loss."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.charging.domain.comparison import NO_TABLE_IN_FORCE, compare_units
from mita.charging.domain.comparison_csv import comparison_lines
from mita.charging.domain.consumption import Consumption, Source, consumption_of
from mita.charging.domain.pricing import Pricing, UnitUse, as_if_in_force
from mita.tariffs.domain import Interval, RateTable, bill, local_date, local_midnight_s, parse_document

ZONE = ZoneInfo("Europe/London")
FIRST, UNTIL = date(2026, 3, 1), date(2026, 6, 1)
SPAN_S = (local_midnight_s(FIRST, zone=ZONE), local_midnight_s(UNTIL, zone=ZONE))
HEAD = """
rate_table: 1
name: T
utility: electricity
currency: GBP
effective_from: 2026-01-01
tax: {name: VAT, percent: "5", prices: inclusive}
"""
CLOCKS = """clocks: {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO,
         sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
"""
TABLES = [
    HEAD
    + 'charges: [{name: E, kind: usage, price: "0.2236"}, {name: S, kind: fixed, per: day, price: "0.6012"}]',
    HEAD + CLOCKS + 'charges: [{name: E, kind: usage, price: {P: "0.4", S: "0.3", O: "0.123457"}}]',
    HEAD
    + 'charges: [{name: E, kind: usage, allowance: "7",'
    + ' blocks: [{up_to: "20", price: "0.1"}, {price: "0.3"}]},'
    + ' {name: L, kind: fixed, per: month, price: "11.11"},'
    + ' {name: X, kind: usage, register: export, price: "0.05"}]',
]


def info(register_id: int, *, name: str = "import", unit_id: int = 1, meter_id: int = 1) -> Source:
    return Source(register_id, name, meter_id, unit_id)


def used(which: Source, readings: list[tuple[int, int]], *, span_s: tuple[int, int] = SPAN_S) -> Consumption:
    found = consumption_of(
        which,
        listed={},
        taken_s=[taken for taken, _ in readings],
        value_micro=[value for _, value in readings],
        span_s=span_s,
    )
    assert found is not None
    return found


def pricing(table: RateTable) -> Pricing:
    versions = as_if_in_force(table, first=FIRST)
    return Pricing(lambda _: versions, zone=ZONE, first=FIRST, until=UNTIL)


@st.composite
def timelines(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Rising readings from before the span to after it, at odd seconds."""
    gaps = draw(st.lists(st.integers(1, 20 * 86_400), min_size=1, max_size=30))
    rises = draw(st.lists(st.integers(0, 30_000_000), min_size=len(gaps), max_size=len(gaps)))
    at, value, found = SPAN_S[0] - draw(st.integers(0, 30 * 86_400)), 5, []
    for gap, rise in zip(gaps, rises, strict=True):
        found.append((at, value))
        at, value = at + gap, value + rise
    return [*found, (at, value)]


@given(timelines(), timelines(), st.sampled_from(TABLES))
@settings(max_examples=60, deadline=None)
def test_the_quick_way_is_the_bill(
    one: list[tuple[int, int]], other: list[tuple[int, int]], text: str
) -> None:
    table = parse_document(text)
    uses = []
    for unit_id, line in enumerate((one, other), start=1):
        if line[0][0] < SPAN_S[1] and line[-1][0] > SPAN_S[0]:
            uses.append(
                UnitUse(
                    unit_id,
                    f"U{unit_id}",
                    (
                        used(info(unit_id, unit_id=unit_id), line),
                        used(info(unit_id + 10, name="export", unit_id=unit_id), line),
                    ),
                )
            )
    side = pricing(table)
    firsts = {use.unit_id: max(FIRST, local_date(use.consumption[0].since_s, zone=ZONE)) for use in uses}
    assert all(side._is_quick(use) for use in uses)
    found = side.totals(uses, firsts=firsts)
    for use in uses:
        # by hand: one bill over the intervals as they are
        first = firsts[use.unit_id]
        mine = {
            each.source.register: each.intervals()
            for each in use.consumption
            if table.charges_of(each.source.register)
        }
        whole = bill([table], zone=ZONE, uses=mine, first=first, until=UNTIL)
        assert found[use.unit_id] == (whole.net_micro, whole.gross_micro)


@given(timelines(), st.integers(SPAN_S[0], SPAN_S[1] - 1))
def test_a_cut_loses_nothing(line: list[tuple[int, int]], at: int) -> None:
    if not (line[0][0] < at < line[-1][0]):
        return
    span = (line[0][0], line[-1][0])
    whole = used(info(1), line, span_s=span)
    before, after = (used(info(1), line, span_s=each) for each in ((span[0], at), (at, span[1])))
    assert whole.quantity_micro.sum() == line[-1][1] - line[0][1]
    assert before.quantity_micro.sum() + after.quantity_micro.sum() == whole.quantity_micro.sum()
    assert whole.after(at).quantity_micro.tolist() == after.quantity_micro.tolist()
    assert (after.quantity_micro >= 0).all()


def test_an_interval_over_the_edge_is_split_by_the_second() -> None:
    line = [(SPAN_S[0] - 3_600, 0), (SPAN_S[0] + 7_200, 10)]
    found = used(info(1), line)
    # 10 micro-units over three hours: 3 before the edge, 7 after it
    assert found.intervals() == [Interval(SPAN_S[0], SPAN_S[0] + 7_200, 7)]
    assert found.since_s == SPAN_S[0]


@pytest.mark.parametrize(
    ("from_s", "until_s", "kept"),
    [
        (0, 20, [(0, 10, 10), (10, 20, 7)]),
        # half of 10, and of 7 what after(15) leaves
        (5, 15, [(5, 10, 5), (10, 15, 3)]),
        (15, 20, [(15, 20, 4)]),
        (3, 4, [(3, 4, 1)]),
        (10, 20, [(10, 20, 7)]),
        (-5, 10, [(0, 10, 10)]),
        (12, 30, [(12, 20, 6)]),
        (-5, 0, []),
        (20, 30, []),
    ],
)
def test_what_lies_between_two_instants(from_s: int, until_s: int, kept: list[tuple[int, int, int]]) -> None:
    whole = used(info(1), [(0, 0), (10, 10), (20, 17)], span_s=(0, 20))
    assert whole.between(from_s, until_s).intervals() == [Interval(*each) for each in kept]
    # what was cut is as it was
    assert whole.intervals() == [Interval(0, 10, 10), Interval(10, 20, 7)]


def midnight(month: int, day: int) -> int:
    return local_midnight_s(date(2026, month, day), zone=ZONE)


def plain(first: str, charge: str) -> RateTable:
    head = "{rate_table: 1, name: T, utility: electricity, currency: GBP"
    return parse_document(f"{head}, effective_from: {first}, charges: [{{name: E, kind: usage, {charge}}}]}}")


# 10 kWh over the end of March, and 3 in May
OVER_APRIL = [
    *((midnight(3, 31), 0), (midnight(4, 2), 10_000_000)),
    *((midnight(5, 10), 10_000_000), (midnight(5, 11), 13_000_000)),
]


def test_where_a_price_may_lack_only_the_time_that_has_one_costs() -> None:
    listed = {
        1: (
            plain("2026-03-01", 'price: "1.00"'),
            plain("2026-04-01", 'register: export, price: "9.00"'),
            plain("2026-05-01", 'price: "2.00"'),
        ),
        2: (),
        3: (plain("2026-06-01", 'price: "7.00"'),),
    }
    listed[4] = listed[1]
    side = Pricing(
        lambda each: listed[each.source.register_id], zone=ZONE, first=FIRST, until=UNTIL, may_lack=True
    )
    sources = [info(1), info(2), info(3), info(4, name="generation")]
    one = UnitUse(1, "U1", tuple(used(each, OVER_APRIL) for each in sources))
    # 5 kWh in March at 1.00, nothing in April, 3 kWh in May at 2.00; no other register has a price
    assert side.totals([one], firsts={1: FIRST}) == {1: (11_000_000, 11_000_000)}
    assert [side.begins(each) for each in one.consumption] == [FIRST] * 4


def test_a_price_that_lacks_later_on_is_said_of_a_unit_that_is_priced_by_itself() -> None:
    volume = 'blocks: [{up_to: "5", price: "1.00"}, {price: "2.00"}], blocks_mode: volume'
    versions = (plain("2026-03-01", volume), plain("2026-04-01", 'register: export, price: "9.00"'))
    side = Pricing(lambda _: versions, zone=ZONE, first=FIRST, until=UNTIL)
    uses = [
        UnitUse(1, "U1", (used(info(1), OVER_APRIL),)),
        UnitUse(2, "U2", (used(info(2, unit_id=2), [(midnight(3, 1), 0), (midnight(3, 2), 6_000_000)]),)),
    ]
    # of the second one all 6 kWh cost what the sixth does
    assert side.totals(uses, firsts={1: FIRST, 2: FIRST}) == {
        1: "some of the consumption has no price",
        2: (12_000_000, 12_000_000),
    }


def test_two_meters_of_a_unit_have_blocks_of_their_own_and_one_standing_charge() -> None:
    table = parse_document(TABLES[2])
    days = (UNTIL - FIRST).days
    line = [(SPAN_S[0], 0), (SPAN_S[0] + 86_400, 10_000_000)]
    one = UnitUse(1, "U1", (used(info(1), line), used(info(2, meter_id=2), line)))
    net, gross = pricing(table).totals([one], firsts={1: FIRST})[1]
    # each meter: 7 kWh free and 3 at 0.10; one line for three months
    assert (gross, days) == (2 * 300_000 + 3 * 11_110_000, 92)
    bills = pricing(table).bills(one, first=FIRST)
    assert (sum(each.net_micro for each in bills), sum(each.gross_micro for each in bills)) == (net, gross)


@pytest.mark.parametrize("text", TABLES)
def test_who_has_no_price_is_said_so(text: str) -> None:
    table = parse_document(text)
    nothing = Pricing(lambda _: (), zone=ZONE, first=FIRST, until=UNTIL)
    line = [(SPAN_S[0], 0), (SPAN_S[0] + 86_400, 1)]
    rows = compare_units(
        [UnitUse(1, "U1", (used(info(1), line),))], old=nothing, new=pricing(table), zone=ZONE
    )
    assert [row.reason for row in rows] == [NO_TABLE_IN_FORCE]
    assert comparison_lines(rows, currency="GBP").endswith("not compared,no rate table is in force\r\n")


def test_a_gap_in_force_is_no_price() -> None:
    table = parse_document(TABLES[0])
    gap = parse_document(TABLES[0].replace("2026-01-01", "2026-04-01"))
    versions = (table, RateTable(gap.name, gap.utility, gap.currency, gap.effective_from, ()))
    side = Pricing(lambda _: versions, zone=ZONE, first=FIRST, until=UNTIL)
    line = [(SPAN_S[0], 0), (SPAN_S[1] - int(timedelta(days=40).total_seconds()), 1_000_000)]
    rows = compare_units([UnitUse(1, "U1", (used(info(1), line),))], old=side, new=pricing(table), zone=ZONE)
    assert [row.reason for row in rows] == ["some of the consumption has no price"]
