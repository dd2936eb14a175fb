"""The charges of a rate table document: prices and blocks, by season and by clock letter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .document import DEFAULT_REGISTER, Block, PriceRule, UsageCharge
from .problems import did_you_mean, fields, key_path, shown
from .scalars import read_decimal, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .problems import Path, Report

CHARGES_MAX = 50
BLOCKS_MAX = 20
PRICE_UNITS_MAX = 1_000_000
QUANTITY_UNITS_MAX = 1_000_000_000

_LATER_KINDS = {
    "fixed": "a standing charge per day or month",
    "demand": "a charge on the highest power",
    "minimum": "a minimum bill",
}
_KEYS = ("name", "kind", "register", "price", "blocks", "blocks_mode", "blocks_per_letter", "allowance")
_REGISTER = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Frame:
    """What prices may refer to: season names, and the letters of each season's clock ("" without seasons)."""

    seasons: tuple[str, ...]
    letters: Mapping[str, frozenset[str]]

    def letters_in(self, season: str) -> frozenset[str]:
        """Return the letters of a season's clock; of every clock if ``season`` is ""."""
        found = self.letters.values() if season == "" else (self.letters.get(season, frozenset()),)
        return frozenset().union(*found)


def read_charges(report: Report, value: Any, *, frame: Frame | None) -> tuple[UsageCharge, ...]:
    """Return the charges of a document; ``frame`` is None if its seasons or clocks are broken themselves."""
    if not isinstance(value, list):
        if value != ():
            report.add(("charges",), "wrong_type", f"expected a list of charges, found {shown(value)}")
        return ()
    if not 1 <= len(value) <= CHARGES_MAX:
        report.add(("charges",), "out_of_range", f"{len(value)} charges; write 1 to {CHARGES_MAX}")
        return ()
    charges = [
        _read_charge(report, each, path=("charges", index), frame=frame) for index, each in enumerate(value)
    ]
    return tuple(charge for charge in charges if charge is not None)


def _read_charge(report: Report, value: Any, *, path: Path, frame: Frame | None) -> UsageCharge | None:
    if not isinstance(value, dict):
        report.add(path, "wrong_type", f"expected a charge with name, kind and price, found {shown(value)}")
        return None
    kind = value.get("kind")
    if kind != "usage" and "kind" in value:
        _refuse_kind(report, kind, path=(*path, "kind"))
        return None
    fields(report, value, path=path, known=_KEYS, required=("name", "kind"))
    name = read_text(report, value["name"], path=(*path, "name")) if "name" in value else None
    register = value.get("register", DEFAULT_REGISTER)
    if not isinstance(register, str) or not _REGISTER.fullmatch(register):
        message = (
            f"{shown(register)} is no register name; write import, export or another word in small letters"
        )
        report.add((*path, "register"), "bad_name", message)
    _refuse_later_forms(report, value, path=path)
    in_blocks = "blocks" in value
    if in_blocks == ("price" in value):
        both = "has both price and blocks" if in_blocks else "has neither price nor blocks"
        report.add(path, "price_or_blocks", f"the charge {both}; write exactly one of them")
        return None
    key = "blocks" if in_blocks else "price"
    rules = _Rules(report, in_blocks=in_blocks, frame=frame).read(value[key], path=(*path, key))
    if name is None or not isinstance(register, str):
        return None
    return UsageCharge(name=name, register=register, rules=rules, in_blocks=in_blocks)


def _refuse_kind(report: Report, kind: Any, *, path: Path) -> None:
    later = _LATER_KINDS.get(kind) if isinstance(kind, str) else None
    if later:
        message = f'kind "{kind}" ({later}) is not supported in this version; leave the charge out'
        report.add(path, "not_supported_yet", message)
    else:
        hint = did_you_mean(kind, ("usage", *_LATER_KINDS))
        report.add(path, "unknown_kind", f"{shown(kind)} is no kind of charge; {hint}")


def _refuse_later_forms(report: Report, charge: Mapping[str, Any], *, path: Path) -> None:
    mode = charge.get("blocks_mode", "slab")
    if mode == "volume":
        message = 'blocks_mode "volume" is not supported in this version; only "slab" is'
        report.add((*path, "blocks_mode"), "not_supported_yet", message)
    elif mode != "slab":
        report.add((*path, "blocks_mode"), "not_one_of", f"{shown(mode)} is not accepted here; write slab")
    per_letter = charge.get("blocks_per_letter", False)
    if per_letter is True:
        message = (
            "blocks_per_letter: true is not supported in this version; letters share one running quantity"
        )
        report.add((*path, "blocks_per_letter"), "not_supported_yet", message)
    elif per_letter is not False:
        report.add(
            (*path, "blocks_per_letter"), "wrong_type", f"expected true or false, found {shown(per_letter)}"
        )
    if "allowance" in charge:
        message = 'allowance is not supported in this version; write a first block with price "0.00" instead'
        report.add((*path, "allowance"), "not_supported_yet", message)


class _Rules:
    """Reads the value of ``price`` or ``blocks``: a leaf, or leaves by season, by letter, or by both."""

    def __init__(self, report: Report, *, in_blocks: bool, frame: Frame | None) -> None:
        self.report = report
        self.in_blocks = in_blocks
        self.frame = frame

    def read(self, value: Any, *, path: Path) -> tuple[PriceRule, ...]:
        if not isinstance(value, dict):
            return self._leaf(value, season="", letter="", path=path)
        if not value:
            self.report.add(path, "empty", "no price is written here; add one per season or letter")
            return ()
        if all(isinstance(key, str) and len(key) == 1 for key in value):
            return self._by_letter(value, season="", path=path)
        return self._by_season(value, path=path)

    def _by_season(self, value: dict[Any, Any], *, path: Path) -> tuple[PriceRule, ...]:
        if self.frame is None:
            return ()
        names = self.frame.seasons
        if not names:
            keys = ", ".join(shown(key) for key in list(value)[:3])
            message = f"{keys}: neither clock letters nor seasons; the table declares no seasons"
            self.report.add(path, "unknown_season", message)
            return ()
        for key in value:
            if key not in names:
                message = f"{shown(key)} is no season of this table; {did_you_mean(key, names)}"
                self.report.add(key_path(path, key), "unknown_season", message)
        rules: list[PriceRule] = []
        for name in sorted(names):
            if name not in value:
                self.report.add(
                    path, "season_without_price", f'the season "{name}" has no price; add it here'
                )
            elif isinstance(value[name], dict):
                rules.extend(self._by_letter(value[name], season=name, path=(*path, name)))
            else:
                rules.extend(self._leaf(value[name], season=name, letter="", path=(*path, name)))
        return tuple(rules)

    def _by_letter(self, value: dict[Any, Any], *, season: str, path: Path) -> tuple[PriceRule, ...]:
        if self.frame is None:
            return ()
        letters = self.frame.letters_in(season)
        if not letters:
            message = (
                "prices by letter need clocks, and the table declares none; add clocks or write one price"
            )
            self.report.add(path, "letters_without_clocks", message)
            return ()
        for key in value:
            if key not in letters:
                message = f"{shown(key)} is a letter of no clock here; {did_you_mean(key, letters)}"
                self.report.add(key_path(path, key), "unknown_letter", message)
        for letter in sorted(letters - value.keys()):
            self.report.add(
                path, "letter_without_price", f'the clock letter "{letter}" has no price; add it here'
            )
        rules: list[PriceRule] = []
        for letter in sorted(letters & value.keys()):
            rules.extend(self._leaf(value[letter], season=season, letter=letter, path=(*path, letter)))
        return tuple(rules)

    def _leaf(self, value: Any, *, season: str, letter: str, path: Path) -> tuple[PriceRule, ...]:
        blocks = self._blocks(value, path=path) if self.in_blocks else self._price(value, path=path)
        return (PriceRule(season=season, letter=letter, blocks=blocks),)

    def _price(self, value: Any, *, path: Path) -> tuple[Block, ...]:
        price = read_decimal(self.report, value, path=path, what="price", units_max=PRICE_UNITS_MAX)
        return () if price is None else (Block(up_to_micro=None, price_micro=price),)

    def _blocks(self, value: Any, *, path: Path) -> tuple[Block, ...]:
        if not isinstance(value, list) or not 1 <= len(value) <= BLOCKS_MAX:
            found = f"{len(value)} blocks" if isinstance(value, list) else shown(value)
            self.report.add(path, "wrong_type", f"expected a list of 1 to {BLOCKS_MAX} blocks, found {found}")
            return ()
        blocks: list[Block] = []
        for index, each in enumerate(value):
            block = self._block(each, path=(*path, index), is_last=index == len(value) - 1)
            if block is not None:
                blocks.append(block)
        limits = [block.up_to_micro for block in blocks if block.up_to_micro is not None]
        if any(later <= earlier for earlier, later in pairwise(limits)):
            self.report.add(
                path, "blocks_not_ascending", "each block must end above the one before; sort by up_to"
            )
        return tuple(blocks)

    def _block(self, value: Any, *, path: Path, is_last: bool) -> Block | None:
        found = fields(self.report, value, path=path, known=("up_to", "price"), required=("price",))
        if found is None:
            return None
        if is_last and "up_to" in found:
            message = 'the last block must be open-ended; remove up_to or add a last block {price: "…"}'
            self.report.add((*path, "up_to"), "last_block_ends", message)
        if not is_last and "up_to" not in found:
            self.report.add(path, "missing_key", '"up_to" is missing; only the last block has no end')
        limit = None
        if "up_to" in found:
            limit = read_decimal(
                self.report,
                found["up_to"],
                path=(*path, "up_to"),
                what="up_to",
                units_max=QUANTITY_UNITS_MAX,
                positive=True,
            )
        if "price" not in found:
            return None
        price = self._price(found["price"], path=(*path, "price"))
        return Block(up_to_micro=limit, price_micro=price[0].price_micro) if price else None
