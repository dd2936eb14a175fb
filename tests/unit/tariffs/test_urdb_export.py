"""A rate goes to URDB and back: nothing changes on the way, and what URDB cannot say is named."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import canonical_json, parse_document
from mita.tariffs.domain.imports import NotInUrdb, read_urdb, to_urdb

from .documents import DEMAND
from .tables import CLOCKS, SEASONS, document, homeflex, table, usage
from .test_urdb import FROM_2020, rate


def again(draft_or_table):
    exported = to_urdb(draft_or_table)
    (found,) = read_urdb(exported.text).tables
    return found


def test_the_sample_goes_there_and_back(fixtures_path):
    text = (fixtures_path / "tariffs" / "urdb" / "urdbv7.json").read_text(encoding="utf-8")
    (first,) = read_urdb(text, effective_from=FROM_2020).tables
    assert to_urdb(first).left_out == ()
    assert canonical_json(again(first)) == canonical_json(first)


prices = st.integers(0, 999_999).map(lambda micro: float(Decimal(micro).scaleb(-6)))


@st.composite
def rates(draw):
    count = draw(st.integers(1, 4))
    limits = sorted(draw(st.sets(st.integers(1, 500), max_size=2)))
    structure = []
    for _ in range(count):
        sell = draw(st.sampled_from([0, 0, 0.05]))
        steps = [{"rate": draw(prices), "max": limit, "sell": sell} for limit in limits]
        steps.append({"rate": draw(prices), "sell": sell} | ({"max": 9.99e37} if draw(st.booleans()) else {}))
        structure.append(steps)

    def schedule(periods):
        patterns = [
            draw(
                st.lists(st.integers(0, periods - 1), min_size=4, max_size=4).map(
                    lambda c: [p for p in c for _ in range(6)]
                )
            )
            for _ in range(2)
        ]
        return [patterns[draw(st.integers(0, 1))] for _ in range(12)]

    made = rate(
        energyratestructure=structure,
        energyweekdayschedule=schedule(count),
        energyweekendschedule=schedule(count),
    )
    if draw(st.booleans()):
        periods = draw(st.integers(1, 3))
        made |= {
            "demandratestructure": [[{"rate": draw(prices)}] for _ in range(periods)],
            "demandweekdayschedule": schedule(periods),
            "demandweekendschedule": schedule(periods),
            "demandwindow": draw(st.sampled_from([15, 30, 60])),
        }
    if draw(st.booleans()):
        made |= {
            "flatdemandstructure": [[{"rate": draw(prices)}] for _ in range(2)],
            "flatdemandmonths": draw(st.lists(st.integers(0, 1), min_size=12, max_size=12)),
        }
    if draw(st.booleans()):
        made |= {
            "fixedchargefirstmeter": draw(prices),
            "fixedchargeunits": draw(st.sampled_from(["$/day", "$/month"])),
        }
    if draw(st.booleans()):
        made |= {"minmonthlycharge": draw(prices)}
    return made


@given(rates())
@settings(max_examples=150, deadline=None)
def test_import_export_import_is_stable(made):
    first = read_urdb(json.dumps(made))
    (found,) = first.tables
    assert first.left_out == ()
    assert to_urdb(found).left_out == ()
    assert again(found) == found
    assert parse_document(found.to_document()) == found


@given(rates())
@settings(max_examples=60, deadline=None)
def test_each_hour_keeps_its_price(made):
    """Walks the year of the file by itself and looks each hour up in the document."""
    (found,) = read_urdb(json.dumps(made)).documents
    seasons = found.get("seasons", {})
    clocks = found.get("clocks")
    for month in range(12):
        name = next((s for s, span in seasons.items() if in_span(month + 1, span)), None)
        for kind, day in (("energyweekdayschedule", "weekday"), ("energyweekendschedule", "sunday")):
            for hour in range(24):
                steps = made["energyratestructure"][made[kind][month][hour]]
                letter = (clocks[name] if name else clocks)[day][hour] if clocks else None
                (energy,) = (each for each in found["charges"] if each["name"] == "Energy")
                tree = energy.get("blocks", energy.get("price"))
                for key in (name, letter):
                    if isinstance(tree, dict) and key in tree:
                        tree = tree[key]
                blocks = tree if isinstance(tree, list) else [{"price": tree}]
                for quantity in (1, 20, 100, 499, 501):
                    wanted = next(s["rate"] for s in steps if s.get("max", 1e38) >= quantity)
                    got = next(b["price"] for b in blocks if float(b.get("up_to", "1e38")) >= quantity)
                    assert float(got) == wanted


def in_span(month, span):
    first, last = int(span["from"][:2]), int(span["to"][:2])
    return first <= month <= last if first <= last else month >= first or month <= last


def test_an_allowance_becomes_a_free_block():
    made = table(
        currency="USD",
        tax=None,
        charges=[usage(allowance="50", blocks=[{"up_to": "100", "price": "1.00"}, {"price": "2.00"}])],
    )
    assert to_urdb(made).rate["energyratestructure"] == [
        [
            {"rate": 0, "unit": "kWh", "max": 50},
            {"rate": 1, "unit": "kWh", "max": 150},
            {"rate": 2, "unit": "kWh"},
        ]
    ]


def test_charges_on_one_register_are_added():
    made = table(
        currency="USD",
        charges=[
            usage(price="0.10"),
            usage(name="Levy", blocks=[{"up_to": "9", "price": "0"}, {"price": "0.02"}]),
        ],
    )
    exported = to_urdb(made)
    assert exported.rate["energyratestructure"] == [
        [
            {"rate": Decimal("0.1"), "unit": "kWh", "max": 9},
            {"rate": Decimal("0.12"), "unit": "kWh"},
        ]
    ]
    assert [each.path for each in exported.left_out] == ["tax"]


def test_what_urdb_does_not_say_is_named():
    made = table(
        billing_day=15,
        calendar={"dates": {"2025-12-26": "saturday"}},
        charges=[usage(price="1"), usage(name="Back", register="reverse", price="1")],
    )
    assert [each.path for each in to_urdb(made).left_out] == [
        "tax",
        "currency",
        "billing_day",
        "calendar",
        "charges[1]",
    ]


def test_where_a_table_is_from_and_letters_by_the_half_hour():
    made = table(
        currency="USD",
        tax=None,
        source={"title": "Tariff book", "url": "https://example.org/book"},
        clocks=dict.fromkeys(("weekday", "saturday", "sunday"), "A" * 16 + "B" * 32),
        charges=[usage(price={"A": "0.10", "B": "0.30"})],
    )
    exported = to_urdb(made)
    assert (exported.rate["source"], exported.rate["uri"]) == ("Tariff book", "https://example.org/book")
    assert exported.rate["energyweekdayschedule"] == [[0] * 8 + [1] * 16] * 12
    assert exported.left_out == ()
    assert again(made).source == made.source


def test_standing_charges_alone():
    day = {"name": "Network", "kind": "fixed", "per": "day", "price": "3.24", "while_off": False}
    month = {"name": "Account", "kind": "fixed", "per": "month", "price": "20.00"}
    made = table(
        currency="USD",
        tax=None,
        source={"title": "Tariff book", "retrieved": "2025-05-01"},
        charges=[day, {**day, "name": "Meter", "price": "1.01", "while_off": True}, month],
    )
    exported = to_urdb(made)
    assert exported.rate == {
        "name": "Test",
        "startdate": 1704067200,
        "source": "Tariff book",
        "fixedchargefirstmeter": Decimal("4.25"),
        "fixedchargeunits": "$/day",
    }
    assert [each.path for each in exported.left_out] == [
        "source.retrieved",
        "charges[0].while_off",
        "charges[2]",
    ]


def test_what_urdb_does_not_say_of_power_and_net_metering():
    power = {"name": "Peak", "kind": "demand", "interval_minutes": 30, "unit": "kW", "price": "7.00"}
    made = table(
        currency="USD",
        tax=None,
        charges=[
            usage(price="0.10"),
            {**power, "register": "feeder"},
            {**power, "name": "Quarter", "register": "feeder", "interval_minutes": 15},
            {"name": "Netting", "kind": "netting", "surplus_price": "0.04"},
        ],
    )
    exported = to_urdb(made)
    assert exported.rate["demandwindow"] == 30
    assert exported.rate["flatdemandstructure"] == [[{"rate": 7}]]
    assert [each.path for each in exported.left_out] == [
        "charges[1].register",
        "charges[2].register",
        "charges[2]",
        "charges[3]",
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"utility": "water"}, "electricity only"),
        (
            {
                "clocks": dict.fromkeys(("weekday", "saturday", "sunday"), "AB" * 12),
                "charges": [
                    usage(price="1"),
                    {**DEMAND, "name": "One", "when": ["A", "B"]},
                    {**DEMAND, "name": "Two", "when": ["B"]},
                ],
            },
            "the hours of 'Two' are also those of 'One'",
        ),
        ({"seasons": SEASONS, "clocks": CLOCKS}, "Saturday and Sunday differ"),
        (
            {
                "seasons": {
                    "early": {"from": "01-01", "to": "06-15"},
                    "late": {"from": "06-16", "to": "12-31"},
                }
            },
            "a season begins within month 6",
        ),
        (
            {"clocks": dict.fromkeys(("weekday", "saturday", "sunday"), "AB" + "A" * 46)},
            "within an hour",
        ),
        ({"charges": [usage(blocks_mode="volume", blocks=[{"price": "1"}])]}, "no others"),
        ({"charges": [usage(register="export", price="1")]}, "only beside a price for energy used"),
        (
            {
                "charges": [
                    usage(price="1"),
                    usage(
                        name="Back", register="export", blocks=[{"up_to": "1", "price": "1"}, {"price": "2"}]
                    ),
                ]
            },
            "fed in are not expressible",
        ),
    ],
)
def test_what_urdb_cannot_say_is_refused(changes, says):
    with pytest.raises(NotInUrdb, match=says):
        to_urdb(parse_document(document(**changes)))


def test_homeflex_is_not_a_urdb_rate():
    with pytest.raises(NotInUrdb):
        to_urdb(homeflex())
