"""The published JSON Schema accepts what the parser accepts, and refuses unknown keys, types and words."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mita.tariffs.domain import RateTableInvalid, document_schema, parse_document
from mita.tariffs.schemas import EXAMPLE

from .documents import DEMAND, EVERYTHING, FIXED, GAS, MINIMUM, RICH, TIMED
from .tables import document, usage
from .test_document import ROUND_TRIPS

SCHEMA = Draft202012Validator(document_schema())


def test_it_is_a_schema_and_plain_json():
    Draft202012Validator.check_schema(document_schema())
    assert json.loads(json.dumps(document_schema())) == document_schema()
    assert document_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document_schema() is not document_schema()


@pytest.mark.parametrize("plain", [*ROUND_TRIPS, *RICH, EXAMPLE])
def test_what_is_valid_is_accepted(plain):
    parse_document(plain)
    SCHEMA.validate(plain)


def objects_in(value, path=()):
    if isinstance(value, dict):
        yield path
    for key, each in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from objects_in(each, (*path, key))


def leaves_in(value, path=()):
    steps = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if steps is None:
        yield path
        return
    for key, each in steps:
        yield from leaves_in(each, (*path, key))


def changed(plain, path, value):
    plain = copy.deepcopy(plain)
    at = plain
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return plain


@pytest.mark.parametrize("plain", RICH, ids=lambda plain: plain["utility"])
def test_an_unknown_key_is_refused_everywhere(plain):
    places = list(objects_in(plain))
    assert len(places) >= 2
    for path in places:
        assert not SCHEMA.is_valid(changed(plain, (*path, "un!known"), "1.00")), path


@pytest.mark.parametrize("plain", RICH, ids=lambda plain: plain["utility"])
def test_a_wrong_type_is_refused_everywhere(plain):
    for path in leaves_in(plain):
        for wrong in (None, 2.5, [], {}, ["x"], {"x": "1.00"}):
            assert not SCHEMA.is_valid(changed(plain, path, wrong)), (path, wrong)


def test_a_required_key_may_not_be_missing():
    for plain in RICH:
        for path in (("charges", index) for index in range(len(plain["charges"]))):
            charge = plain["charges"][path[1]]
            for key in charge.keys() & {"name", "kind", "interval_minutes", "unit", "price"}:
                less = {name: value for name, value in charge.items() if name != key}
                assert not SCHEMA.is_valid(changed(plain, path, less)), (path, key)
        for key in ("rate_table", "name", "utility", "currency", "effective_from", "charges"):
            assert not SCHEMA.is_valid({name: value for name, value in plain.items() if name != key})


REFUSED = [
    {**EVERYTHING, "rate_table": 2},
    {**EVERYTHING, "utility": "steam"},
    {**EVERYTHING, "billing_day": 29},
    {**EVERYTHING, "charges": []},
    {**EVERYTHING, "calendar": {"country": "ZA"}},
    {**EVERYTHING, "calendar": {"holiday_as": "sunday"}},
    {**EVERYTHING, "calendar": {"dates": {"26 December": "sunday"}}},
    {**EVERYTHING, "seasons": {"H": {"from": "01-01", "to": "12-31"}}},
    {**TIMED, "clocks": {"weekday": "O" * 24, "saturday": "O" * 24}},
    {**TIMED, "clocks": {**TIMED["clocks"], "sunday": "O" * 25}},
    {**GAS, "conversion": {**GAS["conversion"], "factor": "1"}},
    {**GAS, "conversion": {"unit": "kWh"}},
    document(charges=[usage()]),
    document(charges=[usage(price="1.00", blocks=[{"price": "1.00"}])]),
    document(charges=[usage(price="1.0000001")]),
    document(charges=[usage(price="-1.00")]),
    document(charges=[usage(price="1.00", blocks_mode="slap")]),
    document(charges=[{**FIXED, "per": "week"}]),
    document(charges=[{**FIXED, "when": ["P"]}]),
    document(charges=[{**DEMAND, "interval_minutes": 45}]),
    document(charges=[{**DEMAND, "unit": "W"}]),
    document(charges=[{**DEMAND, "when": []}]),
    document(charges=[{**MINIMUM, "per": "day"}]),
]


@pytest.mark.parametrize("plain", REFUSED)
def test_what_only_the_schema_needs_to_refuse(plain):
    assert not SCHEMA.is_valid(plain)
    with pytest.raises(RateTableInvalid):
        parse_document(plain)


LEAVES = [(plain, path) for plain in RICH for path in leaves_in(plain)]


@given(place=st.sampled_from(LEAVES), value=st.text(max_size=30) | st.booleans() | st.integers(0, 70))
@settings(max_examples=500, deadline=None)
def test_nothing_valid_is_refused(place, value):
    plain = changed(*place, value)
    try:
        parse_document(plain)
    except RateTableInvalid:
        return
    SCHEMA.validate(plain)
