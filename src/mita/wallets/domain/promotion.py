"""Promotional credit is spent before any other money, and what is left of it expires. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class Promoted:
    """Promotional credit on one account, granted by entry ``granted_seq``.

    It pays what happened before ``expires_at``, and no entry after ``ended_seq`` (None: it has not ended).
    """

    promotion_id: UUID
    amount_micro: int
    granted_seq: int
    expires_at: datetime
    ended_seq: int | None = None

    def may_pay(self, charged: Charged) -> bool:
        """Tell whether a charge can be paid from it."""
        return (
            self.granted_seq < charged.seq
            and (self.ended_seq is None or charged.seq <= self.ended_seq)
            and charged.event_at < self.expires_at
        )


@dataclass(frozen=True, slots=True)
class Charged:
    """What was charged to the account by an entry, in micro-money; a correction may give back (minus)."""

    seq: int
    event_at: datetime
    amount_micro: int


def spent_micro(promotions: Sequence[Promoted], *, charged: Sequence[Charged]) -> dict[UUID, int]:
    """Return how much of each promotion is spent: by the charges in order, what expires first is spent first.

    What a correction gives back is first the other money that was charged meanwhile, then the promotions' in
    the other direction.
    """
    spent = {each.promotion_id: 0 for each in promotions}
    other = 0
    by_expiry = sorted(promotions, key=lambda each: (each.expires_at, each.granted_seq, each.promotion_id))
    for charge in sorted(charged, key=lambda each: (each.seq, each.event_at)):
        able = [each for each in by_expiry if each.may_pay(charge)]
        if charge.amount_micro >= 0:
            other += _spend(spent, able, charge.amount_micro)
        else:
            back = min(other, -charge.amount_micro)
            other -= back
            _unspend(spent, able[::-1], -charge.amount_micro - back)
    return spent


def _spend(spent: dict[UUID, int], able: Sequence[Promoted], amount_micro: int) -> int:
    """Take an amount from promotions; return what they do not hold."""
    rest = amount_micro
    for each in able:
        part = min(rest, each.amount_micro - spent[each.promotion_id])
        spent[each.promotion_id] += part
        rest -= part
    return rest


def _unspend(spent: dict[UUID, int], able: Sequence[Promoted], amount_micro: int) -> None:
    rest = amount_micro
    for each in able:
        part = min(rest, spent[each.promotion_id])
        spent[each.promotion_id] -= part
        rest -= part


def that_matter(promotions: Sequence[Promoted], *, of: Sequence[Promoted]) -> list[Promoted]:
    """Return ``of`` and every promotion that shared the charges of one of them, also through others."""
    found = {each.promotion_id: each for each in of}
    while True:
        since = min((each.granted_seq for each in found.values()), default=0)
        more = [
            each
            for each in promotions
            if each.promotion_id not in found and (each.ended_seq is None or each.ended_seq > since)
        ]
        if not found or not more:
            return sorted(found.values(), key=lambda each: each.granted_seq)
        found |= {each.promotion_id: each for each in more}
