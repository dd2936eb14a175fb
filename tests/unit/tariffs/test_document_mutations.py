"""Mutated documents are valid or refused with a place and a reason: no crash, no price by accident."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mita.tariffs.domain import (
    DemandCharge,
    NettingCharge,
    RateTableInvalid,
    UsageCharge,
    document_schema,
    parse_document,
)

from .documents import RICH
from .tables import MICRO

SCHEMA = Draft202012Validator(document_schema())
WHOLE_AS_TEXT = [yaml.safe_dump(plain, sort_keys=False, width=80) for plain in RICH] + [
    json.dumps(plain, indent=2) for plain in RICH
]
KEYS = sorted(
    {key for plain in RICH for key in plain}
    | {key for plain in RICH for charge in plain["charges"] for key in charge}
    | {"P", "Q", "high", "weekday", "up_to", "percent", "factor", "country", "", "\U0001f4a1", "on"}
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 70),
    st.sampled_from([10**18, 10**400, -1, 2**63]),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["0", "0.00", "1.00", "1000000001", "0.0000001", "-2.00", "1e3", "NaN", "٣", "9" * 999]),
    st.sampled_from(["2,50", " 1.00", "1.00\n", "2025-02-30", "2025-13-01", "9999-12-31", "25-1-1", "02-29"]),
    st.sampled_from(["usage", "fixed", "demand", "minimum", "month", "day", "export", "kVA", "volume"]),
    st.sampled_from(["O" * 24, "P" * 48, "00-00", "13-01"]),
    st.dates(),
    st.lists(st.sampled_from(["P", "S", "1.00"]), max_size=3),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["1.00", "P", []]), max_size=3),
    st.builds(object),
)  # fmt: skip


def places(value, path=()):
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in list(steps):
        yield (*path, key)
        yield from places(each, (*path, key))


def at(plain, path):
    for step in path:
        plain = plain[step]
    return plain


def typo(word, where):
    where = where % (len(word) + 1)
    return word[:where] + word[where + 1 :][:1] + word[where : where + 1] + word[where + 2 :] or "x"


def delete(draw, plain, holder, key):
    del holder[key]


def double(draw, plain, holder, key):
    if isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    else:
        holder[draw(st.sampled_from(KEYS))] = copy.deepcopy(holder[key])


def retype(draw, plain, holder, key):
    holder[key] = draw(VALUES)


def rename(draw, plain, holder, key):
    if isinstance(holder, dict) and isinstance(key, str):
        value = holder.pop(key)
        holder[typo(key, draw(st.integers(0, 20)))] = value


def nest(draw, plain, holder, key):
    wrap = draw(st.sampled_from(["P", "high", "once", "deep"]))
    if wrap in ("P", "high"):
        holder[key] = {wrap: holder[key]}
    for _ in range({"once": 1, "deep": 40}.get(wrap, 0)):
        holder[key] = [holder[key]]


def unwrap(draw, plain, holder, key):
    value = holder[key]
    if isinstance(value, dict | list) and value:
        holder[key] = next(iter(value.values())) if isinstance(value, dict) else value[0]


def swap(draw, plain, holder, key):
    path = draw(st.sampled_from(list(places(plain))))
    other, other_key = at(plain, path[:-1]), path[-1]
    mine, theirs = copy.deepcopy(holder[key]), copy.deepcopy(other[other_key])
    holder[key] = theirs
    if any(each is other for each in reachable(plain)):
        other[other_key] = mine


def add(draw, plain, holder, key):
    if isinstance(holder, dict):
        holder[draw(st.sampled_from(KEYS) | st.none() | st.integers())] = draw(VALUES)
    else:
        holder.append(draw(VALUES))


def reprice(draw, plain, holder, key):
    if decimals_in(holder[key]) and isinstance(holder[key], str):
        holder[key] = draw(st.decimals(0, 90, places=4).map("{:f}".format))


def drop_charge(draw, plain, holder, key):
    if isinstance(plain.get("charges"), list) and len(plain["charges"]) > 1:
        del plain["charges"][draw(st.integers(0, len(plain["charges"]) - 1))]


MUTATIONS = (delete, double, retype, rename, nest, unwrap, swap, add, reprice, reprice, drop_charge)


def reachable(value):
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from reachable(each)


@st.composite
def mutated_documents(draw):
    """A rich document with one to three changes; what does not fit the place chosen changes nothing."""
    plain = copy.deepcopy(draw(st.sampled_from(RICH)))
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(plain))
        if found:
            path = draw(st.sampled_from(found))
            draw(st.sampled_from(MUTATIONS))(draw, plain, at(plain, path[:-1]), path[-1])
    return plain


def accepted(source):
    """The table, or None if the document was refused as it must be; nothing else may happen."""
    try:
        return parse_document(source)
    except RateTableInvalid as invalid:
        told = invalid.problems
    assert told
    for problem in told:
        assert isinstance(problem.path, str)
        assert problem.code
        assert problem.message
        # it goes out as JSON
        assert (problem.path + problem.message).encode()
        assert isinstance(source, dict) or 1 <= problem.line <= max(1, len(source.splitlines()))
    return None


def decimals_in(value):
    """Every decimal text in a value, in millionths."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value, re.ASCII):
        whole, _, rest = value.partition(".")
        return {int(whole) * MICRO + int(rest.ljust(6, "0")[:6])}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(decimals_in(each) for each in inner))


def check_prices(table, plain):
    """Every price of the table was written where it is charged, for every season and letter that there is."""
    assert len(table.charges) == len(plain["charges"])
    seasons = [season.name for season in table.seasons] or [""]
    letters = {season: {""} for season in seasons}
    letters |= {clock.season: clock.letters for clock in table.clocks}
    for charge, written in zip(table.charges, plain["charges"], strict=True):
        assert written["kind"] == {
            "UsageCharge": "usage",
            "FixedCharge": "fixed",
            "DemandCharge": "demand",
            "NettingCharge": "netting",
        }.get(type(charge).__name__, "minimum")
        prices = decimals_in(written.get("price", written.get("blocks")))
        if isinstance(charge, UsageCharge):
            assert charge.register == written.get("register", "import")
            for season in seasons:
                for letter in letters[season]:
                    blocks = charge.blocks(season=season, letter=letter)
                    assert blocks
                    assert blocks[-1].up_to_micro is None
                    assert {block.price_micro for block in blocks} <= prices
        elif isinstance(charge, DemandCharge):
            assert {charge.price_micro(season=season) for season in seasons} <= prices
        elif isinstance(charge, NettingCharge):
            assert charge.surplus_price_micro in decimals_in(written["surplus_price"])
        else:
            assert charge.price_micro in prices


def test_a_thousand_mutated_documents():
    outcomes = Counter()

    @given(plain=mutated_documents())
    @settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def mutate(plain):
        table = accepted(plain)
        outcomes[table is not None] += 1
        if table is not None:
            check_prices(table, plain)
            told = table.to_document()
            assert parse_document(told) == table
            SCHEMA.validate(told)

    mutate()
    assert min(outcomes[True], outcomes[False]) > 50, "the mutations tell nothing"


def plain_of(text):
    try:
        return json.loads(text)
    except ValueError:
        return yaml.load(text, Loader=yaml.CSafeLoader)


PIECES = st.text("{}[]:,\"'&*!|>-#%@`? \n\tPO019.e~<é\u2028\x00", max_size=6)


@given(data=st.data(), text=st.sampled_from(WHOLE_AS_TEXT), times=st.integers(1, 3))
@settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(data=None, text="[" * 100_000, times=0)
@example(data=None, text='{"a": ' * 100_000, times=0)
@example(data=None, text="\ufeff" + WHOLE_AS_TEXT[0], times=0)
@example(data=None, text=WHOLE_AS_TEXT[0].replace("\n", "\r\n"), times=0)
def test_a_thousand_mutated_texts(data, text, times):
    for _ in range(times):
        lines = text.splitlines(keepends=True) or [""]
        line = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["cut", "double", "indent", "move", "type", "type"]))
        if how == "cut":
            del lines[line]
        elif how == "double":
            lines.insert(line, lines[line])
        elif how == "indent":
            lines[line] = lines[line][2:] if lines[line].startswith("  ") else "  " + lines[line]
        elif how == "move":
            lines.insert(data.draw(st.integers(0, len(lines) - 1)), lines.pop(line))
        else:
            place = data.draw(st.integers(0, len(lines[line])))
            lines[line] = (
                lines[line][:place] + data.draw(PIECES) + lines[line][place + data.draw(st.integers(0, 3)) :]
            )
        text = "".join(lines)
    table = accepted(text)
    if table is not None:
        check_prices(table, plain_of(text.removeprefix("\ufeff")))


def test_the_law_of_prices_can_fail():
    plain = copy.deepcopy(RICH[1])
    table = parse_document(plain)
    plain["charges"][0]["price"] = "9.99"
    try:
        check_prices(table, plain)
    except AssertionError:
        return
    raise AssertionError("a price that nobody wrote went unnoticed")
