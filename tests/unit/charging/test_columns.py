"""The fast lane decides by columns what the rules decide one by one."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mita.charging.domain.decide import Rows, decide, judge_rows
from mita.charging.domain.memory import Accounts, RateBook, Registers
from mita.charging.domain.streams import Stream
from mita.ledger.domain import Heads
from mita.metering.domain import Limits, RegisterState, judge
from mita.metering.queries import RegisterInfo
from mita.tariffs.domain import parse_document
from mita.wallets.domain import Standing, WatchLines, standing_after
from mita.wallets.queries import AccountInfo

UNIT = 1_000_000
START = 1_772_323_200  # 2026-03-01T00:00:00Z
TABLE = parse_document(
    "{rate_table: 1, name: Flat, utility: electricity, currency: ZAR, effective_from: 2026-01-01,"
    ' tax: {name: VAT, percent: "15", prices: exclusive},'
    ' charges: [{name: Energy, kind: usage, price: "2.00"}]}'
)
LIMITS = Limits(5 * UNIT, UNIT)


def registers(states: list[RegisterState]) -> Registers:
    found = Registers()
    infos = [
        RegisterInfo(number, "import", f"M{number}", number, number, "electricity", LIMITS)
        for number in range(len(states))
    ]
    count = len(states)
    found.add(
        infos,
        states=dict(enumerate(states)),
        accounts=[0] * count,
        books=[0] * count,
        caps=[LIMITS.cap_micro] * count,
    )
    return found


states = st.one_of(
    st.just(RegisterState()),
    st.builds(
        RegisterState,
        newest_s=st.just(START),
        anchor_s=st.just(START),
        value_micro=st.integers(0, 10).map(lambda units: units * UNIT),
    ),
)
readings = st.lists(
    st.tuples(st.integers(1, 6 * 3_600), st.integers(0, 40).map(lambda halves: halves * UNIT // 2)),
    unique_by=lambda reading: reading[0],
    max_size=8,
)


@given(chains=st.lists(st.tuples(states, readings), min_size=1, max_size=4))
def test_columns_class_readings_as_the_rules_do(chains):
    known = registers([state for state, _ in chains])
    rows, expected = [], []
    for place, (state, found) in enumerate(chains):
        ordered = sorted(found)
        rows += [(place, START + after_s, value) for after_s, value in ordered]
        judged = judge(
            taken_s=[START + after_s for after_s, _ in ordered],
            value_micro=[value for _, value in ordered],
            is_accepted_by_person=[False] * len(ordered),
            state=state,
            limits=LIMITS,
        )
        expected += list(zip(judged.class_, judged.reason, strict=True))
    columns = np.array(rows, dtype=np.int64).reshape(len(rows), 3).T
    class_, reason = judge_rows(Rows(np.arange(len(rows)), *columns), registers=known)
    assert list(zip(class_.tolist(), reason.tolist(), strict=True)) == expected


def test_a_decision_holds_its_price_and_its_running_state():
    known = registers([RegisterState(START, START, 10 * UNIT)])
    rows = Rows(
        np.array([0, 1]),
        np.array([0, 0]),
        np.array([START + 3_600, START + 7_200]),
        np.array([12 * UNIT, 12_500_000]),
    )
    supply = Stream("supply", "import", (), [TABLE], ZoneInfo("Africa/Johannesburg"))
    book = RateBook("electricity", "import", supply)
    decided = decide(rows, is_late=np.zeros(2, dtype=np.bool_), registers=known, books=[book])
    assert decided.quantity_micro.tolist() == [2 * UNIT, 500_000]
    assert decided.net_micro.tolist() == [4 * UNIT, 1 * UNIT]
    assert decided.tax_micro.tolist() == [600_000, 150_000]
    # what the month has come to, for the next charge to go on from
    assert decided.run_quantity_micro.tolist() == [2 * UNIT, 2_500_000]
    assert decided.run_cost_micro.tolist() == [4 * UNIT, 5 * UNIT]
    assert TABLE.effective_from == date(2026, 1, 1)


lines = st.one_of(st.none(), st.integers(-20, 20))


@given(
    low=lines, cut=lines, restore=lines, balance=st.integers(-30, 30), before=st.sampled_from(list(Standing))
)
def test_columns_see_the_crossings_that_the_rule_sees(low, cut, restore, balance, before):
    watched = WatchLines(low, cut, restore)
    wallet = AccountInfo(
        account_id=1, wallet_id=1, unit_id=1, utility="electricity", standing=before, lines=watched
    )
    accounts = Accounts()
    accounts.put(
        Heads(np.array([1]), *(np.array([0]) for _ in range(5)), [b"\0" * 32]),
        wallets={1: wallet},
    )
    crossed = accounts.crossed(np.array([0]), balance_micro=np.array([balance]))
    is_crossing = standing_after(before, balance_micro=balance, lines=watched) is not before
    assert (len(crossed) == 1) is is_crossing
