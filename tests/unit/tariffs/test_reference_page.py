"""docs/reference/rate-table.md is true: its examples are valid, and every key, word and form stands in it."""

from __future__ import annotations

import re

import pytest
import yaml

from mita.tariffs.domain import document_schema, parse_document
from mita.tariffs.domain.parsing import CONVERTED_UNITS
from tests.unit.house.tree import ROOT

PAGE = (ROOT / "docs" / "reference" / "rate-table.md").read_text(encoding="utf-8")
WHOLE, *PARTS = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


def with_the_rest(part):
    """A part of the page in the page's own document, without its demand: a table of m³ has none."""
    plain = yaml.safe_load(WHOLE)
    plain["charges"] = [each for each in plain["charges"] if each["kind"] != "demand"]
    return plain | yaml.safe_load(part)


def test_the_whole_document_is_valid():
    table = parse_document(WHOLE)
    assert [len(each) for each in (table.usage, table.fixed, table.demands, table.minimums)] == [1, 1, 1, 1]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.split(":")[0] + str(len(part)))
def test_every_part_is_valid(part):
    parse_document(with_the_rest(part))


def words_of(schema):
    """Every key and every word of a schema."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        yield from (each for each in schema.get("enum", []) if isinstance(each, str))
        yield from ([schema["const"]] if isinstance(schema.get("const"), str) else [])
        for each in schema.values():
            yield from words_of(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from words_of(each)


def test_every_key_and_word_is_on_the_page():
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    inline = " ".join(re.findall(r"`([^`]+)`", prose))
    said = set(re.findall(r"[A-Za-z_0-9]+", " ".join([inline, WHOLE, *PARTS])))
    wanted = set(words_of(document_schema()))
    assert len(wanted) > 50
    assert wanted - said == set()
    assert set(CONVERTED_UNITS) <= said


def test_the_numbers_of_the_page():
    assert "11.220633" in PAGE
    gas = next(part for part in PARTS if "calorific_value" in part)
    assert parse_document(with_the_rest(gas)).conversion.factor_micro == 11_220_633
