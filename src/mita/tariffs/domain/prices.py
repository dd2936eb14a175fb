"""The price rows of slots: every usage charge of a register merged into one list of blocks."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np

from mita.kit.money import MICRO

from .document import EXPORT, VOLUME, tax_fraction

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from .document import RateTable, UsageCharge

OPEN_MICRO = 2**62

MergedBlock = tuple[int, int, int]


class NeedsTallies(ValueError):
    """A price that follows from the period's quantities by season and letter, not its running quantity."""


@dataclass(frozen=True, slots=True)
class RowKey:
    """What decides a price: the version's index, the season and the letter ("" for none).

    ``days`` of ``whole_days``: the part of a billing period by which limits shrink; both 0: as written.
    """

    version: int
    season: str
    letter: str
    days: int = 0
    whole_days: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class PriceRows:
    """Prices by row: ``lower``, ``upper``, ``price`` int64[r, k] (micro), the rest int64[r] or bool[r].

    ``factor`` is how many micro-units of the price a base unit has; ``is_tallied``: the row has no prices.
    """

    keys: tuple[RowKey, ...]
    lower: npt.NDArray[np.int64]
    upper: npt.NDArray[np.int64]
    price: npt.NDArray[np.int64]
    tax_num: npt.NDArray[np.int64]
    tax_den: npt.NDArray[np.int64]
    inclusive: npt.NDArray[np.bool_]
    sign: npt.NDArray[np.int64]
    factor: npt.NDArray[np.int64]
    is_tallied: npt.NDArray[np.bool_]


def needs_tallies(charge: UsageCharge) -> bool:
    """Say whether a price depends on more than the register's running quantity in the billing period."""
    has_blocks = any(len(rule.blocks) > 1 for rule in charge.rules)
    if charge.is_per_letter:
        return has_blocks or charge.allowance_micro > 0
    return has_blocks and charge.mode == VOLUME


def _merged(charges: Sequence[UsageCharge], *, key: RowKey) -> tuple[MergedBlock, ...]:
    """Return (lower, upper, price) of all charges together: the union of limits, the sum of prices.

    An allowance is a block at no price, and the charge's other blocks begin at its end. Limits and allowances
    shrink to the key's ``days`` of ``whole_days``, each rounded down to the micro.
    """
    lists = [_steps(charge, key=key) for charge in charges]
    limits = {upper for steps in lists for upper, _ in steps}
    uppers = sorted(limits | {OPEN_MICRO})
    lowers = [0, *uppers[:-1]]
    return tuple(
        (lower, upper, sum(_price_above(steps, lower) for steps in lists))
        for lower, upper in zip(lowers, uppers, strict=True)
    )


def _steps(charge: UsageCharge, *, key: RowKey) -> list[tuple[int, int]]:
    """Return (upper limit, price) by running quantity; what shrinks to nothing is left out."""

    def part(limit_micro: int) -> int:
        return limit_micro * key.days // key.whole_days if key.whole_days else limit_micro

    free = part(charge.allowance_micro)
    steps = [(free, 0)]
    for block in charge.blocks(season=key.season, letter=key.letter):
        upper = OPEN_MICRO if block.up_to_micro is None else free + part(block.up_to_micro)
        steps.append((upper, block.price_micro))
    return [(upper, price) for upper, price in steps if upper > 0]


def price_rows(versions: Sequence[RateTable], *, register: str, keys: Sequence[RowKey]) -> PriceRows:
    """Return the prices of each key, in its order; a row with fewer blocks is filled with empty ones."""
    charges = [versions[key.version].charges_of(register) for key in keys]
    is_tallied = [any(needs_tallies(charge) for charge in some) for some in charges]
    merged = [
        () if tallied else _merged(some, key=key)
        for key, some, tallied in zip(keys, charges, is_tallied, strict=True)
    ]
    width = max((len(blocks) for blocks in merged), default=0) or 1
    padded = [blocks + ((OPEN_MICRO, OPEN_MICRO, 0),) * (width - len(blocks)) for blocks in merged]
    table = np.array(padded, dtype=np.int64).reshape(len(keys), width, 3)
    conversions = [versions[key.version].conversion for key in keys]
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
        factor=np.array([each.factor_micro if each else MICRO for each in conversions], dtype=np.int64),
        is_tallied=np.array(is_tallied, dtype=np.bool_),
    )


def _column(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    return np.ascontiguousarray(values, dtype=np.int64)


def _price_above(steps: Sequence[tuple[int, int]], quantity_micro: int) -> int:
    return next(price for upper, price in steps if upper > quantity_micro)


def _reduced(num: int, den: int) -> tuple[int, int]:
    shared = gcd(num, den)
    return num // shared, den // shared
