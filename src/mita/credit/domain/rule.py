"""An estate's lines for a utility, and how far a supply command may get. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mita.wallets.domain import WatchLines

COMMAND_VALID_FOR = timedelta(days=7)

# from -> to; confirmed and failed are final
STATES: dict[str, frozenset[str]] = {
    "asked": frozenset({"queued", "sent", "acknowledged", "confirmed", "failed"}),
    "queued": frozenset({"sent", "acknowledged", "confirmed", "failed"}),
    "sent": frozenset({"acknowledged", "confirmed", "failed"}),
    "acknowledged": frozenset({"confirmed", "failed"}),
    "confirmed": frozenset(),
    "failed": frozenset(),
}
OPEN_STATES = tuple(state for state, following in STATES.items() if following)


@dataclass(frozen=True, slots=True)
class Rule:
    """An estate's rule for one utility, in micro-money.

    At or below ``cut_micro`` the supply is cut, if ``is_cutting``; at or above ``restore_micro`` it returns.
    Without ``is_cutting`` the cut line is a debt limit: crossing it is told, nothing is switched.
    """

    utility: str
    is_cutting: bool
    low_micro: int
    cut_micro: int
    restore_micro: int

    def problems(self) -> list[str]:
        """Return what is wrong with the rule, as sentences."""
        found = []
        if self.restore_micro < self.cut_micro:
            found.append("restore_line must be at or above cut_line")
        if self.low_micro < self.cut_micro:
            found.append("low_line must be at or above cut_line")
        return found

    @property
    def lines(self) -> WatchLines:
        """The lines that the estate's balances are watched against."""
        return WatchLines(self.low_micro, self.cut_micro, self.restore_micro)


def default_rule(utility: str) -> Rule:
    """Return the rule of an estate that has set none: nothing is cut, balances are out at zero."""
    return Rule(utility, is_cutting=False, low_micro=50_000_000, cut_micro=0, restore_micro=0)


def may_become(state: str, *, new_state: str) -> bool:
    """Tell whether a command may go from ``state`` to ``new_state``."""
    return new_state in STATES[state]
