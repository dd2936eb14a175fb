"""Names and amounts as Beancount wants them."""

from __future__ import annotations

import re
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from mita.ledger.domain.beancount import (
    NamedAccount,
    ToldJournal,
    balance_text,
    beancount_names,
    head_text,
    journal_text,
    open_text,
)
from mita.ledger.domain.chart import Names

# Beancount's own rule for account names, of its grammar
ACCOUNT = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9\-]*)+")
DAY = date(2026, 3, 1)


def test_names() -> None:
    codes = {
        1: "wallet:7:electricity",
        2: "wallet:8:hot_water",
        3: "clearing:cash",
        4: "income:water",
        5: "tax",
        6: "bank",
        7: "emergency:7",
        8: "debt:7",
        9: "group:3",
        10: "payable:Water board",
        11: "promotion",
        12: "adjustments",
        13: "levy:2026",
    }
    names = Names(unit_by_wallet={7: "Flat 12/ä"}, group={3: "Smith & sons"})
    assert beancount_names(codes, names=names) == {
        1: "Liabilities:Wallets:Flat-12-a:Electricity",
        2: "Liabilities:Wallets:Wallet-8:Hot-water",
        3: "Assets:Clearing:Cash",
        4: "Income:Charges:Water",
        5: "Liabilities:Tax",
        6: "Assets:Bank",
        7: "Assets:EmergencyCredit:Flat-12-a",
        8: "Assets:Arrears:Flat-12-a",
        9: "Liabilities:Groups:Smith-sons",
        10: "Liabilities:Payable:Water-board",
        11: "Expenses:Promotion",
        12: "Expenses:Adjustments",
        13: "Equity:Other:Levy-2026",
    }


def test_units_whose_names_become_the_same_stay_apart() -> None:
    codes = {1: "wallet:7:gas", 2: "wallet:8:gas", 3: "wallet:9:gas"}
    names = Names(unit_by_wallet={7: "A 1", 8: "A-1", 9: "B"})
    assert beancount_names(codes, names=names) == {
        1: "Liabilities:Wallets:A-1:Gas-A1",
        2: "Liabilities:Wallets:A-1:Gas-A2",
        3: "Liabilities:Wallets:B:Gas",
    }


@given(st.lists(st.text(min_size=1), min_size=1, max_size=8))
def test_every_unit_name_becomes_an_account_and_none_continues_another(units: list[str]) -> None:
    codes = {number: f"wallet:{number}:gas" for number in range(len(units))}
    found = beancount_names(codes, names=Names(unit_by_wallet=dict(enumerate(units))))
    assert len(set(found.values())) == len(units)
    for name in found.values():
        assert ACCOUNT.fullmatch(name), name
        # an assertion about an account counts the accounts below it
        assert not any(other.startswith(f"{name}:") for other in found.values())


def test_texts() -> None:
    journal = ToldJournal(
        UUID("01930000-0000-7000-8000-000000000001"), DAY, "top_up", "staff:a", 'say "hi"\\\n2', "ZAR"
    )
    text = journal_text(
        journal, lines=[("Liabilities:Wallets:A:Gas", 12_345_600), ("Assets:Bank", -12_345_600)]
    )
    assert text == (
        '\n2026-03-01 * "say \\"hi\\"\\\\ 2"\n'
        '  journal: "01930000-0000-7000-8000-000000000001"\n'
        '  kind: "top_up"\n'
        '  actor: "staff:a"\n'
        "  Liabilities:Wallets:A:Gas  -12.345600 ZAR\n"
        "  Assets:Bank  12.345600 ZAR\n"
    )
    assert balance_text("Assets:Bank", balance_micro=-1, currency="ZAR", day=DAY) == (
        "2026-03-01 balance Assets:Bank  0.000001 ~ 0.000000 ZAR\n"
    )
    assert balance_text("Assets:Bank", balance_micro=0, currency="ZAR", day=DAY) == (
        "2026-03-01 balance Assets:Bank  0.000000 ~ 0.000000 ZAR\n"
    )
    assert open_text(NamedAccount("Assets:Bank", "bank", "Bank", DAY, "ZAR")) == (
        '2026-03-01 open Assets:Bank ZAR\n  code: "bank"\n  title: "Bank"\n'
    )
    assert head_text(title="Oak", currency="ZAR", since=DAY) == (
        'option "title" "Oak"\noption "operating_currency" "ZAR"\n\n2026-03-01 commodity ZAR\n\n'
    )
