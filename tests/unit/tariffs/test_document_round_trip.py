"""Table -> document -> YAML or JSON -> table: nothing is lost, and equal tables have equal bytes."""

from __future__ import annotations

import copy
import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mita.tariffs.domain import canonical_json, document_schema, parse_document

from .documents import DEMAND, EVERYTHING, GAS, RICH, TIMED, rate_tables
from .tables import document, usage

PATIENT = {"suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
SCHEMA = Draft202012Validator(document_schema())
STYLES = st.fixed_dictionaries(
    {
        "sort_keys": st.booleans(),
        "allow_unicode": st.booleans(),
        "default_flow_style": st.sampled_from([True, False, None]),
        "width": st.sampled_from([30, 1_000]),
    }
)


def as_the_database_keeps_it(value):
    """Keys as PostgreSQL's jsonb orders them: by length, then by bytes."""
    if isinstance(value, list):
        return [as_the_database_keeps_it(each) for each in value]
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return {key: as_the_database_keeps_it(value[key]) for key in keys}
    return value


@given(table=rate_tables(), style=STYLES, ascii_only=st.booleans(), indent=st.sampled_from([None, 2, "\t"]))
@settings(max_examples=300, deadline=None, **PATIENT)
def test_any_table_survives_every_way_of_writing_it(table, style, ascii_only, indent):
    plain = table.to_document()
    SCHEMA.validate(plain)
    assert parse_document(plain) == table
    assert parse_document(yaml.safe_dump(plain, **style)) == table
    assert parse_document(json.dumps(plain, ensure_ascii=ascii_only, indent=indent)) == table
    again = parse_document(json.loads(json.dumps(as_the_database_keeps_it(plain))))
    assert again == table
    assert canonical_json(again) == canonical_json(table)
    assert parse_document(canonical_json(table).decode()) == table
    assert again.to_document() == plain


@pytest.mark.parametrize("plain", RICH, ids=lambda plain: plain["name"])
def test_what_was_written_is_written_again(plain):
    told = parse_document(plain).to_document()
    assert told == {"period": "month", **plain}


def test_keys_come_in_the_order_of_the_reference():
    told = parse_document(dict(reversed(EVERYTHING.items()))).to_document()
    assert list(told) == [
        "rate_table", "name", "utility", "currency", "effective_from", "source", "tax", "period",
        "billing_day", "calendar", "seasons", "clocks", "charges",
    ]  # fmt: skip
    assert list(told["calendar"]) == ["country", "subdivision", "holiday_as", "holidays", "dates"]
    assert [list(each) for each in told["charges"]] == [
        ["name", "kind", "price"],
        ["name", "kind", "allowance", "blocks", "blocks_mode", "blocks_per_letter"],
        ["name", "kind", "register", "price"],
        ["name", "kind", "per", "price", "while_off"],
        ["name", "kind", "per", "price"],
        ["name", "kind", "interval_minutes", "unit", "price", "when"],
        ["name", "kind", "register", "interval_minutes", "unit", "price"],
        ["name", "kind", "per", "price"],
    ]


def test_what_means_the_same_is_the_same():
    one = document(charges=[usage(price="2.50")])
    spelled_out = {"register": "import", "blocks_mode": "slab", "blocks_per_letter": False, "allowance": "0"}
    others = [
        document(charges=[usage(price="02.500", **spelled_out)]),
        document(charges=[usage(price="2.5")], billing_day=1, period="month", calendar={}, source={}),
    ]
    for other in others:
        assert parse_document(other) == parse_document(one)
        assert canonical_json(parse_document(other)) == canonical_json(parse_document(one))
    left, right = copy.deepcopy(TIMED), copy.deepcopy(TIMED)
    left["charges"][1]["when"], right["charges"][1]["when"] = ["O", "P"], ["P", "O"]
    assert canonical_json(parse_document(left)) == canonical_json(parse_document(right))
    named = document(charges=[{**DEMAND, "register": "apparent"}])
    assert parse_document(named) == parse_document(document(charges=[DEMAND]))


def test_a_conversion_keeps_what_was_written():
    # 1.02264 * 39.5 / 3.6 = 11.220633333…
    table = parse_document(GAS)
    assert (table.conversion.unit, table.conversion.factor_micro) == ("kWh", 11_220_633)
    assert table.to_document()["conversion"] == GAS["conversion"]
    by_factor = parse_document({**GAS, "conversion": {"unit": "kWh", "factor": "11.220633"}})
    assert by_factor.conversion.factor_micro == table.conversion.factor_micro
    assert by_factor.to_document()["conversion"] == {"unit": "kWh", "factor": "11.220633"}


def forms_of(plain):
    """The keys of a document, and what prices depend on."""
    yield from plain
    for part in ("calendar", "conversion"):
        yield from (f"{part}.{key}" for key in plain.get(part, {}))
    for charge in plain["charges"]:
        yield from (f"{charge['kind']}.{key}" for key in charge)
        for key in charge.keys() & {"price", "blocks", "when"}:
            yield f"{key} by {type(charge[key]).__name__}"


def test_the_strategy_reaches_every_form():
    seen = set()

    @given(table=rate_tables())
    @settings(max_examples=400, deadline=None, database=None, derandomize=True, **PATIENT)
    def look(table):
        seen.update(forms_of(table.to_document()))

    look()
    assert seen >= {
        "usage.allowance", "usage.blocks_mode", "usage.blocks_per_letter", "usage.register", "demand.when",
        "fixed.while_off", "demand.register", "minimum.per", "price by dict", "price by str",
        "blocks by dict",
        "blocks by list", "when by dict", "when by list", "calendar.holidays", "calendar.subdivision",
        "calendar.dates", "conversion.factor", "conversion.calorific_value", "source", "tax", "seasons",
        "billing_day", "clocks",
    }  # fmt: skip
