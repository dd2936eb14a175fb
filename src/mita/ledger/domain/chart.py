"""The chart of accounts: what an account's code means, in words and in double entry. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Side(StrEnum):
    """The side of the books on which an account grows. Plus is credit, minus is debit."""

    DEBIT = "debit"
    CREDIT = "credit"


class AccountClass(StrEnum):
    """What an account is in double entry, seen from the estate."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"

    @property
    def normal_side(self) -> Side:
        """The side on which accounts of this class usually stand."""
        return Side.DEBIT if self in (AccountClass.ASSET, AccountClass.EXPENSE) else Side.CREDIT


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the things that account codes number: units by wallet id, groups by group id."""

    unit_by_wallet: Mapping[int, str] = field(default_factory=dict)
    group: Mapping[int, str] = field(default_factory=dict)

    def holder(self, wallet_id: str) -> str:
        """Return the unit of a wallet, or the wallet's number where the unit's name is not known."""
        return self.known(self.unit_by_wallet, wallet_id) or f"wallet {wallet_id}"

    def group_called(self, group_id: str) -> str:
        """Return a group's name, or its number where the name is not known."""
        return self.known(self.group, group_id) or group_id

    @staticmethod
    def known(names: Mapping[int, str], number: str) -> str:
        """Return the name of a number, empty where it is not known."""
        return names.get(int(number), "") if number.isdecimal() else ""


NO_NAMES = Names()

# the first part of a code; a code that is not here is a book of its own kind, shown under its own code
_CLASS = {
    "wallet": AccountClass.LIABILITY,
    "group": AccountClass.LIABILITY,
    "emergency": AccountClass.ASSET,
    "debt": AccountClass.ASSET,
    "income": AccountClass.INCOME,
    "tax": AccountClass.LIABILITY,
    "clearing": AccountClass.ASSET,
    "bank": AccountClass.ASSET,
    "suspense": AccountClass.LIABILITY,
    "payable": AccountClass.LIABILITY,
    "occupancy": AccountClass.LIABILITY,
    "vacancy": AccountClass.ASSET,
    "promotion": AccountClass.EXPENSE,
    "adjustments": AccountClass.EXPENSE,
}
_ALONE = {
    "tax": "Tax collected, not yet paid",
    "bank": "Bank",
    "suspense": "Money received, owner not known",
    "promotion": "Promotional credit given",
    "adjustments": "Adjustments by staff",
    "clearing:transfers": "Transfers under way",
}
_METHOD = {"eft": "EFT", "gateway": "Gateway money", "sandbox": "Pretend money"}


@dataclass(frozen=True, slots=True)
class AccountWords:
    """An account's readable name, and what it is made of, for whoever writes it in another language.

    ``what`` is the first part of its code, ``transfers``, or ``other``; ``whose`` the unit, the group or the
    payee, empty where the name is not known; ``way`` how money came, such as ``eft``.
    """

    name: str
    what: str
    whose: str = ""
    utility: str = ""
    role: str = ""
    way: str = ""


def account_class(code: str) -> AccountClass:
    """Return what the account with this code is in double entry."""
    return _CLASS.get(code.partition(":")[0], AccountClass.EQUITY)


def first_words(account_class: AccountClass) -> list[str]:
    """Return the first parts of the codes of a class's accounts."""
    return [word for word, each in _CLASS.items() if each is account_class]


def account_name(code: str, *, names: Names = NO_NAMES) -> str:
    """Return an account's readable name, such as ``Wallet of U12, electricity``."""
    first, _, rest = code.partition(":")
    if not rest or code in _ALONE:
        return _ALONE.get(code, code)
    if first == "wallet":
        wallet_id, _, utility = rest.partition(":")
        who = names.holder(wallet_id)
        wallet = who.capitalize() if who == f"wallet {wallet_id}" else f"Wallet of {who}"
        return f"{wallet}, {_words(utility)}"
    shown = {
        "group": lambda: f"Group {names.group_called(rest)}",
        "emergency": lambda: f"Emergency credit drawn by {names.holder(rest)}",
        "debt": lambda: f"Arrears of {names.holder(rest)}, set aside",
        "income": lambda: f"Income from {_words(rest.replace(':', ', '))}",
        "clearing": lambda: f"{_METHOD.get(rest) or _words(rest).capitalize()} received, not yet banked",
        "payable": lambda: f"Owed to {rest}",
        "occupancy": lambda: f"Left over from occupancy {rest}",
        "vacancy": lambda: f"Vacancy of unit {rest}",
    }.get(first)
    return code if shown is None else shown()


def account_words(code: str, *, names: Names = NO_NAMES) -> AccountWords:
    """Return an account's readable name with its parts."""
    name = account_name(code, names=names)
    first, _, rest = code.partition(":")
    number, _, second = rest.partition(":")
    if code in _ALONE:
        return AccountWords(name, "transfers" if rest else first)
    if first not in _CLASS or not rest:
        return AccountWords(name, "other")
    match first:
        case "wallet" | "emergency" | "debt" | "group":
            known = names.group if first == "group" else names.unit_by_wallet
            return AccountWords(name, first, whose=names.known(known, number), utility=second)
        case "income":
            return AccountWords(name, first, utility=number, role=second)
        case "clearing":
            return AccountWords(name, first, way=rest)
        case _:
            return AccountWords(name, first, whose=rest)


def wallet_of_code(code: str) -> int | None:
    """Return the number of the wallet that an account belongs to, or None if it belongs to none."""
    first, number, *_ = f"{code}:".split(":")
    return int(number) if first in {"wallet", "emergency", "debt"} and number.isdecimal() else None


def _words(code: str) -> str:
    return code.replace("_", " ")
