"""An estate's rules for its books. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LedgerLimits:
    """How much one person may adjust alone, and how long money may stand on a clearing account."""

    adjustment_limit_micro: int = 0
    clearing_due_hours: int = 72
