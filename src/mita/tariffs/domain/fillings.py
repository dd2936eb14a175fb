"""How one usage charge takes a running quantity: its blocks, its free quantity, the exact cost."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from .bill_lines import FREE
from .document import VOLUME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .document import RateTable, UsageCharge

Row = tuple[str, str]  # season and letter, "" where the table has none
Place = tuple[str, str, int, int]  # season, letter, block, price
Quantities = dict[Place, int]


def rows_of(table: RateTable) -> tuple[Row, ...]:
    """Return every season and letter of a table, in a fixed order."""
    letters = {clock.season: sorted(clock.letters) for clock in table.clocks}
    seasons = [season.name for season in table.seasons] or [""]
    return tuple(
        (season, letter) for season in seasons for letter in letters.get(season, letters.get("", [""]))
    )


class Filling:
    """One charge in one part of a billing period: limits and free quantity are shared by ``limits``.

    Quantities are what prices are per: after the table's conversion.
    """

    def __init__(self, charge: UsageCharge, *, rows: Sequence[Row], limits: tuple[int, int]) -> None:
        self.charge = charge
        self.free = _share(charge.allowance_micro, limits)
        self.blocks = {
            row: tuple(
                (
                    None if block.up_to_micro is None else _share(block.up_to_micro, limits),
                    block.price_micro,
                )
                for block in charge.blocks(season=row[0], letter=row[1])
            )
            for row in rows
        }

    def take(self, row: Row, *, before: int, after: int) -> int:
        """Let the running quantity go from ``before`` to ``after`` in a row; return the cost it adds.

        Micro-money times micro-units, exact; negative where a volume price gives way to a lower one.
        """
        raise NotImplementedError

    def quantities(self) -> Quantities:
        """Return what was taken since this object was made, or set, by season, letter, block and price."""
        raise NotImplementedError

    @property
    def state(self) -> tuple[int, ...]:
        """What must be kept beside the running quantity to go on later."""
        return ()

    @state.setter
    def state(self, values: tuple[int, ...]) -> None:
        assert not values, "this charge keeps nothing"

    @property
    def state_size(self) -> int:
        """How many numbers ``state`` has."""
        return len(self.state)

    def _free_part(self, *, before: int, after: int) -> int:
        return min(after, self.free) - min(before, self.free)


class SlabFilling(Filling):
    """Each unit at the price of the block it falls in."""

    def __init__(self, charge: UsageCharge, *, rows: Sequence[Row], limits: tuple[int, int]) -> None:
        super().__init__(charge, rows=rows, limits=limits)
        self._taken: Quantities = defaultdict(int)

    def take(self, row: Row, *, before: int, after: int) -> int:
        """Fill the blocks in order; see :class:`Filling`."""
        free = self._free_part(before=before, after=after)
        if free:
            self._taken[(*row, FREE, 0)] += free
        low, high = max(before - self.free, 0), max(after - self.free, 0)
        cost = lower = 0
        for number, (upper, price) in enumerate(self.blocks[row], start=1):
            top = high if upper is None else min(high, upper)
            inside = top - max(low, lower)
            if inside > 0:
                self._taken[(*row, number, price)] += inside
                cost += inside * price
            lower = top
        return cost

    def quantities(self) -> Quantities:
        """Return what was taken since this object was made."""
        return dict(self._taken)


class VolumeFilling(Filling):
    """All units at the price of the block that the whole quantity reaches, the register's or the letter's."""

    def __init__(self, charge: UsageCharge, *, rows: Sequence[Row], limits: tuple[int, int]) -> None:
        super().__init__(charge, rows=rows, limits=limits)
        self._by_row = dict.fromkeys(rows, 0)
        self._free: Quantities = defaultdict(int)
        self._opening: Quantities = {}
        self._cost = 0

    def take(self, row: Row, *, before: int, after: int) -> int:
        """Price everything again; see :class:`Filling`."""
        free = self._free_part(before=before, after=after)
        if free:
            self._free[(*row, FREE, 0)] += free
        self._by_row[row] += after - before - free
        cost_before, self._cost = self._cost, self._priced()[1]
        return self._cost - cost_before

    def quantities(self) -> Quantities:
        """Return what was taken since then: a change of block is a quantity less here and one more there."""
        now = self._priced()[0]
        changes = {place: now.get(place, 0) - self._opening.get(place, 0) for place in (*self._opening, *now)}
        return dict(self._free) | {place: change for place, change in changes.items() if change}

    @property
    def state(self) -> tuple[int, ...]:
        """The quantity by row that is not free."""
        return tuple(self._by_row.values())

    @state.setter
    def state(self, values: tuple[int, ...]) -> None:
        self._by_row = dict(zip(self._by_row, values, strict=True))
        self._opening, self._cost = self._priced()

    def _priced(self) -> tuple[Quantities, int]:
        reached: dict[str, int] = defaultdict(int)
        for (_, letter), quantity in self._by_row.items():
            reached[self._group(letter)] += quantity
        found: Quantities = {}
        cost = 0
        for row, quantity in self._by_row.items():
            if quantity:
                number, price = self._block(row, reached[self._group(row[1])])
                found[(*row, number, price)] = quantity
                cost += quantity * price
        return found, cost

    def _group(self, letter: str) -> str:
        return letter if self.charge.is_per_letter else ""

    def _block(self, row: Row, reached: int) -> tuple[int, int]:
        return next(
            (number, price)
            for number, (upper, price) in enumerate(self.blocks[row], start=1)
            if upper is None or reached <= upper
        )


def filling_of(charge: UsageCharge, *, rows: Sequence[Row], limits: tuple[int, int]) -> Filling:
    """Return an empty filling of a charge, by its mode."""
    kind = VolumeFilling if charge.mode == VOLUME else SlabFilling
    return kind(charge, rows=rows, limits=limits)


def _share(micro: int, limits: tuple[int, int]) -> int:
    days, whole_days = limits
    return micro * days // whole_days
