"""What wallets tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from mita.wallets.domain import Standing


@dataclass(frozen=True, slots=True)
class BalanceCrossed:
    """A wallet account's balance crossed one of its lines, in the transaction that moved it."""

    name: ClassVar[str] = "wallets.balance.crossed"
    estate_id: int
    wallet_id: int
    account_id: int
    unit_id: int
    utility: str
    before: Standing
    after: Standing
    balance_micro: int
