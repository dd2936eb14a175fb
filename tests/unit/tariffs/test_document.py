from __future__ import annotations

import copy
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import RateTable, RateTableInvalid, canonical_json, parse_document

from .tables import CLOCKS, HOMEFLEX_PRICE, HOMELIGHT_BLOCKS, SEASONS, document, table, usage

HOMEFLEX = """\
rate_table: 1                      # format version
name: Homeflex 1 (2025/26)
utility: electricity
currency: ZAR
effective_from: 2025-04-01
source: {title: "Tariff book", url: "https://example.org/book", retrieved: 2025-05-01}
tax: {name: VAT, percent: "15", prices: exclusive}
period: month
calendar:
  country: ZA
  holiday_as: sunday
  dates: {2025-12-26: saturday}
seasons:
  high: {from: 06-01, to: 08-31}
  low:  {from: 09-01, to: 05-31}
clocks:
  high:
    weekday: OOOOOOPPSSSSSSSSSPPPSSOO
    saturday: OOOOOOOSSSSSOOOOOSSOOOOO
    sunday: OOOOOOOOOOOOOOOOOSSOOOOO
  low:
    weekday: OOOOOOSPPSSSSSSSSSPPPSOO
    saturday: OOOOOOOSSSSSOOOOOOSSOOOO
    sunday: OOOOOOOOOOOOOOOOOSSOOOOO
charges:
  - name: Energy
    kind: usage
    price: {high: {P: "7.0697", S: "2.1631", O: "1.5926"}, low: {P: "3.2928", S: "2.0490", O: "1.5926"}}
"""


def problems(source):
    with pytest.raises(RateTableInvalid) as caught:
        parse_document(source)
    return caught.value.problems


def found(source):
    return {(problem.path, problem.code) for problem in problems(source)}


def changed(path, value):
    """A valid document with one value replaced, or removed if ``value`` is ...; ``path`` as keys."""
    plain = copy.deepcopy(
        document(
            seasons=SEASONS, clocks=CLOCKS, charges=[usage(price=HOMEFLEX_PRICE)], calendar={"dates": {}}
        )
    )
    at = plain
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return plain


def test_yaml_example():
    parsed = parse_document(HOMEFLEX)
    assert (parsed.name, parsed.utility, parsed.currency) == ("Homeflex 1 (2025/26)", "electricity", "ZAR")
    assert parsed.effective_from == date(2025, 4, 1)
    assert parsed.tax_percent_micro == 15_000_000
    assert parsed.prices_include_tax is False
    assert parsed.calendar.dates == ((date(2025, 12, 26), "saturday"),)
    charge = parsed.charges[0]
    assert charge.blocks(season="high", letter="P")[0].price_micro == 7_069_700
    assert charge.blocks(season="low", letter="S")[0].price_micro == 2_049_000


def test_document_keeps_its_keys_and_strings():
    plain = parse_document(HOMEFLEX).to_document()
    assert plain["seasons"] == SEASONS
    assert plain["clocks"] == CLOCKS
    assert plain["effective_from"] == "2025-04-01"
    assert plain["tax"] == {"name": "VAT", "percent": "15", "prices": "exclusive"}
    assert plain["charges"][0]["price"]["high"] == {"P": "7.0697", "S": "2.1631", "O": "1.5926"}
    blocks = table(charges=[usage(blocks=HOMELIGHT_BLOCKS)]).to_document()["charges"]
    assert blocks == [usage(blocks=HOMELIGHT_BLOCKS)]


ROUND_TRIPS = [
    document(),
    document(tax=None, billing_day=28, period="month"),
    document(tax={"name": "None", "percent": "0", "prices": "inclusive"}),
    document(
        charges=[usage(blocks=HOMELIGHT_BLOCKS), usage(name="Feed-in", register="export", price="0.000001")]
    ),
    document(seasons=SEASONS, charges=[usage(price={"high": "2.00", "low": "1.00"})]),
    document(seasons=SEASONS, charges=[usage(blocks={"low": HOMELIGHT_BLOCKS, "high": [{"price": "1.00"}]})]),
    document(clocks=CLOCKS["high"], charges=[usage(price={"P": "3", "S": "2", "O": "1"})]),
    document(
        clocks=CLOCKS, seasons=SEASONS, charges=[usage(price={"high": HOMEFLEX_PRICE["high"], "low": "1.00"})]
    ),
    document(calendar={"country": "GB", "holiday_as": "saturday", "dates": {"2025-01-02": "sunday"}}),
    document(source={"title": "Book", "retrieved": "2025-01-01"}),
]


@pytest.mark.parametrize("plain", ROUND_TRIPS)
def test_round_trip(plain):
    parsed = parse_document(plain)
    assert parse_document(parsed.to_document()) == parsed
    text = canonical_json(parsed)
    assert parse_document(text.decode()) == parsed
    assert canonical_json(parse_document(text.decode())) == text
    assert parse_document(json.dumps(plain, indent="\t")) == parsed


def test_equal_tables_have_equal_bytes_however_they_are_written():
    one = table(charges=[usage(price="2.5")])
    other = parse_document(dict(reversed(document(charges=[usage(price="2.500000")]).items())))
    assert canonical_json(one) == canonical_json(other)
    assert canonical_json(one).startswith(b'{"charges":[{"kind":"usage","name":"Energy","price":"2.50"}]')
    assert canonical_json(one) != canonical_json(table(charges=[usage(price="2.51")]))


def test_every_problem_is_told_at_once_with_line_and_cure():
    text = (
        HOMEFLEX.replace("currency", "curency")
        .replace('"7.0697"', "7.0697")
        .replace("kind: usage", "kind: usge")
    )
    assert [(each.path, each.line, each.code) for each in problems(text)] == [
        ("curency", 4, "unknown_key"),
        ("", 1, "missing_key"),
        ("charges[0].kind", 27, "unknown_kind"),
    ]
    assert 'did you mean "currency"?' in problems(text)[0].message
    text = HOMEFLEX.replace('"7.0697"', "7.0697")
    (problem,) = problems(text)
    assert (problem.path, problem.line, problem.code) == ("charges[0].price.high.P", 28, "not_text")
    assert "write it as a string with a decimal point" in problem.message


CASES = [
    (("rate_table",), 2, "rate_table", "unknown_format"),
    (("rate_table",), True, "rate_table", "unknown_format"),
    (("name",), "", "name", "empty"),
    (("name",), "x" * 201, "name", "too_long"),
    (("name",), "a\nb", "name", "control_character"),
    (("name",), "a\ud800", "name", "control_character"),
    (("name",), 7, "name", "wrong_type"),
    (("utility",), "steam", "utility", "not_one_of"),
    (("utility",), ["water"], "utility", "not_one_of"),
    (("currency",), "zar", "currency", "not_a_currency"),
    (("currency",), "ZAR\n", "currency", "not_a_currency"),
    (("effective_from",), "2025-02-30", "effective_from", "not_a_date"),
    (("effective_from",), 20250401, "effective_from", "not_a_date"),
    (("effective_from",), "0001-01-01", "effective_from", "out_of_range"),
    (("period",), "week", "period", "not_one_of"),
    (("billing_day",), 29, "billing_day", "out_of_range"),
    (("billing_day",), True, "billing_day", "out_of_range"),
    (("tax", "percent"), "100.000001", "tax.percent", "out_of_range"),
    (("tax", "percent"), 15, "tax.percent", "not_text"),
    (("tax", "prices"), "both", "tax.prices", "not_one_of"),
    (("tax", "rate"), "15", "tax.rate", "unknown_key"),
    (("tax",), None, "tax", "wrong_type"),
    (("source",), "Tariff book", "source", "wrong_type"),
    (("source",), {"url": "javascript:alert(1)"}, "source.url", "not_a_url"),
    (("calendar",), "ZA", "calendar", "wrong_type"),
    (("calendar", "dates"), ["2025-12-26"], "calendar.dates", "wrong_type"),
    (("calendar", "dates"), {date(2025, 12, 26): "saturday", "2025-12-26": "sunday"},
     "calendar.dates.2025-12-26", "duplicate_key"),
    (("seasons",), {}, "seasons", "wrong_type"),
    (("calendar",), {"country": "ZA"}, "calendar", "missing_key"),
    (("calendar",), {"country": "XX", "holiday_as": "sunday"}, "calendar.country", "unknown_country"),
    (("calendar",), {"country": "ZA", "holiday_as": {"Good Friday": "sunday"}}, "calendar.holiday_as",
     "not_one_of"),
    (("calendar",), {"holidays": {"Good Friday": "sunday"}}, "calendar", "missing_key"),
    (("calendar", "dates"), {"2025-12-26": "monday"}, "calendar.dates.2025-12-26", "not_one_of"),
    (("seasons", "low", "to"), "02-28", "seasons", "date_without_season"),
    (("seasons", "low", "to"), "06-01", "seasons", "date_in_two_seasons"),
    (("seasons", "low", "to"), "02-30", "seasons.low.to", "not_a_day"),
    (("seasons", "low"), ..., "seasons", "date_without_season"),
    (("seasons", "P"), {"from": "01-01", "to": "12-31"}, "seasons.P", "bad_name"),
    (("clocks", "low"), ..., "clocks", "season_without_clock"),
    (("clocks", "mid"), CLOCKS["low"], "clocks.mid", "unknown_season"),
    (("clocks", "low"), {"weekday": "O" * 24, "saturday": "O" * 24}, "clocks.low", "missing_key"),
    (("clocks", "low"), "O" * 24, "clocks.low", "wrong_type"),
    (("clocks", "low", "sunday"), "O" * 23, "clocks.low.sunday", "bad_clock"),
    (("clocks", "low", "sunday"), "o" * 24, "clocks.low.sunday", "bad_clock"),
    (("clocks",), ..., "charges[0].price.high", "letters_without_clocks"),
    (("charges",), [], "charges", "out_of_range"),
    (("charges",), [usage(price="1.00")] * 51, "charges", "out_of_range"),
    (("charges",), {}, "charges", "wrong_type"),
    (("charges", 0), "usage", "charges[0]", "wrong_type"),
    (("charges", 0, "kind"), ..., "charges[0]", "missing_key"),
    (("charges", 0, "kind"), "fixed", "charges[0]", "missing_key"),
    (("charges", 0, "kind"), "demand", "charges[0]", "missing_key"),
    (("charges", 0, "kind"), "minimum", "charges[0].price", "not_text"),
    (("charges", 0, "kind"), ["usage"], "charges[0].kind", "unknown_kind"),
    (("charges", 0, "kind"), "gift", "charges[0].kind", "unknown_kind"),
    (("charges", 0, "blocks_mode"), "volume", "charges[0].blocks_mode", "nothing_to_count"),
    (("charges", 0, "blocks_mode"), "slap", "charges[0].blocks_mode", "not_one_of"),
    (("charges", 0, "allowance"), 50, "charges[0].allowance", "not_text"),
    (("charges", 0, "allowance"), "-1", "charges[0].allowance", "not_decimal"),
    (("charges", 0, "allowance"), "1000000001", "charges[0].allowance", "out_of_range"),
    (("charges", 0, "blocks_per_letter"), True, "charges[0].blocks_per_letter", "nothing_to_count"),
    (("charges", 0, "blocks_per_letter"), "yes", "charges[0].blocks_per_letter", "wrong_type"),
    (("charges", 0, "register"), "Export", "charges[0].register", "bad_name"),
    (("charges", 0, "price"), ..., "charges[0]", "price_or_blocks"),
    (("charges", 0, "blocks"), [{"price": "1.00"}], "charges[0]", "price_or_blocks"),
    (("charges", 0, "price"), {}, "charges[0].price", "empty"),
    (("charges", 0, "price"), "-1.00", "charges[0].price", "not_decimal"),
    (("charges", 0, "price"), "1e3", "charges[0].price", "not_decimal"),
    (("charges", 0, "price"), "NaN", "charges[0].price", "not_decimal"),
    (("charges", 0, "price"), "٣.50", "charges[0].price", "not_decimal"),
    (("charges", 0, "price"), "1.0000001", "charges[0].price", "too_many_decimals"),
    (("charges", 0, "price"), "1000000.000001", "charges[0].price", "out_of_range"),
    (("charges", 0, "price"), "9" * 5_000, "charges[0].price", "out_of_range"),
    (("charges", 0, "price"), float("nan"), "charges[0].price", "not_text"),
    (("charges", 0, "price"), 10**5_000, "charges[0].price", "not_text"),
    (("charges", 0, "price"), {"high": "1.00"}, "charges[0].price", "season_without_price"),
    (("charges", 0, "price", "hihg"), "1.00", "charges[0].price.hihg", "unknown_season"),
    (("charges", 0, "price"), {"P": "1.00", "S": "1.00"}, "charges[0].price", "letter_without_price"),
    (("charges", 0, "price", "high", "X"), "1.00", "charges[0].price.high.X", "unknown_letter"),
    (("charges", 0, "price", "high", "P"), ..., "charges[0].price.high", "letter_without_price"),
    (("charges", 0, "price", "high", "P"), {"a": "1"}, "charges[0].price.high.P", "not_text"),
    (("charges", 0), usage(blocks=[]), "charges[0].blocks", "wrong_type"),
    (("charges", 0), usage(blocks=[{"up_to": "1", "price": "1"}]), "charges[0].blocks[0].up_to",
     "last_block_ends"),
    (("charges", 0), usage(blocks=[{"price": "1"}, {"price": "2"}]), "charges[0].blocks[0]", "missing_key"),
    (("charges", 0), usage(blocks=[{"up_to": "0", "price": "1"}, {"price": "2"}]),
     "charges[0].blocks[0].up_to", "out_of_range"),
    (("charges", 0),
     usage(blocks=[{"up_to": "9", "price": "1"}, {"up_to": "9", "price": "1"}, {"price": "2"}]),
     "charges[0].blocks", "blocks_not_ascending"),
    (("charges", 0),
     usage(blocks=[{"up_to": str(n + 1), "price": "1"} for n in range(20)] + [{"price": "2"}]),
     "charges[0].blocks", "wrong_type"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "where", "code"), CASES, ids=[f"{case[2]}-{case[3]}" for case in CASES]
)
def test_a_wrong_value_is_named(path, value, where, code):
    assert (where, code) in found(changed(path, value))


def test_prices_by_letter_and_by_season_without_clocks_or_seasons():
    assert found(document(charges=[usage(price={"P": "1.00"})])) == {
        ("charges[0].price", "letters_without_clocks")
    }
    assert found(document(charges=[usage(price={"high": "1.00"})])) == {
        ("charges[0].price", "unknown_season")
    }


BOMB = "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
TEXTS = {
    "": "empty",
    "# nothing": "empty",
    "- a\n- b": "wrong_type",
    "just text": "wrong_type",
    "{": "not_yaml",
    "a: [": "not_yaml",
    "\x00": "not_yaml",
    "a: \ud800": "not_yaml",
    BOMB: "alias",
    "a: !!python/object:os.system x": "tag",
    "a: !!set {b}": "tag",
    "? [a]\n: b": "wrong_type",
    "[" * 5_000: "too_deep",
    '{"a":' * 50_000: "too_deep",
    "a: " + "[" * 40 + "]" * 40: "too_deep",
    "x" * (256 * 1024 + 1): "too_large",
    "a: 1\n---\nb: 2": "not_yaml",
    "on: 1": "unquoted_key",
    "<<: {a: 1}": "unquoted_key",
    "name: a\nname: b": "duplicate_key",
    '{"name": "a", "name": "b"}': "duplicate_key",
}


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:20]))
def test_texts_that_are_no_rate_table(text):
    assert TEXTS[text] in {problem.code for problem in problems(text)}


@pytest.mark.parametrize(
    "source", [None, 7, ["a"], b"a: 1", {1: 2}, {"a": {None: []}}, {"rate_table": object()}]
)
def test_values_that_are_no_rate_table(source):
    assert problems(source)


def test_a_document_that_contains_itself():
    loop = document()
    loop["tax"] = loop
    assert ("tax.tax.tax.tax.tax.tax.tax.tax.tax.tax.tax.tax.tax", "too_deep") in found(loop)


def test_yaml_surprises():
    assert ("charges[0].price", "not_text") in found(
        "rate_table: 1\nname: x\nutility: water\ncurrency: ZAR\neffective_from: 2025-04-01\n"
        "charges: [{name: Water, kind: usage, price: 2.5}]"
    )
    text = HOMEFLEX.replace("effective_from: 2025-04-01", "effective_from: 2025-04-31")
    assert found(text) == {("effective_from", "not_a_date")}
    text = HOMEFLEX.replace("effective_from: 2025-04-01", "effective_from: 2025-04-01T00:00:00Z")
    assert found(text) == {("effective_from", "not_a_date")}
    for number in (".nan", "1.0e+9", "0x10", "12:30", "9" * 5_000, "off", "~"):
        assert ("tax.percent", "not_text") in found(HOMEFLEX.replace('percent: "15"', f"percent: {number}"))


def places(value, path=()):
    yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in steps:
        yield from places(each, (*path, key))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.dates(),
    st.sampled_from(
        ["1.00", "0", "P", "high", "sunday", "usage", "2025-04-01", "06-01", "O" * 24, "9" * 400]
    ),
)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | SCALARS, inner, max_size=3)
    ),
    max_leaves=6,
)
PLACES = [(plain, path) for plain in ROUND_TRIPS for path in places(plain) if path]


@given(place=st.sampled_from(PLACES), value=ANYTHING, key=st.text(max_size=8), how=st.integers(0, 2))
@settings(max_examples=500, deadline=None)
def test_a_mutated_document_is_valid_or_invalid_and_never_an_accident(place, value, key, how):
    plain, path = copy.deepcopy(place)
    at = plain
    for step in path[:-1]:
        at = at[step]
    if how == 0:
        at[path[-1]] = value
    elif how == 1:
        del at[path[-1]]
    elif isinstance(at, dict):
        at[key] = value
    accepted = accepts(plain)
    if accepted is not None:
        assert parse_document(accepted.to_document()) == accepted
        assert parse_document(canonical_json(accepted).decode()) == accepted


@given(
    at=st.integers(0, len(HOMEFLEX)),
    cut=st.integers(0, 12),
    piece=st.text("{}[]:,\"'&*!|>-#%@`? \n\tPO019.e~<", max_size=6),
)
@settings(max_examples=500, deadline=None)
def test_a_mutated_text_is_valid_or_invalid_and_never_an_accident(at, cut, piece):
    accepts(HOMEFLEX[:at] + piece + HOMEFLEX[at + cut :])


def accepts(source) -> RateTable | None:
    try:
        return parse_document(source)
    except RateTableInvalid as invalid:
        told = invalid.problems
    assert told
    assert all(problem.message for problem in told)
    # it goes out as JSON
    assert all((problem.path + problem.message).encode() for problem in told)
    return None
