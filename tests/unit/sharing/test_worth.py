"""What a member's month is worth, by role; prices by date; and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.sharing.domain import (
    NOTHING,
    ExplainedMonth,
    GroupRule,
    LaterChange,
    MemberMonth,
    Money,
    PriceTerms,
    Spell,
    charged_in,
    grid_of,
    interval_costs,
    prices_by_date,
    saved_in,
    share_generation,
    sharing_sentences,
    usage_cost,
    versions_of,
)
from mita.sharing.domain import shares as shares_module
from mita.tariffs.domain import parse_document

ZONE = ZoneInfo("Europe/Rome")
D = date(2026, 3, 1)
TABLE = parse_document(
    """
rate_table: 1
name: Roof
utility: solar
currency: EUR
effective_from: 2026-01-01
tax: {name: VAT, percent: "22", prices: exclusive}
charges:
  - {name: Solar, kind: usage, allowance: "1", blocks: [{up_to: "3", price: "0.1001"}, {price: "0.3"}]}
"""
)
MONTH = MemberMonth(
    12_000_000, 7_200_000, 0, 14_400_000, 2_160_000, 7_200_000, 1_080_000, 0, 0, 3_600_000, 360_000
)


def test_a_month_of_nine_numbers_is_one_without_the_others() -> None:
    stored = [12, 7, 0, 14, 2, 7, 1, 0, 0]
    assert MemberMonth(*stored) == replace(NOTHING, **dict(zip(FIELDS, stored, strict=True)))
    assert MemberMonth(*stored).numbers == [*stored, 0, 0, 0, 0, 0, 0, 0]


FIELDS = (
    *("consumption_micro", "allocated_micro", "surplus_micro", "saved_net_micro", "saved_tax_micro"),
    *("solar_net_micro", "solar_tax_micro", "fed_in_net_micro", "fed_in_tax_micro"),
)


def test_a_month_moves_each_income_and_the_tax() -> None:
    assert MONTH.worth_micro == 16_560_000 + 3_960_000 - 8_280_000
    assert MONTH.moves(NOTHING) == {
        "supply": -14_400_000,
        "network": -3_600_000,
        "levy": 0,
        "roof": 7_200_000,
        "tax": 1_080_000 - 2_160_000 - 360_000,
    }
    paid = replace(NOTHING, shared_micro=5, incentive_net_micro=10, incentive_tax_micro=1)
    assert paid.moves(NOTHING) == {"supply": 0, "network": 0, "levy": 0, "roof": -10, "tax": -1}
    assert NOTHING.moves(paid)["roof"] == 10


def test_the_newest_row_of_a_date_holds() -> None:
    written = [PriceTerms(D, 1), PriceTerms(date(2026, 3, 9), 2), PriceTerms(D, 3), PriceTerms(D, 4)]
    assert prices_by_date(written) == [PriceTerms(D, 4), PriceTerms(date(2026, 3, 9), 2)]


def test_tables_by_date_are_versions_of_one_another() -> None:
    days = [date(2026, 3, day) for day in (1, 5, 9, 12)]
    listed = list(zip(days, [None, 7, 7, None], strict=True))
    found = versions_of(listed, tables={7: TABLE})
    assert [each.effective_from for each in found] == [days[1], days[3]]
    assert [bool(each.charges) for each in found] == [True, False]
    assert versions_of([(D, None)], tables={}) == ()
    grid = grid_of(ZONE, first=D, until=date(2026, 3, 20), minutes=60)
    assert np.flatnonzero(charged_in(found, grid=grid)).tolist() == list(range(4 * 24, 11 * 24))
    terms = [PriceTerms(days[1], roles=("network",)), PriceTerms(days[2], roles=("supply",))]
    assert np.flatnonzero(saved_in(terms, role="network", grid=grid)).tolist() == list(range(4 * 24, 8 * 24))


@given(quantities=st.lists(st.integers(0, 3_000_000), min_size=24, max_size=24))
def test_costs_by_interval_add_up(quantities: list[int]) -> None:
    edges = grid_of(ZONE, first=D, until=date(2026, 3, 2), minutes=60).edges
    used = np.array(quantities, dtype=np.int64)
    net, tax = interval_costs([TABLE], zone=ZONE, register="import", edges=edges, quantity_micro=used)
    whole = usage_cost([TABLE], zone=ZONE, register="import", edges=edges, quantity_micro=used)
    assert Money(int(net.sum()), int(tax.sum())) == whole
    # the first kWh is free, and intervals that come later cost what is left
    free = int(np.searchsorted(used.cumsum(), 1_000_000, side="right"))
    assert not net[:free].any()


@pytest.mark.parametrize("kind", ["static", "dynamic", "equal", "virtual"])
def test_how_many_are_shared_out_at_once_makes_no_difference(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = grid_of(ZONE, first=D, until=date(2026, 3, 4), minutes=60)
    rng = np.random.default_rng(4)
    energy = {register: rng.integers(0, 10**6, len(grid)) for register in range(4)}
    members = [Spell(10 + each, each, D, key_micro=300_000) for each in (1, 2, 3)]

    def shared() -> list[object]:
        found = share_generation(
            GroupRule(kind, kind, is_own_surplus=False, keys="none", interval_minutes=60),
            grid=grid,
            sources=[Spell(0, 0, D)],
            members=members,
            energy=energy,
            keys={},
        )
        return [each.tolist() for each in (found.allocated, found.surplus, found.shared, found.shared_of)]

    whole = shared()
    monkeypatch.setattr(shares_module, "_TOGETHER_MAX", 7)
    assert shared() == whole
    if kind == "virtual":
        assert np.array(whole[3]).sum(axis=0).tolist() == whole[2]


def test_what_is_said_of_a_month() -> None:
    new = replace(MONTH, surplus_micro=500_000, fed_in_net_micro=200_000)
    told = ExplainedMonth(
        group="The roof",
        month=D,
        until_on=date(2026, 3, 15),
        currency="EUR",
        old=MONTH,
        new=new,
        later=(LaterChange(9, datetime(2026, 4, 2, tzinfo=UTC), new, NOTHING),),
    )
    assert sharing_sentences(told) == [
        "The roof in March 2026, counted up to 15 March 2026 (not included).",
        "You used 12.000 kWh.",
        "Of this 7.200 kWh came from the roof.",
        "From the grid this would have cost €16.56 more.",
        "From the grid this would have cost €3.96 more for the network.",
        "From the roof it costs €8.28.",
        "For your own surplus of 0.500 kWh you are paid €0.20.",
        "The tax in these amounts is €1.44 less than without the roof.",
        "Together the month is worth €12.44 to you.",
        "Booked before: €12.24.",
        "The difference, €0.20, was given to the wallet by this entry.",
        (
            "Later, on 2 April 2026, the month was settled again: €12.44 became €0.00;"
            " the difference is entry 9."
        ),
    ]
    both = [*told.taken_back, *told.lines]
    assert sum(each.paid.gross_micro for each in both) == -200_000


def test_without_tax_nothing_is_said_of_it() -> None:
    new = replace(
        NOTHING,
        consumption_micro=3_000_000,
        allocated_micro=2_000_000,
        saved_net_micro=600_000,
        solar_net_micro=200_000,
    )
    told = ExplainedMonth(
        group="The roof", month=D, until_on=date(2026, 4, 1), currency="EUR", old=NOTHING, new=new
    )
    assert sharing_sentences(told) == [
        "The roof in March 2026, counted up to 1 April 2026 (not included).",
        "You used 3.000 kWh.",
        "Of this 2.000 kWh came from the roof.",
        "From the grid this would have cost €0.60 more.",
        "From the roof it costs €0.20.",
        "Together the month is worth €0.40 to you.",
        "The difference, €0.40, was given to the wallet by this entry.",
    ]


def test_what_lies_before_the_first_table_costs_nothing() -> None:
    edges = grid_of(ZONE, first=date(2026, 2, 28), until=date(2026, 3, 2), minutes=24 * 60).edges
    table = replace(TABLE, effective_from=D)
    how = {"zone": ZONE, "register": "import", "edges": edges}
    used = np.array([5_000_000, 2_000_000])
    # of the second day: 1 kWh is free, 1 kWh costs 0.1001, and 22 percent of that is 22,022 micro
    assert usage_cost([table], quantity_micro=used, **how) == Money(100_100, 22_022)
    net, tax = interval_costs([table], quantity_micro=used, **how)
    assert (net.tolist(), tax.tolist()) == ([0, 100_100], [0, 22_022])
