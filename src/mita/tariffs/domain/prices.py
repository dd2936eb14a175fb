"""The price rows of slots: every usage charge of a register merged into one list of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from .document import EXPORT, tax_fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from .document import Block, RateTable, UsageCharge

OPEN_MICRO = 2**62

MergedBlock = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class RowKey:
    """What decides a price: the version's index, the season and the letter ("" for none)."""

    version: int
    season: str
    letter: str


@dataclass(frozen=True, slots=True, eq=False)
class PriceRows:
    """Prices by row: ``lower``, ``upper``, ``price`` int64[r, k] (micro), the rest int64[r] or bool[r]."""

    keys: tuple[RowKey, ...]
    lower: npt.NDArray[np.int64]
    upper: npt.NDArray[np.int64]
    price: npt.NDArray[np.int64]
    tax_num: npt.NDArray[np.int64]
    tax_den: npt.NDArray[np.int64]
    inclusive: npt.NDArray[np.bool_]
    sign: npt.NDArray[np.int64]


def merge_blocks(charges: Sequence[UsageCharge], *, season: str, letter: str) -> tuple[MergedBlock, ...]:
    """Return (lower, upper, price) of all charges together: the union of limits, the sum of prices."""
    lists = [charge.blocks(season=season, letter=letter) for charge in charges]
    limits = {block.up_to_micro for blocks in lists for block in blocks if block.up_to_micro is not None}
    uppers = [*sorted(limits), OPEN_MICRO]
    lowers = [0, *uppers[:-1]]
    return tuple(
        (lower, upper, sum(_price_above(blocks, lower) for blocks in lists))
        for lower, upper in zip(lowers, uppers, strict=True)
    )


def price_rows(versions: Sequence[RateTable], *, register: str, keys: Sequence[RowKey]) -> PriceRows:
    """Return the prices of each key, in its order; a row with fewer blocks is filled with empty ones."""
    merged = [
        merge_blocks(versions[key.version].charges_of(register), season=key.season, letter=key.letter)
        for key in keys
    ]
    width = max((len(blocks) for blocks in merged), default=1)
    padded = [blocks + ((OPEN_MICRO, OPEN_MICRO, 0),) * (width - len(blocks)) for blocks in merged]
    table = np.array(padded, dtype=np.int64).reshape(len(keys), width, 3)
    fractions = [_reduced(*tax_fraction(versions[key.version].tax_percent_micro)) for key in keys]
    return PriceRows(
        keys=tuple(keys),
        lower=_column(table[:, :, 0]),
        upper=_column(table[:, :, 1]),
        price=_column(table[:, :, 2]),
        tax_num=np.array([num for num, _ in fractions], dtype=np.int64),
        tax_den=np.array([den for _, den in fractions], dtype=np.int64),
        inclusive=np.array([versions[key.version].prices_include_tax for key in keys], dtype=np.bool_),
        sign=np.full(len(keys), -1 if register == EXPORT else 1, dtype=np.int64),
    )


def _column(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(values, dtype=np.int64)


def _price_above(blocks: Sequence[Block], quantity_micro: int) -> int:
    return next(
        block.price_micro
        for block in blocks
        if block.up_to_micro is None or block.up_to_micro > quantity_micro
    )


def _reduced(num: int, den: int) -> tuple[int, int]:
    shared = gcd(num, den)
    return num // shared, den // shared
