"""What a handover is asked for, what it did, and where its money goes. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

KindWord = Literal["onboard", "offboard"]
OutcomeWord = Literal["nothing", "refund", "debt", "carried", "vacancy"]


@dataclass(frozen=True, slots=True)
class MeterValue:
    """A register's value at a handover in millionths; ``meter`` is a serial."""

    meter: str
    register: str
    value_micro: int
    taken_at: datetime

    @property
    def body(self) -> list[object]:
        """What a repeat must say again."""
        return [self.meter, self.register, self.value_micro, self.taken_at.isoformat()]


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who moves in: a person who is known, or a new one by name."""

    person_id: int | None = None
    name: str = ""
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Onboarding:
    """Who is to move into a unit, from which local day (None: today), with which values of its meters."""

    unit_id: int
    newcomer: Newcomer
    from_on: date | None = None
    until_on: date | None = None
    readings: Sequence[MeterValue] = ()
    is_told: bool = True

    @property
    def body(self) -> list[object]:
        """What a repeat must say again."""
        return [
            "onboard",
            self.unit_id,
            asdict(self.newcomer),
            None if self.from_on is None else self.from_on.isoformat(),
            None if self.until_on is None else self.until_on.isoformat(),
            [each.body for each in self.readings],
            self.is_told,
        ]


@dataclass(frozen=True, slots=True)
class Offboarding:
    """That whoever lives in a unit is to move out, before which local day (None: today), with which values.

    What is left goes back as a refund by ``method``, or to the wallet of another unit in which
    ``carry_to_person_id`` lives; what is owed stays the leaver's debt.
    """

    unit_id: int
    until_on: date | None = None
    readings: Sequence[MeterValue] = ()
    method: str = "eft"
    reference: str = ""
    carry_to_person_id: int | None = None

    @property
    def body(self) -> list[object]:
        """What a repeat must say again."""
        return [
            "offboard",
            self.unit_id,
            None if self.until_on is None else self.until_on.isoformat(),
            [each.body for each in self.readings],
            self.method,
            self.reference,
            self.carry_to_person_id,
        ]


@dataclass(frozen=True, slots=True)
class Moved:
    """What left an account of the wallet, in micro-money: below zero it was owed; ``seq`` is the entry's."""

    account_id: int
    utility: str
    amount_micro: int
    seq: int


@dataclass(slots=True)
class Done:
    """What a handover did, as far as its undoing must know; JSON values, kept with it.

    ``into_account_id`` took what the wallet held. ``seqs`` are the newest entries of the wallet's accounts
    when it was done, ``out`` the entry by which a refund or a carried amount left again.
    """

    wallet_id: int
    person_id: int
    into_account_id: int | None = None
    moved: list[dict[str, Any]] = field(default_factory=list)
    out: list[int] | None = None
    seqs: dict[str, int] = field(default_factory=dict)
    grant_id: str | None = None
    right_before: str | None = None
    sight_before: list[Any] | None = None
    revoked: list[dict[str, Any]] = field(default_factory=list)
    until_before: str | None = None
    limit: list[Any] | None = None
    target: list[Any] | None = None
    group_id: int | None = None
    forfeited: list[list[Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a handover answers, as JSON values: money and quantities in millionths, instants as ISO 8601.

    ``outcome`` says where what was left went: ``vacancy`` is the unit's, before somebody moved in.
    """

    kind: str
    unit_id: int
    occupancy_id: int
    person_id: int
    is_new_person: bool
    wallet_id: int
    from_on: str
    until_on: str | None
    readings: list[dict[str, Any]]
    charged_micro: int
    moved: list[dict[str, Any]]
    total_micro: int
    outcome: str
    given_to: list[int]
    taken_from: list[int]
    messages: list[str]


@dataclass(frozen=True, slots=True)
class Handed:
    """A handover that was carried out, was found again, or was only tried: then it has no id."""

    handover_id: UUID | None
    shown: Shown
    is_repeat: bool = False


def outcome_of(total_micro: int, *, is_carried: bool) -> OutcomeWord:
    """Return where what a leaver's wallet held goes."""
    if total_micro == 0:
        return "nothing"
    if is_carried:
        return "carried"
    return "refund" if total_micro > 0 else "debt"


def in_undoing_order(moved: Sequence[Mapping[str, Any]], *, general: str) -> list[Mapping[str, Any]]:
    """Return what is to be given back, the general account last: else it would cover the others meanwhile."""
    return sorted(moved, key=lambda each: (each["utility"] == general, each["account_id"]))
