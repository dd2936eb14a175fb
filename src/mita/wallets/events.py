"""What wallets tell the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from mita.wallets.domain import Span, Standing


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


@dataclass(frozen=True, slots=True)
class TopUpReceived:
    """A receipt was booked to a wallet: all that came in, debts that it paid included."""

    name: ClassVar[str] = "wallets.topup.received"
    estate_id: int
    wallet_id: int
    unit_id: int
    journal_id: UUID
    method: str
    amount_micro: int


@dataclass(frozen=True, slots=True)
class SpendLimitChanged:
    """A wallet has another spending limit, or none; from here on what it spends is counted, or not."""

    name: ClassVar[str] = "wallets.spend.changed"
    estate_id: int
    wallet_id: int


@dataclass(frozen=True, slots=True)
class SpendWarned:
    """A wallet has spent most of its limit for a day or month."""

    name: ClassVar[str] = "wallets.spend.warned"
    estate_id: int
    wallet_id: int
    unit_id: int
    span: Span
    limit_micro: int
    spent_micro: int


@dataclass(frozen=True, slots=True)
class SpendReached:
    """A wallet has reached its limit for a day or month."""

    name: ClassVar[str] = "wallets.spend.reached"
    estate_id: int
    wallet_id: int
    unit_id: int
    span: Span
    limit_micro: int
    spent_micro: int


@dataclass(frozen=True, slots=True)
class SpendCutChanged:
    """Until when a wallet's limit wants its supplies cut is another time; None wants nothing cut."""

    name: ClassVar[str] = "wallets.spend.cut"
    estate_id: int
    wallet_id: int
    unit_id: int
    cut_until: datetime | None
