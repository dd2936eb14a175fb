"""Exact amounts and the one place where they are rounded."""

from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True)
class Bill:
    """One register in one local month, all in millionths: quantity, price without tax, tax."""

    quantity_micro: int = 0
    net_micro: int = 0
    tax_micro: int = 0

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(
            self.quantity_micro + other.quantity_micro,
            self.net_micro + other.net_micro,
            self.tax_micro + other.tax_micro,
        )

    @property
    def gross_micro(self) -> int:
        return self.net_micro + self.tax_micro

    def as_json(self) -> dict[str, int]:
        return {
            "quantity_micro": self.quantity_micro,
            "net_micro": self.net_micro,
            "tax_micro": self.tax_micro,
            "gross_micro": self.gross_micro,
        }


def half_up(amount: Fraction) -> int:
    """Nearest integer; a half goes away from zero, so a credit rounds as the debit of its size."""
    size = floor(abs(amount) + Fraction(1, 2))
    return size if amount >= 0 else -size


def bill(*, quantity_micro: int, cost: Fraction, tax: Fraction, inclusive: bool) -> Bill:
    """Round the exact running cost (millionths of the currency) of one register and month.

    `tax` is a ratio, 1/10 for ten percent. With `inclusive` the cost contains the tax.
    """
    if inclusive:
        net = half_up(cost / (1 + tax))
        return Bill(quantity_micro, net, half_up(cost) - net)
    return Bill(quantity_micro, half_up(cost), half_up(cost * tax))
