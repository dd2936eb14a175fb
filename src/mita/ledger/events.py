"""What the ledger tells the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from mita.ledger.domain import JournalKind


@dataclass(frozen=True, slots=True)
class JournalBooked:
    """A small journal moved balances; batches of charges are not told here."""

    name: ClassVar[str] = "ledger.journal.booked"
    estate_id: int
    journal_id: UUID
    kind: JournalKind
    balances_micro: dict[int, int]  # account id -> live balance after
    amounts_micro: dict[int, int]  # account id -> what moved


@dataclass(frozen=True, slots=True)
class AvailableChanged:
    """A hold was placed or resolved: what may be spent changed, the balance did not."""

    name: ClassVar[str] = "ledger.available.changed"
    estate_id: int
    account_id: int
    by_micro: int  # plus is held, minus is free again


@dataclass(frozen=True, slots=True)
class ClearingChecked:
    """Somebody looked whether money stands on a clearing account longer than it may."""

    name: ClassVar[str] = "ledger.clearing.checked"
    estate_id: int
    method: str
    balance_micro: int
    is_overdue: bool


@dataclass(frozen=True, slots=True)
class MonthClosing:
    """A month takes no more entries; what has to be done before it is locked is to be done now."""

    name: ClassVar[str] = "ledger.month.closing"
    estate_id: int
    period: date


@dataclass(frozen=True, slots=True)
class MonthLocked:
    """A month is closed for good; how many entries it holds, and the sum of what came in on accounts."""

    name: ClassVar[str] = "ledger.month.locked"
    estate_id: int
    period: date
    entries: int
    turnover_micro: int


@dataclass(frozen=True, slots=True)
class EntryMonthsChecked:
    """Somebody looked for partitions of entries: the coming ``months`` without one, rows gone astray."""

    name: ClassVar[str] = "ledger.months.checked"
    months: tuple[date, ...]
    has_strays: bool
