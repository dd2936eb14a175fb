"""A wallet's statement: what moved by kind, and amounts in cents that add up. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MICRO_PER_CENT = 10_000


@dataclass(slots=True)
class StatementLine:
    """What one kind of entry moved on one account, in micro-money; minus took from the wallet.

    ``net_micro`` and ``tax_micro`` are None where nothing says how the amount splits; else they sum to it,
    and ``net_by_role`` to the net. ``quantity_micro`` is what was charged, in millionths of the base unit.
    """

    utility: str
    kind: str
    entries: int = 0
    amount_micro: int = 0
    quantity_micro: int = 0
    net_micro: int | None = None
    tax_micro: int | None = None
    net_by_role: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        *,
        amount_micro: int,
        quantity_micro: int,
        split: tuple[int, int, Mapping[str, int]] | None,
    ) -> None:
        """Add an entry; ``split`` is (net, tax, net by role)."""
        self.entries += 1
        self.amount_micro += amount_micro
        self.quantity_micro += quantity_micro
        if split is None:
            return
        net, tax, roles = split
        self.net_micro = (self.net_micro or 0) + net
        self.tax_micro = (self.tax_micro or 0) + tax
        for role, part in roles.items():
            self.net_by_role[role] = self.net_by_role.get(role, 0) + part


def cents_of(amount_micro: int) -> int:
    """Return an amount in cents, rounded half away from zero as documents have it."""
    cents = (abs(amount_micro) + _MICRO_PER_CENT // 2) // _MICRO_PER_CENT
    return -cents if amount_micro < 0 else cents


def shared_cents(amounts_micro: Sequence[int], *, total_cents: int) -> list[int]:
    """Return amounts in cents that add up to a total.

    They are rounded down, and the largest remainders get what is left. The total is what the exact amounts
    sum to, rounded at both ends of a span: less than two cents away.
    """
    parts = [divmod(amount, _MICRO_PER_CENT) for amount in amounts_micro]
    cents = [whole for whole, _ in parts]
    left = total_cents - sum(cents)
    assert parts or not left, "nothing moved, so nothing is left"
    order = sorted(range(len(parts)), key=lambda at: (-parts[at][1], at))
    if left < 0:
        order = order[::-1]
    for turn in range(abs(left)):
        cents[order[turn % len(order)]] += 1 if left > 0 else -1
    return cents
