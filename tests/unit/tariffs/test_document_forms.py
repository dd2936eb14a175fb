"""Every form beyond a plain usage price: what it is read as, and what is refused about it."""

from __future__ import annotations

import copy
from datetime import date

import pytest

from mita.tariffs.domain import (
    Block,
    Conversion,
    DemandCharge,
    FixedCharge,
    MinimumCharge,
    PriceRule,
    RateTableInvalid,
    UsageCharge,
    parse_document,
)

from .documents import DEMAND, EVERYTHING, FIXED, GAS, MINIMUM, STANDING, TIMED, WATER_BLOCKS
from .tables import CLOCKS, SEASONS, document, usage

# the example of the reference, as people write it
REFERENCE = """\
rate_table: 1                      # format version
name: Homeflex 1 (2025/26)
utility: electricity               # electricity | water | hot_water | gas | solar
currency: ZAR
effective_from: 2025-04-01         # a local date of the estate; the table before it ends there
source: {title: "...", url: "...", retrieved: 2025-05-01}     # optional, shown to people
tax: {name: VAT, percent: "15", prices: exclusive}            # or inclusive; percent may be "0"
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
    {weekday: OOOOOOPPSSSSSSSSSPPPSSOO, saturday: OOOOOOOSSSSSOOOOOSSOOOOO, sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
  low:
    {weekday: OOOOOOSPPSSSSSSSSSPPPSOO, saturday: OOOOOOOSSSSSOOOOOOSSOOOO, sunday: OOOOOOOOOOOOOOOOOSSOOOOO}
charges:
  - name: Energy
    kind: usage
    register: import
    price: {high: {P: "7.0697", S: "2.1631", O: "1.5926"}, low: {P: "3.2928", S: "2.0490", O: "1.5926"}}
  - name: Network capacity
    kind: fixed
    per: day
    price: "3.2400"
  - name: Maximum demand
    kind: demand
    interval_minutes: 30
    unit: kVA
    price: "212.50"
    when: {high: [P, S]}
  - name: Minimum bill
    kind: minimum
    per: month
    price: "50.00"
"""


def found(source):
    with pytest.raises(RateTableInvalid) as caught:
        parse_document(source)
    return {(problem.path, problem.code) for problem in caught.value.problems}


def test_the_example_of_the_reference():
    table = parse_document(REFERENCE)
    assert [type(each) for each in table.charges] == [UsageCharge, FixedCharge, DemandCharge, MinimumCharge]
    assert table.fixed == (FixedCharge("Network capacity", "day", 3_240_000, is_due_while_off=True),)
    assert table.demands == (
        DemandCharge(
            name="Maximum demand",
            register="apparent",
            interval_minutes=30,
            unit="kVA",
            prices=(("", 212_500_000),),
            when=(("high", "P"), ("high", "S")),
        ),
    )
    assert table.minimums == (MinimumCharge("Minimum bill", 50_000_000),)
    assert table.effective_from == date(2025, 4, 1)
    demand = table.demands[0]
    assert demand.counts(season="high", letter="S")
    assert not demand.counts(season="high", letter="O")
    assert not demand.counts(season="low", letter="P")
    assert demand.price_micro(season="high") == 212_500_000


def test_a_table_of_standing_charges_only():
    for charge in (FIXED, DEMAND, MINIMUM):
        table = parse_document(document(charges=[charge]))
        assert table.usage == ()
        assert table.charges_of("import") == ()
    assert parse_document(STANDING).tax is None
    month = {**FIXED, "per": "month", "while_off": False, "price": "583.03"}
    assert parse_document(document(charges=[month])).fixed == (
        FixedCharge("Network capacity", "month", 583_030_000, is_due_while_off=False),
    )
    assert parse_document(document(charges=[{**FIXED, "while_off": True}])) == parse_document(
        document(charges=[FIXED])
    )
    short = {"name": "Minimum bill", "kind": "minimum", "price": "50.00"}
    assert parse_document(document(charges=[short])) == parse_document(document(charges=[MINIMUM]))


def test_ways_to_count_blocks():
    plain = usage(allowance="50.5", blocks=WATER_BLOCKS, blocks_mode="volume", blocks_per_letter=True)
    (charge,) = parse_document(document(charges=[plain], clocks=CLOCKS["high"])).usage
    assert charge == UsageCharge(
        name="Energy",
        register="import",
        rules=(
            PriceRule(
                "",
                "",
                (Block(6_000_000, 10_000_000), Block(15_000_000, 25_000_000), Block(None, 40_000_000)),
            ),
        ),
        in_blocks=True,
        mode="volume",
        is_per_letter=True,
        allowance_micro=50_500_000,
    )
    (charge,) = parse_document(document(charges=[usage(price="0.00", allowance="1")])).usage
    assert (charge.mode, charge.is_per_letter, charge.allowance_micro) == ("slab", False, 1_000_000)
    assert charge.rules[0].blocks == (Block(None, 0),)


def test_power_by_season_and_letter():
    (demand, power) = parse_document(EVERYTHING).demands
    assert demand.prices == (("high", 212_500_000), ("low", 99_000_000))
    assert demand.when == (("high", "P"), ("high", "S"), ("low", "P"))
    assert (power.register, power.unit, power.interval_minutes, power.when) == ("feeder", "kW", 15, ())
    assert parse_document(TIMED).demands[0].when == (("", "P"),)
    plain_kw = {**DEMAND, "unit": "kW"}
    assert parse_document(document(charges=[plain_kw])).demands[0].register == "import"


def test_conversions():
    by_factor = {**GAS, "conversion": {"unit": "kWh", "factor": "11.1868"}}
    assert parse_document(by_factor).conversion == Conversion("kWh", 11_186_800)
    assert parse_document(GAS).conversion == Conversion("kWh", 11_220_633, 1_022_640, 39_500_000)
    assert parse_document(document()).conversion is None


def with_charge(index, **changes):
    """Everything, with one charge changed; ... removes a key."""
    plain = copy.deepcopy(EVERYTHING)
    charge = {**plain["charges"][index], **changes}
    plain["charges"][index] = {key: value for key, value in charge.items() if value is not ...}
    return plain


LEVY, FIX, PER_MONTH, POWER, LEAST = 1, 3, 4, 5, 7
REFUSED = [
    (with_charge(LEVY, blocks=..., price="1.00", blocks_per_letter=...),
     "charges[1].blocks_mode", "nothing_to_count"),
    (with_charge(LEVY, blocks=..., price="1.00", blocks_mode=..., allowance=...),
     "charges[1].blocks_per_letter", "nothing_to_count"),
    (document(charges=[usage(blocks=WATER_BLOCKS, blocks_per_letter=True)]),
     "charges[0].blocks_per_letter", "letters_without_clocks"),
    (with_charge(LEVY, allowance="0.0000001"), "charges[1].allowance", "too_many_decimals"),
    (with_charge(LEVY, name="Energy"), "charges[1].name", "duplicate_name"),
    (with_charge(LEVY, name=" Energy "), "charges[1].name", "duplicate_name"),
    (with_charge(FIX, per=...), "charges[3]", "missing_key"),
    (with_charge(FIX, per="week"), "charges[3].per", "not_one_of"),
    (with_charge(FIX, price=...), "charges[3]", "missing_key"),
    (with_charge(FIX, price=3.24), "charges[3].price", "not_text"),
    (with_charge(FIX, price="-3.24"), "charges[3].price", "not_decimal"),
    (with_charge(FIX, price="3.2400001"), "charges[3].price", "too_many_decimals"),
    (with_charge(FIX, price="1000000000.000001"), "charges[3].price", "out_of_range"),
    (with_charge(FIX, price={"high": "1.00", "low": "2.00"}), "charges[3].price", "not_text"),
    (with_charge(FIX, while_off="no"), "charges[3].while_off", "wrong_type"),
    (with_charge(FIX, while_off=0), "charges[3].while_off", "wrong_type"),
    (with_charge(FIX, register="import"), "charges[3].register", "unknown_key"),
    (with_charge(FIX, name=...), "charges[3]", "missing_key"),
    (with_charge(FIX, name="\u200b"), "charges[3].name", "empty"),
    (with_charge(FIX, name="a\u2028b"), "charges[3].name", "control_character"),
    (with_charge(PER_MONTH, kind="fix"), "charges[4].kind", "unknown_kind"),
    (with_charge(POWER, interval_minutes=...), "charges[5]", "missing_key"),
    (with_charge(POWER, interval_minutes=45), "charges[5].interval_minutes", "not_one_of"),
    (with_charge(POWER, interval_minutes=0), "charges[5].interval_minutes", "not_one_of"),
    (with_charge(POWER, interval_minutes=True), "charges[5].interval_minutes", "not_one_of"),
    (with_charge(POWER, interval_minutes="30"), "charges[5].interval_minutes", "not_one_of"),
    (with_charge(POWER, interval_minutes=10**400), "charges[5].interval_minutes", "not_one_of"),
    (with_charge(POWER, unit="KVA"), "charges[5].unit", "not_one_of"),
    (with_charge(POWER, unit=...), "charges[5]", "missing_key"),
    (with_charge(POWER, register="Import"), "charges[5].register", "bad_name"),
    (with_charge(POWER, price=...), "charges[5]", "missing_key"),
    (with_charge(POWER, price={"high": "1.00"}), "charges[5].price", "season_without_price"),
    (with_charge(POWER, price={"high": "1.00", "lo": "1.00"}), "charges[5].price.lo", "unknown_season"),
    (with_charge(POWER, price={"P": "1.00"}), "charges[5].price.P", "unknown_season"),
    (with_charge(POWER, price={}), "charges[5].price", "season_without_price"),
    (with_charge(POWER, price={"high": {"P": "1.00"}, "low": "1.00"}), "charges[5].price.high", "not_text"),
    (document(charges=[{**DEMAND, "price": {"high": "1.00"}}]), "charges[0].price", "unknown_season"),
    (with_charge(POWER, when={"high": ["P", "X"]}), "charges[5].when.high[1]", "unknown_letter"),
    (with_charge(POWER, when={"hihg": ["P"]}), "charges[5].when.hihg", "unknown_season"),
    (with_charge(POWER, when={"high": ["P", "P"]}), "charges[5].when.high[1]", "duplicate_letter"),
    (with_charge(POWER, when={"high": "PS"}), "charges[5].when.high", "wrong_type"),
    (with_charge(POWER, when={"high": []}), "charges[5].when.high", "wrong_type"),
    (with_charge(POWER, when={}), "charges[5].when", "wrong_type"),
    (with_charge(POWER, when=["P"]), "charges[5].when", "wrong_type"),
    ({**TIMED, "charges": [{**DEMAND, "when": {"high": ["P"]}}]}, "charges[0].when", "wrong_type"),
    ({**TIMED, "charges": [{**DEMAND, "when": []}]}, "charges[0].when", "wrong_type"),
    ({**TIMED, "charges": [{**DEMAND, "when": ["Q"]}]}, "charges[0].when[0]", "unknown_letter"),
    (document(seasons=SEASONS, charges=[{**DEMAND, "when": {"high": ["P"]}}]),
     "charges[0].when", "letters_without_clocks"),
    (document(charges=[{**DEMAND, "when": None}]), "charges[0].when", "letters_without_clocks"),
    (document(utility="water", charges=[DEMAND]), "charges[0].unit", "no_power"),
    (with_charge(LEAST, per="day"), "charges[7].per", "not_one_of"),
    (with_charge(LEAST, price=...), "charges[7]", "missing_key"),
    (with_charge(FIX, kind="minimum", per="month", while_off=...), "charges[7]", "second_minimum"),
    ({**GAS, "conversion": {}}, "conversion", "missing_key"),
    ({**GAS, "conversion": {"unit": "kWh"}}, "conversion", "factor_or_gas"),
    ({**GAS, "conversion": {**GAS["conversion"], "factor": "11"}}, "conversion", "factor_or_gas"),
    ({**GAS, "conversion": {"unit": "kWh", "calorific_value": "39"}}, "conversion", "factor_or_gas"),
    ({**GAS, "conversion": {**GAS["conversion"], "unit": "GJ"}}, "conversion.unit", "not_one_of"),
    ({**GAS, "conversion": {"unit": "kwh", "factor": "11"}}, "conversion.unit", "not_one_of"),
    ({**GAS, "conversion": {"unit": "kWh", "factor": "0"}}, "conversion.factor", "out_of_range"),
    ({**GAS, "conversion": {"unit": "kWh", "factor": 11.2}}, "conversion.factor", "not_text"),
    ({**GAS, "conversion": {"unit": "kWh", "volume_correction": "0.000001", "calorific_value": "0.000001"}},
     "conversion", "out_of_range"),
    ({**GAS, "conversion": {"unit": "kWh", "facter": "11"}}, "conversion.facter", "unknown_key"),
    ({**GAS, "conversion": "11.2"}, "conversion", "wrong_type"),
    ({**GAS, "utility": "water"}, "conversion", "not_gas"),
    ({**STANDING, "period": {"billing_day": 15}}, "period", "not_one_of"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("plain", "where", "code"), REFUSED, ids=[f"{case[1]}-{case[2]}" for case in REFUSED]
)
def test_what_is_refused_is_named(plain, where, code):
    assert (where, code) in found(plain)


def test_only_what_is_wrong_is_named():
    """One fault, one problem: nothing follows from it that confuses people."""
    single = [case for case in REFUSED if len(found(case[0])) == 1]
    assert len(single) >= len(REFUSED) - 6


def test_lines_of_a_yaml_and_a_json_text():
    text = REFERENCE.replace("unit: kVA", "unit: kVa").replace('"50.00"', "50.00")
    with pytest.raises(RateTableInvalid) as caught:
        parse_document(text)
    expected = 'price: expected text such as "2.50", found a number'
    assert [(each.line, each.path, each.message) for each in caught.value.problems] == [
        (33, "charges[2].unit", '"kVa" is not accepted here; did you mean "kVA"?'),
        (
            39,
            "charges[3].price",
            f"{expected}; write it as a string with a decimal point (unquoted numbers lose digits)",
        ),
    ]
    json_text = (
        '{\n "rate_table": 1,\n\t"tax": {"name": "VAT",\n"percent": 15,\r\n"a\\"b": [[], {}]},\n"name": 7}'
    )
    with pytest.raises(RateTableInvalid) as caught:
        parse_document(json_text)
    told = {each.path: each.line for each in caught.value.problems}
    assert (told[""], told["tax"], told["tax.percent"], told['tax.a"b'], told["name"]) == (1, 3, 4, 5, 6)
    with pytest.raises(RateTableInvalid) as caught:
        parse_document('{"charges": [{"a": {},\n"a": 1}, [\n{"b": 1, "b": 2}]]}')
    assert [(each.path, each.line, each.code) for each in caught.value.problems] == [
        ("charges[0].a", 2, "duplicate_key"),
        ("charges[1][0].b", 3, "duplicate_key"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "code", "said"),
    [
        ('{\n"a": 1\n"b": 2}', 3, "not_json", "delimiter"),
        ("{a: 1,\n b: [}", 2, "not_yaml", "line 2"),
        ("a: 1\nb: \x07", 2, "not_yaml", "control characters"),
        ("a: 1\nb: 2\nc: \ud800", 3, "not_yaml", "control characters"),
        ("a: 1\n---\nb: 2", 2, "not_yaml", "another document"),
    ],
)
def test_texts_that_cannot_be_read_say_where(text, line, code, said):
    with pytest.raises(RateTableInvalid) as caught:
        parse_document(text)
    (problem,) = caught.value.problems
    assert (problem.line, problem.code) == (line, code)
    assert said in problem.message


def test_a_charge_without_a_price_for_a_letter_says_so():
    winter = UsageCharge("Levy", "import", (PriceRule("high", "P", (Block(None, 7),)),))
    assert winter.blocks(season="high", letter="P") == (Block(None, 7),)
    for season, letter in (("high", "O"), ("low", "P")):
        with pytest.raises(
            LookupError, match=f"'Levy' has no price for season '{season}', letter '{letter}'"
        ):
            winter.blocks(season=season, letter=letter)
