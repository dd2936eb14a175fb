"""The journal in Beancount's text, so that a program that is not ours judges the double entry. Pure.

Beancount writes what is owed with a minus, the ledger with a plus: every amount changes its sign.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.kit.money import format_micro

from .chart import NO_NAMES, AccountClass, Names, account_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from uuid import UUID

_ROOT = {
    AccountClass.ASSET: "Assets",
    AccountClass.LIABILITY: "Liabilities",
    AccountClass.EQUITY: "Equity",
    AccountClass.INCOME: "Income",
    AccountClass.EXPENSE: "Expenses",
}
# what follows the root; no name continues another one, because an assertion counts what lies below it too
_BRANCH = {
    "wallet": "Wallets",
    "group": "Groups",
    "emergency": "EmergencyCredit",
    "debt": "Arrears",
    "income": "Charges",
    "clearing": "Clearing",
    "payable": "Payable",
}
_ALONE = {
    "tax": "Tax",
    "bank": "Bank",
    "suspense": "Suspense",
    "promotion": "Promotion",
    "adjustments": "Adjustments",
}
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class NamedAccount:
    """An account as it is opened: Beancount's name, ours, and the first day it may be used."""

    name: str
    code: str
    title: str
    opened_on: date
    currency: str


@dataclass(frozen=True, slots=True)
class ToldJournal:
    """A journal as Beancount is told of it; ``day`` is that of ``booked_at`` in the estate's zone.

    Without ``journal_id`` it is no journal of ours: balances brought forward.
    """

    journal_id: UUID | None
    day: date
    kind: str
    actor: str
    memo: str
    currency: str


def beancount_names(codes: Mapping[int, str], *, names: Names = NO_NAMES) -> dict[int, str]:
    """Return a Beancount name for each account, all different; ``codes`` by account id."""
    found = {account_id: _name(code, names=names) for account_id, code in codes.items()}
    same: dict[str, list[int]] = defaultdict(list)
    for account_id, name in found.items():
        same[name].append(account_id)
    for name, account_ids in same.items():
        if len(account_ids) > 1:
            found |= {account_id: f"{name}-A{account_id}" for account_id in account_ids}
    return found


def _name(code: str, *, names: Names) -> str:
    first, _, rest = code.partition(":")
    root = _ROOT[account_class(code)]
    if code in _ALONE:
        return f"{root}:{_ALONE[code]}"
    if first not in _BRANCH or not rest:
        return f"{root}:Other:{_component(code)}"
    holder, _, utility = rest.partition(":")
    if first == "wallet":
        parts = [names.holder(holder), utility]
    elif first in ("emergency", "debt"):
        parts = [names.holder(rest)]
    elif first == "group":
        parts = [names.group_called(rest)]
    else:
        parts = [rest]
    return ":".join([root, _BRANCH[first], *map(_component, parts)])


def _component(text: str) -> str:
    """Return ``text`` in the letters of an account's name: A to Z, digits and dashes, a capital first."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kept = _NOT_IN_NAME.sub("-", plain).strip("-")
    if not kept:
        # letters of other scripts: their numbers are at least the same every time
        kept = "U" + "-".join(f"{ord(letter):04X}" for letter in text[:20])
    return kept[0].upper() + kept[1:]


def head_text(*, title: str, currency: str, since: date) -> str:
    """Return the beginning of the file."""
    return (
        f"option {_quoted('title')} {_quoted(title)}\n"
        f"option {_quoted('operating_currency')} {_quoted(currency)}\n\n"
        f"{since} commodity {currency}\n\n"
    )


def open_text(account: NamedAccount) -> str:
    """Return the directive that opens an account."""
    return (
        f"{account.opened_on} open {account.name} {account.currency}\n"
        f"  code: {_quoted(account.code)}\n  title: {_quoted(account.title)}\n"
    )


def journal_text(journal: ToldJournal, *, lines: Iterable[tuple[str, int]]) -> str:
    """Return a journal with its ``lines`` of (Beancount name, micro-money in our sign)."""
    rows = [f"\n{journal.day} * {_quoted(journal.memo)}\n"]
    if journal.journal_id is not None:
        rows.append(f"  journal: {_quoted(str(journal.journal_id))}\n")
    rows.append(f"  kind: {_quoted(journal.kind)}\n")
    if journal.actor:
        rows.append(f"  actor: {_quoted(journal.actor)}\n")
    rows += [f"  {name}  {format_micro(-amount)} {journal.currency}\n" for name, amount in lines]
    return "".join(rows)


def balance_text(name: str, *, balance_micro: int, currency: str, day: date) -> str:
    """Return the assertion of a balance (in our sign) at the beginning of ``day``, to the micro."""
    return f"{day} balance {name}  {format_micro(-balance_micro)} ~ 0.000000 {currency}\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    # a control character would end the string, or the program that reads it
    return '"' + "".join(letter if letter.isprintable() else " " for letter in escaped) + '"'
