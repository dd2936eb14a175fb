"""Wallets: account codes and the lines a balance is watched against. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Standing(IntEnum):
    """Where a balance stands. Numbers are stored."""

    IN_CREDIT = 0
    LOW = 1
    OUT = 2

    @property
    def shown(self) -> str:
        """The word people and programs see."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class WatchLines:
    """The lines of one account in micro-money; None is not watched."""

    low_micro: int | None = None
    cut_micro: int | None = None
    restore_micro: int | None = None


NOT_WATCHED = WatchLines()


def standing_after(standing: Standing, *, balance_micro: int, lines: WatchLines) -> Standing:
    """Return where a balance stands now, coming from ``standing``.

    At or below the cut line it is out; from there only at or above the restore line does it return,
    so that a balance that trembles on one line does not switch a supply on and off.
    """
    if lines.cut_micro is not None and balance_micro <= lines.cut_micro:
        return Standing.OUT
    if (
        standing is Standing.OUT
        and lines.cut_micro is not None
        and lines.restore_micro is not None
        and balance_micro < lines.restore_micro
    ):
        return Standing.OUT
    if lines.low_micro is not None and balance_micro <= lines.low_micro:
        return Standing.LOW
    return Standing.IN_CREDIT


def account_code(*, wallet_id: int, utility: str) -> str:
    """Return the ledger code of a wallet's account."""
    return f"wallet:{wallet_id}:{utility}"
