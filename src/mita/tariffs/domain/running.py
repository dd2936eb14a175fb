"""The running totals of one register in one part of a billing period, for every form of usage price."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.kit.money import BIGINT_MAX, MICRO

from .bill_lines import USAGE, BillLine, share_by_remainder, usage_unit
from .document import EXPORT, tax_fraction
from .fillings import Row, filling_of, rows_of
from .periods import WHOLE
from .rating import BadIntervals, ChargeTooLarge
from .taxed import Taxed, half_up, taxed

if TYPE_CHECKING:
    from .document import RateTable

_RUNS = 3


@dataclass(frozen=True, slots=True)
class TotalsState:
    """What :class:`PeriodTotals` go on from: the columns of ``Runs``, and the tallies of the table.

    ``tallies`` is empty for a table whose charges need none; its length is fixed by the table and register.
    """

    quantity_micro: int = 0
    cost_micro: int = 0
    cost_rest: int = 0
    tallies: tuple[int, ...] = ()

    @property
    def numbers(self) -> tuple[int, ...]:
        """All of it as whole numbers, to be stored."""
        return (self.quantity_micro, self.cost_micro, self.cost_rest, *self.tallies)

    @classmethod
    def of(cls, numbers: tuple[int, ...]) -> TotalsState:
        """Return the state that ``numbers`` was made of."""
        quantity, cost, rest = numbers[:_RUNS]
        return cls(quantity, cost, rest, tuple(numbers[_RUNS:]))


class PeriodTotals:
    """One register's usage in one part of a billing period under one table.

    Each charge works on the running quantity of the register, or of each letter; what is charged is the
    difference of rounded totals, so any way of cutting the same consumption costs the same.
    """

    def __init__(
        self,
        table: RateTable,
        *,
        register: str,
        limits: tuple[int, int] = WHOLE,
        state: TotalsState | None = None,
    ) -> None:
        self._table = table
        self._register = register
        self._sign = -1 if register == EXPORT else 1
        self._factor = table.conversion.factor_micro if table.conversion else MICRO
        charges = table.charges_of(register)
        self._rows = rows_of(table)
        self._fillings = [filling_of(each, rows=self._rows, limits=limits) for each in charges]
        self._by_row = dict.fromkeys(self._rows, 0) if any(c.is_per_letter for c in charges) else None
        self._quantity = self._cost = 0
        if state is not None:
            self._restore(state)
        self._opened = self._charged = self._rounded()

    def add(self, *, season: str, letter: str, quantity_micro: int) -> tuple[int, int]:
        """Add a consumption in base units; return the signed (net, tax) it adds, a credit negative.

        :raises BadIntervals: if it is negative
        :raises ChargeTooLarge: if a total does not fit 64 bits
        """
        if quantity_micro < 0:
            raise BadIntervals("a consumption is negative")
        before = self._charged
        row = (season, letter)
        ends = self._ends(row, quantity_micro)
        for filling in self._fillings:
            low, high = ends[filling.charge.is_per_letter]
            self._cost += filling.take(row, before=low, after=high)
        self._quantity += quantity_micro
        if self._by_row is not None:
            self._by_row[row] += quantity_micro
        if max(self._cost // MICRO, self._quantity) > BIGINT_MAX:
            raise ChargeTooLarge("a total does not fit a 64-bit number of millionths")
        after = self._charged = self._rounded()
        return (
            self._sign * (after.net_micro - before.net_micro),
            self._sign * (after.tax_micro - before.tax_micro),
        )

    @property
    def state(self) -> TotalsState:
        """What a later object goes on from."""
        cost, rest = divmod(self._cost, MICRO)
        tallies = tuple(self._by_row.values()) if self._by_row is not None else ()
        for filling in self._fillings:
            tallies += filling.state
        return TotalsState(self._quantity, cost, rest, tallies)

    @property
    def charged(self) -> Taxed:
        """Return what was charged since this object was made, signed: written, net and tax."""
        now, then, sign = self._charged, self._opened, self._sign
        return Taxed(
            sign * (now.written_micro - then.written_micro),
            sign * (now.net_micro - then.net_micro),
            sign * (now.tax_micro - then.tax_micro),
        )

    def lines(self) -> tuple[BillLine, ...]:
        """Return the lines of what was added since this object was made, charge by charge; they add up."""
        places = [
            (filling.charge.name, place, quantity)
            for filling in self._fillings
            for place, quantity in filling.quantities().items()
        ]
        charged = self.charged
        num, den = tax_fraction(self._table.tax_percent_micro)
        net_num, net_den = (den, den + num) if self._table.prices_include_tax else (1, 1)
        tax_num, tax_den = (num, den + num) if self._table.prices_include_tax else (num, den)
        costs = [self._sign * quantity * price for _, (_, _, _, price), quantity in places]
        nets = _shares(costs, num=net_num, den=net_den, total=charged.net_micro)
        taxes = _shares(costs, num=tax_num, den=tax_den, total=charged.tax_micro)
        return tuple(
            BillLine(
                charge=name,
                kind=USAGE,
                register=self._register,
                season=season,
                letter=letter,
                block=block,
                unit=usage_unit(self._table),
                quantity_micro=quantity,
                price_micro=price,
                net_micro=net,
                tax_micro=tax,
            )
            for (name, (season, letter, block, price), quantity), net, tax in zip(
                places, nets, taxes, strict=True
            )
        )

    def _restore(self, state: TotalsState) -> None:
        self._quantity = state.quantity_micro
        self._cost = state.cost_micro * MICRO + state.cost_rest
        tallies = state.tallies
        if self._by_row is not None:
            count = len(self._by_row)
            self._by_row = dict(zip(self._by_row, tallies[:count], strict=True))
            tallies = tallies[count:]
        for filling in self._fillings:
            count = filling.state_size
            filling.state, tallies = tallies[:count], tallies[count:]
        if tallies:
            raise ValueError("these totals are of another rate table")

    def _ends(self, row: Row, quantity: int) -> dict[bool, tuple[int, int]]:
        """Return the running quantity before and after: of the register, and of the letter."""
        ends = {False: (self._priced(self._quantity), self._priced(self._quantity + quantity))}
        if self._by_row is not None:
            of_letter = sum(used for (_, letter), used in self._by_row.items() if letter == row[1])
            ends[True] = (self._priced(of_letter), self._priced(of_letter + quantity))
        return ends

    def _priced(self, quantity: int) -> int:
        return quantity if self._factor == MICRO else half_up(quantity * self._factor, MICRO)

    def _rounded(self) -> Taxed:
        return taxed(self._table, self._cost, den=MICRO)


def _shares(costs: list[int], *, num: int, den: int, total: int) -> list[int]:
    return share_by_remainder([cost * num for cost in costs], den=den * MICRO, total=total)
