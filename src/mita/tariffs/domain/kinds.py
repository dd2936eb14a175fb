"""The kinds of charges in a rate table, as frozen values, and back to what the document writes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mita.kit.money import format_micro

EXPORT = "export"
DEFAULT_REGISTER = "import"
APPARENT = "apparent"  # the register of kVAh, where power is priced by kVA
SLAB, VOLUME = "slab", "volume"
DAY, MONTH = "day", "month"
KW, KVA = "kW", "kVA"
PAID, CARRIED = "paid", "carried"


@dataclass(frozen=True, slots=True)
class Block:
    """A price up to and including ``up_to_micro`` of the period's quantity; None: without end."""

    up_to_micro: int | None
    price_micro: int


@dataclass(frozen=True, slots=True)
class PriceRule:
    """The blocks of one season and letter; "" stands for all of them. A single price is one open block."""

    season: str
    letter: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class UsageCharge:
    """A price per base unit on a register; ``in_blocks`` says how the document writes it.

    The first ``allowance_micro`` of the period's quantity are free, blocks count what comes after. Blocks
    fill by one running quantity of the register, or by one of each letter (``is_per_letter``). ``mode`` is
    SLAB (each unit at the price of its block) or VOLUME (all units at the price of the block reached).
    """

    name: str
    register: str
    rules: tuple[PriceRule, ...]
    in_blocks: bool = False
    mode: str = SLAB
    is_per_letter: bool = False
    allowance_micro: int = 0

    def blocks(self, *, season: str, letter: str) -> tuple[Block, ...]:
        """Return the blocks that hold in a season and letter.

        :raises LookupError: if no rule covers them; a parsed table always has one
        """
        for rule in self.rules:
            if rule.season in ("", season) and rule.letter in ("", letter):
                return rule.blocks
        raise LookupError(f"charge {self.name!r} has no price for season {season!r}, letter {letter!r}")


@dataclass(frozen=True, slots=True)
class FixedCharge:
    """A standing charge per local day, or per billing period ("month": in a part of one, by days)."""

    name: str
    per: str
    price_micro: int
    is_due_while_off: bool = True


@dataclass(frozen=True, slots=True)
class DemandCharge:
    """A price on the highest average power of an interval of the billing period, per kW or kVA.

    ``prices`` is one (season, price) pair for each season, or one of season "". ``when`` lists the (season,
    letter) pairs that count, season "" in a table without seasons; empty: all of them.
    """

    name: str
    register: str
    interval_minutes: int
    unit: str
    prices: tuple[tuple[str, int], ...]
    when: tuple[tuple[str, str], ...] = ()

    def counts(self, *, season: str, letter: str) -> bool:
        """Say whether power used in a season and letter counts."""
        return not self.when or (season, letter) in self.when

    def price_micro(self, *, season: str) -> int:
        """Return the price of a unit of power in a season."""
        return next(price for name, price in self.prices if name in ("", season))


@dataclass(frozen=True, slots=True)
class MinimumCharge:
    """What a billing period costs at least, all charges of the table together (in a part of one, by days)."""

    name: str
    price_micro: int


@dataclass(frozen=True, slots=True)
class NettingCharge:
    """What the export of a billing period saves when it is taken off the import, letter by letter.

    What it is more than the import is surplus: paid at the end of each period, or, with ``carried_until``
    (month, day), taken off later periods and paid at the end of the period that holds that date.
    """

    name: str
    surplus_price_micro: int
    carried_until: tuple[int, int] | None = None


Charge = UsageCharge | FixedCharge | DemandCharge | MinimumCharge | NettingCharge


def decimal_text(micro: int, *, places: int) -> str:
    """Return millionths as a decimal text without needless zeros, but at least ``places`` decimals."""
    whole, _, decimals = format_micro(micro).partition(".")
    kept = decimals.rstrip("0").ljust(places, "0")
    return f"{whole}.{kept}" if kept else whole


def demand_register(unit: str) -> str:
    """Return the register that power is read from where the document names none."""
    return APPARENT if unit == KVA else DEFAULT_REGISTER


def charge_document(charge: Charge) -> dict[str, Any]:
    """Return what the document writes of a charge, plain values only."""
    match charge:
        case UsageCharge():
            return _usage_document(charge)
        case DemandCharge():
            return _demand_document(charge)
        case FixedCharge():
            document = {"name": charge.name, "kind": "fixed", "per": charge.per}
            document["price"] = _money_text(charge.price_micro)
            return document if charge.is_due_while_off else {**document, "while_off": False}
        case MinimumCharge():
            price = _money_text(charge.price_micro)
            return {"name": charge.name, "kind": "minimum", "per": MONTH, "price": price}
    return _netting_document(charge)


def _usage_document(charge: UsageCharge) -> dict[str, Any]:
    document: dict[str, Any] = {"name": charge.name, "kind": "usage"}
    if charge.register != DEFAULT_REGISTER:
        document["register"] = charge.register
    if charge.allowance_micro:
        document["allowance"] = decimal_text(charge.allowance_micro, places=0)
    document["blocks" if charge.in_blocks else "price"] = _rules_document(charge)
    if charge.mode != SLAB:
        document["blocks_mode"] = charge.mode
    if charge.is_per_letter:
        document["blocks_per_letter"] = True
    return document


def _rules_document(charge: UsageCharge) -> Any:
    tree: dict[str, Any] = {}
    for rule in charge.rules:
        leaf = _blocks_document(rule.blocks) if charge.in_blocks else _money_text(rule.blocks[0].price_micro)
        keys = [key for key in (rule.season, rule.letter) if key]
        if not keys:
            return leaf
        branch = tree
        for key in keys[:-1]:
            branch = branch.setdefault(key, {})
        branch[keys[-1]] = leaf
    return tree


def _blocks_document(blocks: tuple[Block, ...]) -> list[dict[str, str]]:
    return [
        {"price": _money_text(block.price_micro)}
        if block.up_to_micro is None
        else {"up_to": decimal_text(block.up_to_micro, places=0), "price": _money_text(block.price_micro)}
        for block in blocks
    ]


def _demand_document(charge: DemandCharge) -> dict[str, Any]:
    document: dict[str, Any] = {"name": charge.name, "kind": "demand"}
    if charge.register != demand_register(charge.unit):
        document["register"] = charge.register
    document["interval_minutes"] = charge.interval_minutes
    document["unit"] = charge.unit
    by_season = {season: _money_text(price) for season, price in charge.prices}
    document["price"] = by_season.get("", by_season)
    if charge.when:
        letters: dict[str, list[str]] = {}
        for season, letter in charge.when:
            letters.setdefault(season, []).append(letter)
        document["when"] = letters.get("", letters)
    return document


def month_day_text(month_day: tuple[int, int]) -> str:
    """Return (month, day) as the document writes it: ``06-01``."""
    return f"{month_day[0]:02d}-{month_day[1]:02d}"


def _netting_document(charge: NettingCharge) -> dict[str, Any]:
    document = {"name": charge.name, "kind": "netting"}
    if charge.carried_until is not None:
        document |= {"surplus": CARRIED, "carried_until": month_day_text(charge.carried_until)}
    document["surplus_price"] = _money_text(charge.surplus_price_micro)
    return document


def _money_text(price_micro: int) -> str:
    return decimal_text(price_micro, places=2)
