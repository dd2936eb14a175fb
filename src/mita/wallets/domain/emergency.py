"""Emergency credit: who may draw it and when; how it and a debt are paid back out of top-ups. Pure."""

from __future__ import annotations

from dataclasses import dataclass

WHO = ("staff", "manage", "top_up")


@dataclass(frozen=True, slots=True)
class Emergency:
    """An estate's rule: how much is drawn at once, and who may: staff, or the holder of a right."""

    is_on: bool = False
    amount_micro: int = 0
    who: str = "staff"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What becomes of a top-up: emergency credit repaid, debt recovered, and the rest for the wallet."""

    repaid_micro: int
    recovered_micro: int
    rest_micro: int


def divide_receipt(
    amount_micro: int, *, emergency_micro: int, debt_micro: int, percent_of_top_ups: int
) -> Receipt:
    """Return how a top-up is divided; ``emergency_micro`` and ``debt_micro`` are owed, not below zero.

    Emergency credit is repaid first. Of what is left a percentage recovers the debt, rounded half up.
    """
    assert min(amount_micro, emergency_micro, debt_micro) >= 0, "what comes in and what is owed count upwards"
    repaid = min(amount_micro, emergency_micro)
    left = amount_micro - repaid
    recovered = min(debt_micro, (left * percent_of_top_ups + 50) // 100)
    return Receipt(repaid, recovered, left - recovered)
