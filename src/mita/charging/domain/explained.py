"""What an entry of a wallet's account says about itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mita.charging.domain.causes import causes_of

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from mita.charging.domain.causes import Cause
    from mita.charging.domain.explanation import CostLine
    from mita.ledger.domain.chart import AccountWords

MoverKind = Literal["person", "staff", "key", "system", "somebody"]
Subject = Literal["reading", "readings", "correction", "standing_charge", "sharing", "solar_credit", "other"]


@dataclass(frozen=True, slots=True)
class Totals:
    """Quantity and money, in millionths; positive when the customer pays."""

    quantity_micro: int
    net_micro: int
    tax_micro: int

    @property
    def gross_micro(self) -> int:
        """Net and tax together."""
        return self.net_micro + self.tax_micro


@dataclass(frozen=True, slots=True)
class LaterCorrection:
    """A rerating that charged again what an entry had charged; ``seq`` is its entry, None if it accrued."""

    seq: int | None
    cause: str
    since: datetime
    old: Totals
    new: Totals
    booked_at: datetime

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Why it was charged again, one by one."""
        return causes_of(self.cause)


@dataclass(frozen=True, slots=True)
class Mirrored:
    """The entry that a reversal mirrors: what it was, and its amount."""

    kind: str
    amount_micro: int
    event_at: datetime


@dataclass(frozen=True, slots=True)
class Mover:
    """Who moved money; ``kind`` is person, staff, key, system or somebody.

    ``is_support``: staff acted for the person.
    """

    kind: MoverKind
    name: str = ""
    is_support: bool = False

    @property
    def words(self) -> str:
        """Who it was, for people: a person's name, else what they are."""
        who = self.name or _MOVERS[self.kind]
        return f"{who}, as staff acting for them" if self.is_support else who


_MOVERS = {
    "person": "somebody",
    "staff": "staff",
    "key": "a program of the estate",
    "system": "Mita itself",
    "somebody": "somebody",
}


@dataclass(frozen=True, slots=True)
class PanelsPart:
    """What a solar credit is made of: capacity in millionths of a kW, and a price for a kW and year.

    ``days`` of ``year_days``; ``share_micro`` is the home's share in millionths of all panels.
    """

    capacity_micro: int
    price_micro: int
    days: int
    year_days: int
    share_micro: int


@dataclass(frozen=True, slots=True)
class EntryPart:
    """A line of an entry that another feature made; ``what`` is a word of that feature."""

    what: str
    role: str
    totals: Totals
    is_taken_back: bool
    panels: PanelsPart | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """An entry and what made it; ``amount_micro`` is the entry's, below zero when the wallet paid.

    ``lines`` add up to ``total``, which is the amount with the other sign; where a past was charged again the
    lines of ``old`` stand among them, taken back. ``is_exact`` is false where what was known at the time of
    booking cannot be put together again: then there are no lines. ``account`` and ``others`` are told of
    money that moved for another reason than a charge.
    """

    subject: Subject
    seq: int
    kind: str
    journal_kind: str
    memo: str
    amount_micro: int
    currency: str
    base_unit: str
    zone: ZoneInfo
    event_at: datetime
    booked_at: datetime
    journal_id: UUID
    register: str = ""
    meter: str = ""
    start: datetime | None = None
    end: datetime | None = None
    charges: int = 0  # how many readings a sum has
    cause: str = ""
    total: Totals | None = None
    old: Totals | None = None
    new: Totals | None = None
    taken_back: tuple[CostLine, ...] = ()
    lines: tuple[CostLine, ...] = ()
    is_exact: bool = True
    later: tuple[LaterCorrection, ...] = ()
    of_seq: int | None = None  # the entry that a reversal mirrors
    of: Mirrored | None = None
    key: str = ""  # the idempotency key that the movement was asked for with
    mover: Mover | None = None  # who moved the money
    account: AccountWords | None = None  # the entry's account
    others: tuple[AccountWords, ...] = ()  # those on the other side of its journal
    parts: tuple[EntryPart, ...] = ()  # instead of lines, where another feature made the entry
    sentences: tuple[str, ...] = ()  # and what that feature says of it
    group: str = ""  # the sharing group of shared generation
    used_micro: int | None = None  # what its member used in all
    beside: tuple[
        tuple[AccountWords, int], ...
    ] = ()  # what else of its wallet the same money went to, in micro-money
    more: bool = False  # whether there are more of others than are named

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Why a past was charged again, one by one."""
        return causes_of(self.cause)
