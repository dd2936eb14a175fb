"""Streams run one by one: as the columns decide where both can, and from any state as in one go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.charging.domain.decide import decide_timeline
from mita.charging.domain.memory import RateBook, highest_price_micro
from mita.charging.domain.streams import Intervals, Stream, run_one_by_one, run_stream
from mita.metering.domain import ReadingClass, Reason
from mita.tariffs.domain import NO_TABLE, NOT_PRICED, RateTable, Runs, parse_document, rate
from tests.unit.tariffs.tables import CLOCKS, INCLUSIVE, MICRO, SEASONS, TOU_BLOCKS, document, usage
from tests.unit.tariffs.test_rating_laws import LAW_TABLES

LONDON = ZoneInfo("Europe/London")
START = 1_774_000_000  # 20 March 2026; the clocks go forward on the 29th, the month ends two days later
BLOCKS = [{"up_to": "5", "price": "1.234567"}, {"up_to": "20.5", "price": "0.50"}, {"price": "3.333333"}]
TALLIED = {
    "volume": document(charges=[usage(blocks=BLOCKS, blocks_mode="volume", allowance="2.5")], tax=INCLUSIVE),
    "per letter": document(
        seasons=SEASONS,
        clocks=CLOCKS,
        charges=[usage(blocks=TOU_BLOCKS, blocks_per_letter=True), usage(name="Levy", price="0.000007")],
    ),
    "volume by letter": document(
        clocks=CLOCKS["low"],
        charges=[usage(blocks={"P": BLOCKS, "S": BLOCKS, "O": [{"price": "1"}]}, blocks_mode="volume")],
    ),
}
PLAIN = {name: found for name, found in LAW_TABLES.items() if name != "export"} | {
    "volume of one block": document(
        charges=[usage(blocks=[{"price": "1.5"}], blocks_mode="volume", allowance="3")]
    ),
}
# seconds and micro base units of one interval after the other
uses = st.lists(st.tuples(st.integers(1, 400_000), st.integers(0, 12 * MICRO)), min_size=1, max_size=12)


def stream(*documents: dict[str, object] | RateTable, role: str = "network") -> Stream:
    versions = [each if isinstance(each, RateTable) else parse_document(each) for each in documents]
    return Stream(role, "import", (), versions, LONDON)


def intervals(*chains: list[tuple[int, int]]) -> Intervals:
    rows = []
    for chain, used in enumerate(chains):
        end = START
        for seconds, quantity in used:
            rows.append((chain, end, end + seconds, quantity))
            end += seconds
    return Intervals(*np.array(rows, dtype=np.int64).reshape(-1, 4).T.copy())


def part(whole: Intervals, rows: slice) -> Intervals:
    return Intervals(whole.chain[rows], whole.start_s[rows], whole.end_s[rows], whole.quantity_micro[rows])


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=40, deadline=None)
@given(first=uses, second=uses)
def test_a_stream_costs_what_columns_say(name, first, second):
    found = stream(PLAIN[name])
    assert not found.needs_tallies
    asked = intervals(first, second)
    ran = run_one_by_one(found, asked, opening={}, is_all_or_nothing=True)
    assert run_stream(found, asked, opening={}, is_all_or_nothing=True).after == ran.after
    rated = rate(
        found.covering(start_s=START, end_s=int(asked.end_s.max())),
        chain=asked.chain,
        start_s=asked.start_s,
        end_s=asked.end_s,
        quantity_micro=asked.quantity_micro,
        opening=Runs.zero(len(asked)),
        opening_at_s=asked.start_s,
    )
    assert ran.net_micro.tolist() == rated.net_micro.tolist()
    assert ran.tax_micro.tolist() == rated.tax_micro.tolist()
    columns = (rated.runs.quantity_micro, rated.runs.cost_micro, rated.runs.cost_rest)
    assert [after or (0, 0, 0) for after in ran.after] == list(
        zip(*(column.tolist() for column in columns), strict=True)
    )


@pytest.mark.parametrize("name", [*TALLIED, *PLAIN])
@settings(max_examples=40, deadline=None)
@given(used=uses, at=st.integers(0, 12))
def test_a_kept_state_is_gone_on_from_as_if_there_had_been_no_pause(name, used, at):
    found = stream((TALLIED | PLAIN)[name])
    assert found.needs_tallies is (name in TALLIED)
    whole = intervals(used)
    at = min(at, len(whole))
    once = run_one_by_one(found, whole, opening={}, is_all_or_nothing=False)
    before = run_stream(found, part(whole, slice(at)), opening={}, is_all_or_nothing=False)
    opening = {0: before.after[-1]} if at else {}
    # another worker, that has other slots
    after = run_stream(
        replace(found, slots=None), part(whole, slice(at, None)), opening=opening, is_all_or_nothing=False
    )
    for name_of in ("net_micro", "tax_micro"):
        pieces = [*getattr(before, name_of).tolist(), *getattr(after, name_of).tolist()]
        assert pieces == getattr(once, name_of).tolist()
    assert [*before.after, *after.after] == once.after


def test_a_part_without_a_table_costs_nothing_and_by_the_rule_of_supply_nor_does_the_rest():
    table = parse_document(document(charges=[usage(price="1")], tax=None, effective_from="2026-03-21"))
    # from 09:46:40 on the 20th: 51,200 s before midnight, as long after it
    asked = intervals([(102_400, 2 * MICRO), (3_600, MICRO)])
    ran = run_stream(stream(table), asked, opening={}, is_all_or_nothing=False)
    assert ran.net_micro.tolist() == [MICRO, MICRO]
    assert ran.unpriced.tolist() == [NO_TABLE, 0]
    assert ran.is_priced.tolist() == [True, True]
    assert ran.after == [(MICRO, MICRO, 0), (2 * MICRO, 2 * MICRO, 0)]
    strict = run_stream(stream(table), asked, opening={}, is_all_or_nothing=True)
    assert strict.net_micro.tolist() == [0, MICRO]
    assert strict.after == [(), (MICRO, MICRO, 0)]
    assert run_stream(stream(table), intervals([]), opening={}, is_all_or_nothing=True).after == []


def test_a_state_ends_with_its_billing_period_where_the_known_slots_begin_too():
    # 10 kWh free, then 2.00; the slots that are known begin with March
    found = stream(document(charges=[usage(allowance="10", price="2.00")], tax=None))
    march = int(datetime(2026, 3, 1, tzinfo=LONDON).timestamp())
    assert found.covering(start_s=march + 5 * 86_400, end_s=march + 6 * 86_400).starts[0] == march
    asked = Intervals(*(np.array([each]) for each in (0, march, march + 3_600, 12 * MICRO)))
    opening = {0: (500 * MICRO, 980 * MICRO, 0)}  # February's
    for run in (run_stream, run_one_by_one):
        ran = run(found, asked, opening=opening, is_all_or_nothing=False)
        assert (ran.net_micro.tolist(), ran.after) == ([4 * MICRO], [(12 * MICRO, 4 * MICRO, 0)])


def test_a_register_that_a_table_does_not_charge_is_not_priced():
    table = document(charges=[usage(register="export", price="1")])
    ran = run_stream(stream(table), intervals([(60, MICRO)]), opening={}, is_all_or_nothing=False)
    assert (ran.unpriced.tolist(), ran.is_priced.tolist(), ran.after) == ([NOT_PRICED], [False], [()])


def decided(book: RateBook):
    return decide_timeline(
        taken_s=[START + 3_600],
        value_micro=[2 * MICRO],
        class_=[int(ReadingClass.CHARGED)],
        reason=[0],
        is_rated=[True],
        book=book,
        anchor_s=START,
        value_before_micro=0,
        opening=(0, 0, 0),
    )


def test_a_reading_costs_the_sum_of_its_streams():
    supply = stream(document(charges=[usage(price="2")]), role="supply")
    levy = stream(document(charges=[usage(price="0.25")], tax=None), role="levy")
    found = decided(RateBook("electricity", "import", supply, (levy,)))
    assert (found.net_micro.tolist(), found.tax_micro.tolist()) == ([4_500_000], [600_000])
    assert {role: net.tolist() for role, net in found.net_by_role.items()} == {"levy": [500_000]}
    assert found.kept == {(0, "levy"): (2 * MICRO, 500_000, 0)}
    assert found.run_cost_micro.tolist() == [4_000_000]


def test_without_a_table_of_supply_nobody_charges():
    supply = stream(document(effective_from="2027-01-01"), role="supply")
    found = decided(RateBook("electricity", "import", supply, (stream(document()),)))
    assert found.class_.tolist() == [ReadingClass.UNPRICED]
    assert found.reason.tolist() == [Reason.NO_RATE_TABLE]
    assert (found.quantity_micro.tolist(), found.net_micro.tolist(), found.kept) == ([0], [0], {})


def test_the_cap_on_a_rise_holds_for_all_roles_together():
    supply, levy = document(charges=[usage(price="3")]), document(charges=[usage(price="2")])
    book = RateBook("electricity", "import", stream(supply, role="supply"), (stream(levy, role="levy"),))
    assert book.rise_cap_micro() == 10**15 // 5
    gas = parse_document(document(utility="gas", conversion={"unit": "kWh", "factor": "11.5"}))
    assert highest_price_micro([gas]) == 23_000_000
    assert gas.effective_from < date(2026, 1, 1)
