from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mita.tariffs.domain import RateTableInvalid, parse_document
from mita.tariffs.domain.imports import COLUMNS, price_doubt, read_csv_template, read_rate_table, units_of

from .tables import CLOCKS, SEASONS

HEADER = "name,kind,register,season,letter,block_up_to,price,unit,prices"
HEAD = {
    "name": "Prices 2025/26",
    "utility": "electricity",
    "currency": "ZAR",
    "effective_from": "2025-04-01",
    "tax": {"name": "VAT", "percent": "15"},
}
TAX = {"name": "VAT", "percent": "15", "prices": "exclusive"}
HOMEFLEX = HEAD | {"seasons": SEASONS, "clocks": CLOCKS}


def read(*lines, header=HEADER, **changes):
    head = {key: value for key, value in (HEAD | changes).items() if value is not None}
    return read_csv_template("\n".join([header, *lines]), head=head)


def charges(*lines, **options):
    (found,) = read(*lines, **options).documents
    return found["charges"]


def refused(*lines, **options):
    with pytest.raises(RateTableInvalid) as caught:
        read(*lines, **options)
    return {(each.path, each.line, each.code) for each in caught.value.problems}


# ── what is read ──


def test_three_components_in_cents():
    draft = read(
        "Energy,usage,,,,,268.78,c/kWh,net",
        "Network,usage,,,,,26.37,c/kWh,net",
        "Capacity,fixed,,,,,8.35,ZAR/day,net",
        "Service,fixed,,,,,3.27,per day,net",
    )
    (found,) = draft.documents
    assert found == {
        "rate_table": 1,
        "name": "Prices 2025/26",
        "utility": "electricity",
        "currency": "ZAR",
        "effective_from": "2025-04-01",
        "period": "month",
        "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
        "charges": [
            {"name": "Energy", "kind": "usage", "price": "2.6878"},
            {"name": "Network", "kind": "usage", "price": "0.2637"},
            {"name": "Capacity", "kind": "fixed", "per": "day", "price": "8.35"},
            {"name": "Service", "kind": "fixed", "per": "day", "price": "3.27"},
        ],
    }
    assert parse_document(found) == draft.tables[0]
    assert (draft.to_confirm, draft.left_out, draft.warnings) == ((), (), ())


def test_blocks():
    assert charges("Energy,usage,,,,350,190.28,c/kWh,net", "Energy,usage,,,,,215.62,c/kWh,net") == [
        {
            "name": "Energy",
            "kind": "usage",
            "blocks": [{"up_to": "350", "price": "1.9028"}, {"price": "2.1562"}],
        }
    ]


def test_seasons_and_letters():
    found = charges(
        "Energy,usage,,high,P,,706.97,c/kWh,net",
        "Energy,usage,,high,S,,216.31,c/kWh,net",
        "Energy,usage,,high,O,,159.26,c/kWh,net",
        "Energy,usage,,low,P,,329.28,c/kWh,net",
        "Energy,usage,,low,SO,,159.26,c/kWh,net",
        "Peak,demand,,high,P S,,212.50,per kVA,net,30",
        "Peak,demand,,low,P,,100,ZAR/kVA,net,30",
        header=HEADER + ",interval_minutes",
        seasons=SEASONS,
        clocks=CLOCKS,
    )
    assert found[0]["price"] == {
        "high": {"O": "1.5926", "P": "7.0697", "S": "2.1631"},
        "low": {"O": "1.5926", "P": "3.2928", "S": "1.5926"},
    }
    assert found[1] == {
        "name": "Peak",
        "kind": "demand",
        "interval_minutes": 30,
        "unit": "kVA",
        "price": {"high": "212.50", "low": "100.00"},
        "when": {"high": ["P", "S"], "low": ["P"]},
    }


def test_power_of_a_register_of_its_own():
    lines = ("Peak,demand,feeder,,,,100,ZAR/kVA,net,30",)
    (found,) = charges(*lines, header=HEADER + ",interval_minutes")
    assert (found["register"], found["price"]) == ("feeder", "100.00")
    twice = refused(*lines, *lines, header=HEADER + ",interval_minutes")
    assert twice == {("line 3.price", 3, "twice")}


def test_no_season_of_a_demand_charge_is_forgotten():
    lines = ("Peak,demand,,high,P,,212.50,per kVA,net,30", "Peak,demand,,low,,,100,ZAR/kVA,net,30")
    options = {"header": HEADER + ",interval_minutes", "seasons": SEASONS, "clocks": CLOCKS}
    assert refused(*lines, **options) == {("line 3.letter", 3, "mixed")}


def test_water_by_the_kilolitre_is_by_the_cubic_metre():
    head = {"utility": "water"}
    assert charges("Water,usage,,,,,25.50,ZAR/kl,net", **head)[0]["price"] == "25.50"
    assert charges("Water,usage,,,,,2550,c/m3,net", **head)[0]["price"] == "25.50"


def test_gross_prices_contain_the_tax():
    (found,) = read(
        "Energy,usage,,,,,22.36,p/kWh,gross",
        "Standing charge,fixed,,,,,60.12,p/day,gross",
        currency="GBP",
        tax={"name": "VAT", "percent": "5", "prices": "exclusive"},
    ).documents
    assert found["tax"] == {"name": "VAT", "percent": "5", "prices": "inclusive"}
    assert [each["price"] for each in found["charges"]] == ["0.2236", "0.6012"]


def test_naira_export_and_minimum():
    found = charges(
        "Energy,usage,,,,,209.5,NGN/kWh,net",
        "Feed-in,usage,export,,,,5000,k/kWh,net",
        "Minimum bill,minimum,,,,,1000,per month,net",
        currency="NGN",
    )
    assert found == [
        {"name": "Energy", "kind": "usage", "price": "209.50"},
        {"name": "Feed-in", "kind": "usage", "register": "export", "price": "50.00"},
        {"name": "Minimum bill", "kind": "minimum", "per": "month", "price": "1000.00"},
    ]


def test_gas_is_priced_in_what_it_is_converted_to():
    gas = {
        "utility": "gas",
        "currency": "GBP",
        "tax": None,
        "conversion": {"unit": "kWh", "factor": "11.1868"},
    }
    assert charges("Gas,usage,,,,,5.48,p/kWh,net", **gas)[0]["price"] == "0.0548"
    assert refused("Gas,usage,,,,,5.48,p/m3,net", **gas) == {("line 2.unit", 2, "wrong_unit")}


def test_a_conversion_to_kilolitres_is_priced_by_the_kilolitre():
    head = {"utility": "water", "conversion": {"unit": "kl", "factor": "1"}}
    draft = read("Water,usage,,,,,25.50,ZAR/kl,net", **head)
    assert draft.documents[0]["charges"][0]["price"] == "25.50"
    assert draft.to_confirm == ()
    assert refused("Water,usage,,,,,25.50,ZAR/kWh,net", **head) == {("line 2.unit", 2, "wrong_unit")}


def test_a_byte_order_mark_blank_lines_and_quotes():
    text = f'\ufeff{HEADER}\r\n\r\n"Energy, all of it",usage,,,,,1.90,ZAR/kWh,net\r\n,,,,,,,,\r\n'
    (found,) = read_csv_template(text, head=HEAD).documents
    assert found["charges"][0]["name"] == "Energy, all of it"


def test_without_tax_or_plausible_prices_somebody_is_told():
    draft = read("Energy,usage,,,,,5000,XOF/kWh,net", currency="XOF", tax=None)
    assert [each.code for each in draft.warnings] == ["no_tax", "no_plausible_range"]


# ── a slip of a factor of 100 ──


@pytest.mark.parametrize(
    ("line", "currency", "says"),
    [
        ("Energy,usage,,,,,226.53,ZAR/kWh,net", "ZAR", "226.53 ZAR per kWh is outside 0.15 to 15.00; was it written in c"),  # noqa: E501 - a row
        ("Energy,usage,,,,,2.2653,c/kWh,net", "ZAR", "0.022653 ZAR per kWh is outside 0.15 to 15.00; was it written in whole"),  # noqa: E501 - a row
        ("Energy,usage,,,,,22.36,GBP/kWh,net", "GBP", "22.36 GBP per kWh"),
        ("Energy,usage,,,,,209.5,k/kWh,net", "NGN", "2.095 NGN per kWh"),
        ("Fixed,fixed,,,,,60.12,GBP/day,net", "GBP", "60.12 GBP per day"),
        ("Fixed,fixed,,,,,20000,ZAR/month,net", "ZAR", "20000.00 ZAR per month"),
        ("Least,minimum,,,,,1.99,c/month,net", "ZAR", "0.0199 ZAR per month is outside 10.00 to 1000.00; is it right?"),  # noqa: E501 - a row
        ("Peak,demand,,,,,21250,ZAR/kVA,net,30", "ZAR", "21250.00 ZAR per kW"),
    ],
)  # fmt: skip
def test_a_slip_is_caught(line, currency, says):
    draft = read(line, header=HEADER + ",interval_minutes", currency=currency)
    ((path, line_number, code, message),) = [
        (each.path, each.line, each.code, each.message) for each in draft.to_confirm
    ]
    assert (path, line_number, code) == ("line 2.price", 2, "implausible_price")
    assert message.startswith(says)


# published prices of the references: none of them is doubted
@pytest.mark.parametrize(
    ("currency", "measure", "texts"),
    [
        ("ZAR", "kWh", ["2.0967", "2.4050", "1.9028", "3.9486", "7.0697", "1.5926", "0.2637", "0.2278"]),
        ("ZAR", "day", ["6.56", "7.39", "8.35", "3.27", "0.47"]),
        ("ZAR", "month", ["583.03", "200", "147.76"]),
        ("GBP", "kWh", ["0.2236", "0.0548", "0.2735", "0.2343"]),
        ("GBP", "day", ["0.6012", "0.3141", "0.6719"]),
        ("NGN", "kWh", ["225", "206.80", "209.50"]),
    ],
)
def test_published_prices_are_plausible_and_their_slips_are_not(currency, measure, texts):
    for text in texts:
        whole, _, decimals = text.partition(".")
        micro = int(whole + decimals.ljust(6, "0"))
        assert price_doubt(micro, currency=currency, measure=measure) is None, text
        assert price_doubt(micro * 100, currency=currency, measure=measure), text
        assert price_doubt(micro // 100, currency=currency, measure=measure), text


def test_no_price_and_its_slip_are_both_plausible():
    for currency in ("ZAR", "GBP", "NGN", "KES", "EUR", "USD"):
        for measure in ("kWh", "m3", "day", "month", "kW"):
            for exponent in range(3, 13):
                for lead in (1_000, 1_500, 2_300, 9_990):
                    price = lead * 10 ** (exponent - 3)
                    pair = [
                        price_doubt(each, currency=currency, measure=measure) for each in (price, 101 * price)
                    ]
                    assert any(pair)


def test_a_price_of_zero_is_no_slip():
    assert read("Energy,usage,,,,6,0,ZAR/kWh,net", "Energy,usage,,,,,2,ZAR/kWh,net").to_confirm == ()


def test_a_document_is_looked_at_too():
    text = """\
rate_table: 1
name: Slip
utility: electricity
currency: ZAR
effective_from: 2025-04-01
charges:
  - {name: Energy, kind: usage, blocks: [{up_to: "6", price: "2.10"}, {price: "226.53"}]}
  - {name: Fixed, kind: fixed, per: month, price: "200"}
"""
    draft = read_rate_table(text)
    assert [(each.path, each.code) for each in draft.to_confirm] == [
        ("charges[0].blocks[1].price", "implausible_price")
    ]


GAS_PRICES = {
    "utility": "gas",
    "currency": "GBP",
    "conversion": {"unit": "kWh", "factor": "11.1868"},
    "charges": [{"name": "Gas", "kind": "usage", "price": "5.48"}],
}
# 2550 ZAR are odd for a kilolitre, which is looked at as a cubic metre
WATER_PRICES = {
    "utility": "water",
    "conversion": {"unit": "kl", "factor": "1"},
    "charges": [{"name": "Water", "kind": "usage", "price": "2550.00"}],
}
NET_METERING = {
    "charges": [
        {"name": "Energy", "kind": "usage", "price": "2.10"},
        {"name": "Netting", "kind": "netting", "surplus_price": "80"},
    ]
}


@pytest.mark.parametrize(
    ("prices", "path", "says"),
    [
        (GAS_PRICES, "charges[0].price", "5.48 GBP per kWh is outside 0.02 to 2.00; was it written in c"),
        (WATER_PRICES, "charges[0].price", "2550.00 ZAR per m3 is outside 3.00 to 300.00; was it written"),
        (NET_METERING, "charges[1].surplus_price", "80.00 ZAR per kWh is outside 0.15 to 15.00; was it"),
    ],
)
def test_prices_of_all_forms_are_looked_at_in_their_unit(prices, path, says):
    draft = read_rate_table(json.dumps({"rate_table": 1, **HEAD, "tax": TAX, **prices}))
    (found,) = draft.to_confirm
    assert found.path == path
    assert found.message.startswith(says)


# ── refusals, each with its line ──


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["Energy,usage,,,,,2,ZAR/mile,net"], ("line 2.unit", 2, "unknown_unit")),
        (["Energy,usage,,,,,2,GBP/kWh,net"], ("line 2.unit", 2, "unknown_unit")),
        (["Energy,usage,,,,,2,p/kWh,net"], ("line 2.unit", 2, "unknown_unit")),
        (["Energy,usage,,,,,2,ZAR/m3,net"], ("line 2.unit", 2, "wrong_unit")),
        (["Energy,usage,,,,,2,ZAR/day,net"], ("line 2.unit", 2, "wrong_unit")),
        (["Energy,usage,,,,,2,,net"], ("line 2.unit", 2, "empty")),
        (["Energy,usage,,,,,,ZAR/kWh,net"], ("line 2.price", 2, "empty")),
        ([",usage,,,,,2,ZAR/kWh,net"], ("line 2.name", 2, "empty")),
        (["Energy,use,,,,,2,ZAR/kWh,net"], ("line 2.kind", 2, "unknown_kind")),
        (["Energy,usage,,,,,2,ZAR/kWh,"], ("line 2.prices", 2, "not_one_of")),
        (['Energy,usage,,,,,"2,10",ZAR/kWh,net'], ("line 2.price", 2, "not_decimal")),
        (["Energy,usage,,,,,-2,ZAR/kWh,net"], ("line 2.price", 2, "not_decimal")),
        (["Energy,usage,,,,,R2.10,ZAR/kWh,net"], ("line 2.price", 2, "not_decimal")),
        (["Energy,usage,,,,,2.1234567,ZAR/kWh,net"], ("line 2.price", 2, "too_many_decimals")),
        (["Energy,usage,,,,,226.53001,c/kWh,net"], ("line 2.price", 2, "too_many_decimals")),
        (["Energy,usage,,,,,2,ZAR/kWh,net,1"], ("line 2", 2, "too_many_cells")),
        (["A,usage,,,,,2,ZAR/kWh,net", "B,usage,,,,,2,ZAR/kWh,gross"], ("prices", 1, "net_and_gross")),
        (["A,usage,,,,,2,ZAR/kWh,net", "A,usage,,,,,2,ZAR/kWh,net"], ("line 3.price", 3, "twice")),
        (["A,usage,,,,,2,ZAR/kWh,net", "A,fixed,,,,,2,ZAR/day,net"], ("line 3.kind", 3, "one_name_two_charges")),  # noqa: E501 - a row
        (["A,fixed,,,,,2,ZAR/month,net", "A,fixed,,,,,2,ZAR/day,net"], ("line 3.unit", 3, "one_name_two_charges")),  # noqa: E501 - a row
        (["A,fixed,,,,,2,ZAR/day,net", "A,fixed,,,,,2,ZAR/day,net"], ("line 3.name", 3, "twice")),
        (["A,fixed,,high,,,2,ZAR/day,net"], ("line 2.season", 2, "not_used")),
        (["A,demand,,,,,2,ZAR/kW,net"], ("line 2.interval_minutes", 2, "not_a_number")),
        (["A,usage,,high,,,2,ZAR/kWh,net", "A,usage,,,,,2,ZAR/kWh,net"], ("line 3.season", 3, "mixed")),
        (["A,usage,,,P,,2,ZAR/kWh,net", "A,usage,,,,,2,ZAR/kWh,net"], ("line 3.letter", 3, "mixed")),
        ([], ("", 1, "empty")),
        (['"A,usage,,,,,2,ZAR/kWh,net'], ("", 2, "not_csv")),
        # what the table makes of the lines, told at the charge's first line
        (["A,usage,,,,,2,ZAR/kWh,net", "B,usage,,high,,,2,ZAR/kWh,net"], ("charges[1].price", 3, "unknown_season")),  # noqa: E501 - a row
        (
            ["A,usage,,,,9,2,ZAR/kWh,net", "A,usage,,,,6,2,ZAR/kWh,net", "A,usage,,,,,2,ZAR/kWh,net"],
            ("charges[0].blocks", 2, "blocks_not_ascending"),
        ),
        (["A,usage,,,,6,2,ZAR/kWh,net"], ("charges[0].blocks[0].up_to", 2, "last_block_ends")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_at_its_line(lines, fault):
    assert fault in refused(*lines)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (HEADER.replace("unit", "units"), "unknown_column"),
        (HEADER.replace(",unit", ""), "missing_column"),
        (HEADER + ",price", "duplicate_column"),
        ("", "missing_column"),
    ],
)
def test_the_first_line_names_the_columns(header, code):
    assert code in {each[2] for each in refused("A,usage,,,,,2,ZAR/kWh,net", header=header)}


def test_a_season_with_a_price_and_with_letters_is_refused():
    lines = ("A,usage,,high,,,2,ZAR/kWh,net", "A,usage,,high,P,,3,ZAR/kWh,net")
    assert refused(*lines, seasons=SEASONS, clocks=CLOCKS) == {("line 3.letter", 3, "mixed")}


def test_a_file_that_is_no_price_list_is_refused_at_its_size():
    assert refused("x" * (256 * 1024)) == {("", None, "too_large")}
    rows = [f"C{at},usage,,,,,2,ZAR/kWh,net" for at in range(2_001)]
    assert refused(*rows) == {("", 1, "too_many_rows")}
    assert "too_many_rows" not in {code for _, _, code in refused(*rows[1:])}


def test_gross_needs_the_tax():
    assert refused("A,usage,,,,,2,ZAR/kWh,gross", tax=None) == {("prices", 1, "gross_without_tax")}


def test_all_faults_at_once():
    assert len(refused("A,usage,,,,,x,ZAR/kWh,net", "B,usage,,,,,2,R/kWh,net", "C,x,,,,,2,c/kWh,")) == 4


def test_units_are_an_enumeration():
    assert {"c/kWh", "ZAR/kWh", "c/kl", "ZAR/m3", "per day", "per month", "per kVA", "per kW"} <= set(
        units_of("ZAR")
    )
    assert {"p/kWh", "GBP/kWh"} <= set(units_of("GBP"))
    assert {"k/kWh", "NGN/kWh"} <= set(units_of("NGN"))
    assert "per kWh" not in units_of("ZAR")


cells = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    [
        "usage",
        "fixed",
        "demand",
        "minimum",
        "net",
        "gross",
        "1.5",
        "c/kWh",
        "per day",
        "per kVA",
        "A",
        "P",
        "",
    ]
)


@given(st.lists(st.lists(cells, max_size=10), max_size=4), st.sampled_from([HEAD, HOMEFLEX]))
@settings(max_examples=300)
def test_any_text_is_a_draft_or_a_refusal(lines, head):
    text = "\n".join([",".join(COLUMNS), *(",".join(each) for each in lines)])
    problems, draft = (), None
    try:
        draft = read_csv_template(text, head=head)
    except RateTableInvalid as refusal:
        problems = refusal.problems
    assert all(each.message for each in problems)
    assert problems or parse_document(draft.documents[0]) == draft.tables[0]


@given(st.integers(1, 10**9))
def test_cents_are_divided_exactly(micro):
    text = f"{micro // 10_000}.{micro % 10_000:04d}"  # cents of a price in micro
    found = charges(f"A,usage,,,,,{text},c/kWh,net")[0]["price"]
    whole, _, decimals = found.partition(".")
    assert int(whole) * 1_000_000 + int(decimals.ljust(6, "0")) == micro
