from __future__ import annotations

import json
import struct
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import RateTableInvalid
from mita.tariffs.domain.imports import read_urdb
from mita.tariffs.domain.imports.urdb_values import pictured_micro

JUNE_TO_AUGUST = [0] * 5 + [1] * 3 + [0] * 4
ALL_DAY = [[0] * 24] * 12
FROM_2020 = date(2020, 1, 1)


def rate(**changes):
    plain = {
        "name": "R1",
        "utility": "Pacific Light",
        "startdate": 1577836800,  # 2020-01-01T00:00Z
        "energyratestructure": [[{"rate": 0.1, "unit": "kWh"}]],
        "energyweekdayschedule": ALL_DAY,
        "energyweekendschedule": ALL_DAY,
    }
    return {key: value for key, value in (plain | changes).items() if value is not None}


def drafted(**changes):
    return read_urdb(json.dumps(rate(**changes)))


def imported(**changes):
    draft = drafted(**changes)
    assert len(draft.documents) == 1
    return draft.documents[0]


def refused(**changes):
    with pytest.raises(RateTableInvalid) as caught:
        drafted(**changes)
    return {(each.path, each.code) for each in caught.value.problems}


def by_month(months):
    return [[period] * 24 for period in months]


# ── the two samples ──


def test_the_object_loads(fixtures_path):
    text = (fixtures_path / "tariffs" / "urdb" / "urdbv7.json").read_text(encoding="utf-8")
    draft = read_urdb(text, effective_from=FROM_2020, name="Sample")
    (found,) = draft.documents
    low = [{"up_to": "100", "price": "0.056909"}, {"price": "0.069079"}]
    high = [{"up_to": "100", "price": "0.070769"}, {"price": "0.082949"}]
    assert found == {
        "rate_table": 1,
        "name": "Sample",
        "utility": "electricity",
        "currency": "USD",
        "effective_from": "2020-01-01",
        "period": "month",
        "seasons": {
            "may-oct": {"from": "05-01", "to": "10-31"},
            "nov-apr": {"from": "11-01", "to": "04-30"},
        },
        "clocks": {
            "may-oct": {"weekday": "A" * 15 + "B" * 5 + "A" * 4, "saturday": "A" * 24, "sunday": "A" * 24},
            "nov-apr": {"weekday": "A" * 24, "saturday": "A" * 24, "sunday": "A" * 24},
        },
        "charges": [
            {"name": "Energy", "kind": "usage", "blocks": {"may-oct": {"A": low, "B": high}, "nov-apr": low}},
            {
                "name": "Flat demand",
                "kind": "demand",
                "interval_minutes": 15,
                "unit": "kW",
                "price": {"may-oct": "13.87", "nov-apr": "6.46"},
            },
            {"name": "Fixed charge", "kind": "fixed", "per": "month", "price": "35.28"},
            {"name": "Minimum bill", "kind": "minimum", "per": "month", "price": "1.00"},
        ],
    }
    assert {(each.path, each.code) for each in draft.left_out} == {
        ("demandratestructure[0]", "demand_blocks"),
        ("annualmincharge", "not_expressible"),
    }
    pictures = [each for each in draft.warnings if each.code == "binary_number"]
    assert "energyratestructure[0][0].rate" in {each.path for each in pictures}
    assert "0.070768997073173523 is the binary picture of 0.070769" in pictures[0].message
    assert not draft.to_confirm


def test_the_text_inside_a_text_loads_and_its_unknown_units_are_named(fixtures_path):
    path = fixtures_path / "tariffs" / "urdb" / "urdb_rate_539f6a23ec4f024411ec8beb.json"
    draft = read_urdb(path.read_text(encoding="utf-8"))
    assert draft.documents == ()
    assert [(each.path, each.code) for each in draft.left_out] == [
        ("energyratestructure[0][0].unit", "unknown_unit"),
        ("energyratestructure[1][0].unit", "unknown_unit"),
        ("flatdemandstructure[0]", "demand_blocks"),
    ]
    assert "kWh/kW" in draft.left_out[0].message
    # a price that is said in words only
    assert any("$1000.00" in each.message for each in draft.warnings)


# ── what maps ──


def test_one_price_all_year():
    found = imported()
    assert found["charges"] == [{"name": "Energy", "kind": "usage", "price": "0.10"}]
    assert "seasons" not in found
    assert "clocks" not in found
    assert (found["name"], found["effective_from"]) == ("Pacific Light: R1", "2020-01-01")


def test_an_adjustment_is_added():
    structure = [[{"rate": 0.1, "adj": -0.03, "max": 50}, {"rate": 0.2, "adj": 0.000001, "max": 9.99e37}]]
    (energy,) = imported(energyratestructure=structure)["charges"]
    assert energy["blocks"] == [{"up_to": "50", "price": "0.07"}, {"price": "0.200001"}]


def test_months_become_seasons_and_need_no_clock():
    found = imported(
        energyratestructure=[[{"rate": 0.1}], [{"rate": 0.2}]],
        energyweekdayschedule=by_month(JUNE_TO_AUGUST),
        energyweekendschedule=by_month(JUNE_TO_AUGUST),
    )
    assert found["seasons"] == {
        "jun-aug": {"from": "06-01", "to": "08-31"},
        "sep-may": {"from": "09-01", "to": "05-31"},
    }
    assert "clocks" not in found
    assert found["charges"][0]["price"] == {"jun-aug": "0.20", "sep-may": "0.10"}


def test_hours_become_letters():
    day = [0] * 16 + [1] * 5 + [0] * 3
    found = imported(
        energyratestructure=[[{"rate": 0.1}], [{"rate": 0.4}], [{"rate": 9}]],
        energyweekdayschedule=[day] * 12,
    )
    assert found["clocks"] == {
        "weekday": "A" * 16 + "B" * 5 + "A" * 3,
        "saturday": "A" * 24,
        "sunday": "A" * 24,
    }
    assert found["charges"][0]["price"] == {"A": "0.10", "B": "0.40"}


def test_february_ends_on_its_29th():
    months = [0, 1] + [0] * 10
    found = imported(flatdemandstructure=[[{"rate": 1}], [{"rate": 2}]], flatdemandmonths=months)
    assert found["seasons"] == {
        "feb": {"from": "02-01", "to": "02-29"},
        "mar-jan": {"from": "03-01", "to": "01-31"},
    }
    assert found["charges"][1]["price"] == {"feb": "2.00", "mar-jan": "1.00"}


def test_power_by_the_hour():
    day = [0] * 16 + [1] * 5 + [0] * 3
    draft = drafted(
        demandratestructure=[[{"rate": 0}], [{"rate": 12.5}]],
        demandweekdayschedule=[day] * 12,
        demandweekendschedule=ALL_DAY,
        demandwindow=30,
    )
    (found,) = draft.documents
    assert found["charges"][1] == {
        "name": "Demand period 1",
        "kind": "demand",
        "interval_minutes": 30,
        "unit": "kW",
        "price": "12.50",
        "when": ["B"],
    }
    # energy costs the same under both letters
    assert found["charges"][0]["price"] == "0.10"
    assert "no_demand_window" not in {each.code for each in draft.warnings}


def test_power_at_all_hours_of_a_month_is_flat():
    found = imported(
        demandratestructure=[[{"rate": 3}]],
        flatdemandstructure=[[{"rate": 2}]],
    )
    assert "clocks" not in found
    assert [each["name"] for each in found["charges"]] == ["Energy", "Flat demand"]
    assert found["charges"][1]["price"] == "5.00"


def test_more_than_26_prices_in_a_year_have_letters_of_their_season():
    hours = [0] * 8 + [1] * 8 + [2] * 8
    schedule = [[3 * month + hour for hour in hours] for month in range(12)]
    found = imported(
        energyratestructure=[[{"rate": (period + 1) / 100}] for period in range(36)],
        energyweekdayschedule=schedule,
        energyweekendschedule=schedule,
    )
    assert found["clocks"]["dec"]["weekday"] == "A" * 8 + "B" * 8 + "C" * 8
    assert found["charges"][0]["price"]["jan"] == {"A": "0.01", "B": "0.02", "C": "0.03"}
    assert found["charges"][0]["price"]["dec"] == {"A": "0.34", "B": "0.35", "C": "0.36"}


def test_more_than_26_prices_in_a_month_are_left_out():
    draft = drafted(
        energyratestructure=[[{"rate": (period + 1) / 100}] for period in range(48)],
        energyweekdayschedule=[list(range(24))] * 12,
        energyweekendschedule=[list(range(24, 48))] * 12,
    )
    assert draft.documents == ()
    assert [each.code for each in draft.left_out] == ["too_many_letters"]


def test_energy_fed_in_is_an_export_charge():
    found = imported(
        energyratestructure=[[{"rate": 0.1, "sell": 0.04, "max": 10}, {"rate": 0.2, "sell": 0.04}]]
    )
    assert found["charges"][1] == {
        "name": "Export",
        "kind": "usage",
        "register": "export",
        "price": "0.04",
    }


def test_fixed_and_minimum_charges():
    found = imported(
        fixedchargefirstmeter=0.35, fixedchargeunits="$/day", mincharge=20, minchargeunits="$/month"
    )
    assert found["charges"][1:] == [
        {"name": "Daily charge", "kind": "fixed", "per": "day", "price": "0.35"},
        {"name": "Minimum bill", "kind": "minimum", "per": "month", "price": "20.00"},
    ]


def test_where_the_rate_is_from():
    found = imported(source=" Tariff\n book ", uri="https://example.org/rate")
    assert found["source"] == {"title": "Tariff book", "url": "https://example.org/rate"}
    assert "source" not in imported(source=7, uri="ftp://example.org/rate")


def test_what_no_price_is_written_for_is_free_and_told():
    draft = drafted(energyratestructure=[[{"unit": "kWh"}]])
    assert draft.documents[0]["charges"] == [{"name": "Energy", "kind": "usage", "price": "0.00"}]
    assert ("energyratestructure[0][0].rate", "no_price") in {
        (each.path, each.code) for each in draft.warnings
    }


def test_several_rates_in_a_file():
    text = json.dumps({"items": [rate(), rate(name="R2", startdate=1609459200)]})
    assert [each["effective_from"] for each in read_urdb(text).documents] == ["2020-01-01", "2021-01-01"]


def test_a_price_in_cents_wants_to_be_confirmed():
    draft = drafted(energyratestructure=[[{"rate": 12.5}]])
    assert [(each.path, each.code) for each in draft.to_confirm] == [
        ("charges[0].price", "implausible_price")
    ]


# ── what does not map is named ──


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"energyratestructure": [[{"rate": 0.1, "unit": "kWh daily"}]]}, "energyratestructure[0][0].unit"),
        ({"energyratestructure": [[{"rate": 0.1, "unit": "kWh/kW"}]]}, "energyratestructure[0][0].unit"),
        ({"energyratestructure": [[{"rate": 0.1, "adj": -0.2}]]}, "energyratestructure[0][0].rate"),
        ({"energyratestructure": [[{"rate": 0.1, "max": 100}]]}, "energyratestructure[0][0].max"),
        (
            {"energyratestructure": [[{"rate": 1, "max": 9, "sell": 0}, {"rate": 2, "sell": 1}]]},
            "energyratestructure[0]",
        ),
        ({"annualmincharge": 12}, "annualmincharge"),
        ({"mincharge": 12, "minchargeunits": "$/year"}, "mincharge"),
        ({"mincharge": 12, "minchargeunits": "$/day"}, "mincharge"),
        ({"fixedchargefirstmeter": 12, "fixedchargeunits": "$/year"}, "fixedchargefirstmeter"),
        ({"fixedchargefirstmeter": -1}, "fixedchargefirstmeter"),
        ({"fixedchargeeaaddl": 3}, "fixedchargeeaaddl"),
        ({"demandratchetpercentage": [0, 0, 80]}, "demandratchetpercentage"),
        ({"coincidentratestructure": [[{"rate": 4}]]}, "coincidentratestructure"),
        ({"demandreactivepowercharge": 0.5}, "demandreactivepowercharge"),
        ({"demandreactivepowercharge": "see rider 3"}, "demandreactivepowercharge"),
        ({"flatdemandstructure": [[{"rate": 4}]], "flatdemandunit": "hp"}, "flatdemandunit"),
        ({"flatdemandstructure": [[{"rate": 4, "max": 9}, {"rate": 5}]]}, "flatdemandstructure[0]"),
        (
            {
                "flatdemandstructure": [[{"rate": 4}]],
                "demandratestructure": [[{"rate": 4}]],
                "demandrateunit": "kVA",
            },
            "demandratestructure",
        ),
    ],
)
def test_what_no_rate_table_can_say_is_left_out_by_name(changes, path):
    draft = drafted(**changes)
    assert [each.path for each in draft.left_out] == [path]
    names = [each["name"] for document_ in draft.documents for each in document_["charges"]]
    assert names in (["Energy"], ["Energy", "Flat demand"], [])


def test_nothing_is_left_out_for_zeros():
    zeros = {"annualmincharge": 0, "demandratchetpercentage": [0] * 12, "fixedchargeeaaddl": 0.0}
    nothing = {"coincidentratestructure": [[{"rate": None, "unit": ""}]], "demandunits": "hp"}
    assert drafted(**zeros, **nothing).left_out == ()


def test_what_is_said_in_words_or_not_known_is_told():
    codes = {(each.path, each.code) for each in drafted(energycomments="plus 2 c", surprise=4).warnings}
    assert {("energycomments", "not_read"), ("surprise", "unknown_key"), ("", "no_tax")} <= codes
    ended = {(each.path, each.code) for each in drafted(enddate=1609459200).warnings}
    assert ended == {("enddate", "has_ended"), ("", "no_tax")}
    assert ("dgrules", "net_metering") in {
        (each.path, each.code) for each in drafted(dgrules="Net Metering").warnings
    }


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"energyratestructure": [[{"rate": 0.1234567}]]},
            ("energyratestructure[0][0].rate", "too_many_decimals"),
        ),
        ({"fixedchargefirstmeter": 0.0000001}, ("fixedchargefirstmeter", "too_many_decimals")),
        ({"energyratestructure": [[{"rate": "0.1"}]]}, ("energyratestructure[0][0].rate", "not_a_number")),
        ({"energyratestructure": [[{"rate": True}]]}, ("energyratestructure[0][0].rate", "not_a_number")),
        ({"energyratestructure": [[{"rate": 10**10}]]}, ("energyratestructure[0][0].rate", "out_of_range")),
        ({"energyratestructure": [[]]}, ("energyratestructure[0]", "wrong_type")),
        ({"energyratestructure": {}}, ("energyratestructure", "wrong_type")),
        (
            {"energyratestructure": [[{"rate": 1}, {"rate": 2}]]},
            ("energyratestructure[0][0].max", "missing_key"),
        ),
        ({"energyweekdayschedule": [[0] * 24] * 11}, ("energyweekdayschedule", "bad_schedule")),
        ({"energyweekendschedule": [[0] * 23] * 12}, ("energyweekendschedule[0]", "bad_schedule")),
        ({"energyweekdayschedule": [[1] * 24] * 12}, ("energyweekdayschedule[0][0]", "not_whole")),
        ({"energyweekdayschedule": [[0.5] * 24] * 12}, ("energyweekdayschedule[0][0]", "not_whole")),
        ({"energyweekdayschedule": None}, ("energyweekdayschedule", "bad_schedule")),
        ({"startdate": None}, ("startdate", "missing_key")),
        ({"startdate": "soon"}, ("startdate", "not_a_date")),
        ({"flatdemandstructure": [[{"rate": 4}]], "demandwindow": 25}, ("demandwindow", "bad_demand_window")),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(changes, fault):
    assert fault in refused(**changes)


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "[]", "1", "null", '"also nonsense"', '{"items": [1]}', '{"a": NaN}', "[" * 100_000],
)
def test_a_text_that_is_no_rate_is_refused(text):
    with pytest.raises(RateTableInvalid) as caught:
        read_urdb(text)
    assert all(each.message for each in caught.value.problems)


def test_a_file_too_large_to_be_a_rate_is_not_read():
    with pytest.raises(RateTableInvalid) as caught:
        read_urdb(json.dumps(rate()) + " " * 4 * 1024 * 1024)
    assert [each.code for each in caught.value.problems] == ["too_large"]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("1e999999", "out_of_range"),
        ("0." + "1" * 61, "out_of_range"),
        ("1e-999999", "too_many_decimals"),
        ("0e-999999", None),
    ],
)
def test_a_number_of_any_size_is_read_or_refused_at_once(number, code):
    text = json.dumps(rate(fixedchargefirstmeter=12345)).replace("12345", number)
    codes = []
    try:
        read_urdb(text)
    except RateTableInvalid as refusal:
        codes = [each.code for each in refusal.problems]
    assert codes == ([code] if code else [])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5))
@settings(max_examples=150)
def test_any_value_under_any_key_is_a_draft_or_a_refusal(value):
    for key in [
        *rate(),
        "fixedchargefirstmeter",
        "demandratestructure",
        "flatdemandstructure",
        "demandwindow",
    ]:
        problems, draft = (), None
        try:
            draft = read_urdb(json.dumps(rate() | {key: value}))
        except RateTableInvalid as refusal:
            problems = refusal.problems
        assert all(each.message for each in problems)
        assert problems or draft.documents or draft.left_out


# ── exact numbers ──


@given(st.integers(1, 10**9), st.booleans())
def test_a_binary_picture_is_recognised(micro, is_single):
    exact = Decimal(micro).scaleb(-6)
    double = float(exact)
    if is_single:
        double = struct.unpack("f", struct.pack("f", double))[0]
    for text in (repr(double), f"{double:.17g}"):
        written = Fraction(text)
        found = pictured_micro(written)
        if (written * 10**6).denominator == 1 and found is None:
            continue
        assert found is not None
        # another decimal may have the same picture in single precision: then the shortest one is meant
        again = float(Decimal(found).scaleb(-6))
        assert (
            struct.unpack("f", struct.pack("f", again))[0] if is_single and again != double else again
        ) == double
        if not is_single or micro < 1_000_000:
            assert found == micro


# the fourth one is a sum of floats, a bit beside 0.35
@pytest.mark.parametrize(
    "text", ["0.1234567", "0.0078125", "0.00000049", "0.35000000000000003", "123456.0000001"]
)
def test_other_long_decimals_are_not(text):
    assert pictured_micro(Fraction(text)) is None
