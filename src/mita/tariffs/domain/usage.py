"""Usage charges of a rate table document: prices and blocks, by season and by clock letter."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .kinds import DEFAULT_REGISTER, SLAB, VOLUME, Block, PriceRule, UsageCharge
from .problems import did_you_mean, fields, key_path, shown
from .scalars import read_decimal, read_flag, read_register, read_word

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .problems import Path, Report
    from .times_of_use import Frame

BLOCKS_MAX = 20
PRICE_UNITS_MAX = 1_000_000
QUANTITY_UNITS_MAX = 1_000_000_000
USAGE_KEYS = (
    "name",
    "kind",
    "register",
    "allowance",
    "price",
    "blocks",
    "blocks_mode",
    "blocks_per_letter",
)


def read_usage(
    report: Report, found: Mapping[str, Any], *, name: str | None, path: Path, frame: Frame | None
) -> UsageCharge | None:
    """Return a charge per unit of a register, None if it is wrong."""
    register = read_register(report, found.get("register", DEFAULT_REGISTER), path=(*path, "register"))
    allowance = _read_allowance(report, found, path=path)
    mode = _read_mode(report, found, path=(*path, "blocks_mode"))
    per_letter = _read_per_letter(
        report, found, path=(*path, "blocks_per_letter"), allowance=allowance, frame=frame
    )
    in_blocks = "blocks" in found
    if in_blocks == ("price" in found):
        both = "has both price and blocks" if in_blocks else "has neither price nor blocks"
        report.add(path, "price_or_blocks", f"the charge {both}; write exactly one of them")
        return None
    key = "blocks" if in_blocks else "price"
    rules = Rules(report, in_blocks=in_blocks, frame=frame).read(found[key], path=(*path, key))
    if name is None or register is None:
        return None
    return UsageCharge(name, register, rules, in_blocks, mode, per_letter, allowance)


def _read_allowance(report: Report, found: Mapping[str, Any], *, path: Path) -> int:
    if "allowance" not in found:
        return 0
    here = (*path, "allowance")
    quantity = read_decimal(
        report, found["allowance"], path=here, what="allowance", units_max=QUANTITY_UNITS_MAX
    )
    return quantity or 0


def _read_mode(report: Report, found: Mapping[str, Any], *, path: Path) -> str:
    if "blocks_mode" not in found:
        return SLAB
    mode = read_word(report, found["blocks_mode"], path=path, words=(SLAB, VOLUME)) or SLAB
    if mode == VOLUME and "blocks" not in found:
        message = "blocks_mode: volume chooses among blocks, and the charge has one price; write blocks"
        report.add(path, "nothing_to_count", message)
    return mode


def _read_per_letter(
    report: Report, found: Mapping[str, Any], *, path: Path, allowance: int, frame: Frame | None
) -> bool:
    if "blocks_per_letter" not in found:
        return False
    per_letter = read_flag(report, found["blocks_per_letter"], path=path)
    if per_letter and "blocks" not in found and not allowance:
        message = "blocks_per_letter counts for blocks or an allowance, and the charge has none; leave it out"
        report.add(path, "nothing_to_count", message)
    if per_letter and frame is not None and not frame.letters_in(""):
        message = "a running quantity for each letter needs clocks, and the table declares none; add clocks"
        report.add(path, "letters_without_clocks", message)
    return per_letter


class Rules:
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
