"""What account codes mean: classes, normal sides, readable names."""

from __future__ import annotations

import pytest

from mita.ledger.domain.chart import (
    AccountWords,
    Names,
    account_class,
    account_name,
    account_words,
    wallet_of_code,
)

NAMES = Names(unit_by_wallet={7: "U12"}, group={3: "Smith family"})
# code: class, normal side, name with names, name without
TABLE = {
    "wallet:7:electricity": (
        "liability",
        "credit",
        "Wallet of U12, electricity",
        "Wallet 7, electricity",
    ),
    "wallet:7:hot_water": ("liability", "credit", "Wallet of U12, hot water", "Wallet 7, hot water"),
    "wallet:7:general": ("liability", "credit", "Wallet of U12, general", "Wallet 7, general"),
    "wallet:8:gas": ("liability", "credit", "Wallet 8, gas", "Wallet 8, gas"),
    "group:3": ("liability", "credit", "Group Smith family", "Group 3"),
    "emergency:7": ("asset", "debit", "Emergency credit drawn by U12", "Emergency credit drawn by wallet 7"),
    "debt:7": ("asset", "debit", "Arrears of U12, set aside", "Arrears of wallet 7, set aside"),
    "income:electricity": ("income", "credit", "Income from electricity", "Income from electricity"),
    "income:hot_water": ("income", "credit", "Income from hot water", "Income from hot water"),
    "income:hot_water:levy": (
        "income",
        "credit",
        "Income from hot water, levy",
        "Income from hot water, levy",
    ),
    "tax": ("liability", "credit", "Tax collected, not yet paid", "Tax collected, not yet paid"),
    "clearing:cash": ("asset", "debit", "Cash received, not yet banked", "Cash received, not yet banked"),
    "clearing:eft": ("asset", "debit", "EFT received, not yet banked", "EFT received, not yet banked"),
    "clearing:transfers": ("asset", "debit", "Transfers under way", "Transfers under way"),
    "bank": ("asset", "debit", "Bank", "Bank"),
    "suspense": (
        "liability",
        "credit",
        "Money received, owner not known",
        "Money received, owner not known",
    ),
    "payable:Water board": ("liability", "credit", "Owed to Water board", "Owed to Water board"),
    "promotion": ("expense", "debit", "Promotional credit given", "Promotional credit given"),
    "adjustments": ("expense", "debit", "Adjustments by staff", "Adjustments by staff"),
    # not in the list: no name is invented, nothing fails
    "levy:2026": ("equity", "credit", "levy:2026", "levy:2026"),
    "rounding": ("equity", "credit", "rounding", "rounding"),
}


@pytest.mark.parametrize("code", TABLE)
def test_what_a_code_means(code: str) -> None:
    kind = account_class(code)
    assert (kind, kind.normal_side, account_name(code, names=NAMES), account_name(code)) == TABLE[code]


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("wallet:7:hot_water", {"what": "wallet", "whose": "U12", "utility": "hot_water"}),
        ("wallet:8:gas", {"what": "wallet", "utility": "gas"}),
        ("wallet:x:gas", {"what": "wallet", "utility": "gas"}),
        ("group:3", {"what": "group", "whose": "Smith family"}),
        ("emergency:7", {"what": "emergency", "whose": "U12"}),
        ("debt:7", {"what": "debt", "whose": "U12"}),
        ("income:hot_water:levy", {"what": "income", "utility": "hot_water", "role": "levy"}),
        ("clearing:eft", {"what": "clearing", "way": "eft"}),
        ("clearing:transfers", {"what": "transfers"}),
        ("payable:Water board", {"what": "payable", "whose": "Water board"}),
        ("vacancy:9", {"what": "vacancy", "whose": "9"}),
        ("tax", {"what": "tax"}),
        ("adjustments", {"what": "adjustments"}),
        ("levy:2026", {"what": "other"}),
        ("clearing", {"what": "other"}),
        ("wallet", {"what": "other"}),
        ("rounding", {"what": "other"}),
    ],
)
def test_the_parts_of_a_name(code: str, parts: dict[str, str]) -> None:
    assert account_words(code, names=NAMES) == AccountWords(account_name(code, names=NAMES), **parts)


@pytest.mark.parametrize("code", ["wallet:x:gas", "wallet:", "group:", "emergency:", "", ":", "wallet:²:gas"])
def test_a_code_that_numbers_nothing_still_has_a_name(code: str) -> None:
    assert isinstance(account_name(code, names=NAMES), str)


@pytest.mark.parametrize(
    ("code", "wallet_id"),
    [
        ("wallet:7:electricity", 7),
        ("debt:7", 7),
        ("emergency:12", 12),
        ("group:3", None),
        ("income:electricity", None),
        ("wallet:x", None),
        ("wallet", None),
        ("", None),
    ],
)
def test_the_wallet_of_an_account(code, wallet_id):
    assert wallet_of_code(code) == wallet_id
