"""What differs between two rate tables: every number by hand."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from mita.tariffs.domain import Difference, change_words, difference, parse_document, percent_text

OLD: dict[str, Any] = {
    "rate_table": 1,
    "name": "2025",
    "utility": "electricity",
    "currency": "ZAR",
    "effective_from": "2025-07-01",
    "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
    "charges": [
        {
            "name": "Energy",
            "kind": "usage",
            "allowance": "50",
            "blocks": [{"up_to": "350", "price": "2.00"}, {"price": "3.00"}],
        },
        {"name": "Capacity", "kind": "fixed", "per": "day", "price": "3.24"},
        {"name": "Peak", "kind": "demand", "interval_minutes": 30, "unit": "kVA", "price": "212.50"},
    ],
}


def compared(**change: Any) -> Difference:
    new = {**copy.deepcopy(OLD), "name": "2026", "effective_from": "2026-07-01", **change}
    return difference(parse_document(OLD), parse_document(new))


def rows(found: Difference) -> list[tuple[str, str, int | None, int | None, int | None, int | None]]:
    return [
        (
            each.place.charge,
            each.place.what,
            each.place.block,
            each.old_micro,
            each.new_micro,
            each.percent_centi,
        )
        for each in found.changes
    ]


def with_charges(*charges: dict[str, Any]) -> Difference:
    return compared(charges=list(charges))


def test_another_name_and_date_are_no_difference() -> None:
    found = compared()
    assert found.is_none
    assert change_words(found) == ""


def test_prices_limits_and_allowances_are_told_apart() -> None:
    energy = {
        **OLD["charges"][0],
        "allowance": "60",
        "blocks": [{"up_to": "400", "price": "2.2548"}, {"price": "2.91"}],
    }
    found = with_charges(energy, *OLD["charges"][1:])
    assert rows(found) == [
        ("Energy", "allowance", None, 50_000_000, 60_000_000, 2000),
        # 0.2548 of 2.00 are 12.74 %
        ("Energy", "price", 1, 2_000_000, 2_254_800, 1274),
        ("Energy", "limit", 1, 350_000_000, 400_000_000, 1429),
        ("Energy", "price", 2, 3_000_000, 2_910_000, -300),
    ]
    assert not found.with_tax
    assert change_words(found) == "Energy -3.00 % to +12.74 %"


def test_charges_that_come_and_go() -> None:
    levy = {"name": "Levy", "kind": "fixed", "per": "month", "price": "10.00"}
    found = with_charges(*OLD["charges"][:2], levy)
    assert rows(found) == [
        ("Peak", "price", None, 212_500_000, None, None),
        ("Levy", "price", None, None, 10_000_000, None),
    ]
    assert change_words(found) == "Peak no more, Levy new"


def test_a_price_of_nothing_has_no_percentage() -> None:
    free = {**OLD["charges"][1], "price": "0"}
    old = parse_document({**OLD, "charges": [*OLD["charges"][:1], free]})
    found = difference(old, parse_document({**OLD, "charges": OLD["charges"][:2]}))
    assert rows(found) == [("Capacity", "price", None, 0, 3_240_000, None)]
    assert change_words(found) == "Capacity 0.00 to 3.24"


def test_another_tax_is_compared_with_tax() -> None:
    # 3.24 with 15 % is 3.726, 3.60 with its tax inside is 3.60: 3.38 % less, not 11.11 % more
    charges = [{**OLD["charges"][1], "price": "3.60"}]
    old = parse_document({**OLD, "charges": OLD["charges"][1:2]})
    new = parse_document(
        {**OLD, "charges": charges, "tax": {"name": "VAT", "percent": "15", "prices": "inclusive"}}
    )
    found = difference(old, new)
    assert found.with_tax
    assert rows(found) == [("Capacity", "price", None, 3_726_000, 3_600_000, -338)]
    assert change_words(found) == "Capacity -3.38 %, tax"


def test_forms_that_are_no_numbers_are_named() -> None:
    per_month = {**OLD["charges"][1], "per": "month"}
    found = compared(charges=[OLD["charges"][0], per_month, OLD["charges"][2]], billing_day=15)
    assert found.changes == ()
    assert found.also == ("billing day", "terms of Capacity")
    assert not found.is_none


def test_only_block_limits() -> None:
    energy = {**OLD["charges"][0], "blocks": [{"up_to": "300", "price": "2.00"}, {"price": "3.00"}]}
    assert change_words(with_charges(energy, *OLD["charges"][1:])) == "Energy other blocks"


def test_many_charges_are_cut_short() -> None:
    many = [{"name": f"C{i}", "kind": "fixed", "per": "day", "price": "1.00"} for i in range(8)]
    more = [{**each, "price": "1.10"} for each in many]
    old, new = (parse_document({**OLD, "charges": charges}) for charges in (many, more))
    words = change_words(difference(old, new))
    assert words == ", ".join(f"C{i} +10.00 %" for i in range(6)) + " and 2 more"


@pytest.mark.parametrize(
    ("centi", "text"), [(0, "+0.00"), (5, "+0.05"), (-5, "-0.05"), (-338, "-3.38"), (12345, "+123.45")]
)
def test_percentages_have_a_sign(centi: int, text: str) -> None:
    assert percent_text(centi) == text


def test_net_metering_and_a_minimum_bill() -> None:
    netting = {"name": "Netting", "kind": "netting", "surplus_price": "0.10"}
    minimum = {"name": "Least", "kind": "minimum", "per": "month", "price": "50.00"}
    old = parse_document({**OLD, "charges": [OLD["charges"][0], netting, minimum]})
    carried = {**netting, "surplus": "carried", "carried_until": "03-31", "surplus_price": "0.12"}
    found = difference(
        old, parse_document({**OLD, "charges": [OLD["charges"][0], carried, {**minimum, "price": "45.00"}]})
    )
    assert rows(found) == [
        ("Netting", "price", None, 100_000, 120_000, 2000),
        ("Least", "price", None, 50_000_000, 45_000_000, -1000),
    ]
    assert [each.place.kind for each in found.changes] == ["netting", "minimum"]
    assert change_words(found) == "Netting +20.00 %, Least -10.00 %, terms of Netting"


def test_a_charge_of_another_kind_has_other_terms() -> None:
    least = {"name": "Capacity", "kind": "minimum", "per": "month", "price": "3.24"}
    found = with_charges(OLD["charges"][0], least, OLD["charges"][2])
    # a standing charge goes, a minimum of the same name comes
    assert rows(found) == [
        ("Capacity", "price", None, 3_240_000, None, None),
        ("Capacity", "price", None, None, 3_240_000, None),
    ]
    assert found.also == ("terms of Capacity",)
