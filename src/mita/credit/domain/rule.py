"""An estate's lines for a utility, and how far a supply command may get. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from mita.wallets.domain import WatchLines

from .limits import LIMIT_W_MAX

COMMAND_VALID_FOR = timedelta(days=7)
# why a command failed that a later one took the place of; the words are stored
REPLACED = "another command took its place"

# from -> to; confirmed and failed are final
STATES: dict[str, frozenset[str]] = {
    "asked": frozenset({"queued", "sent", "acknowledged", "confirmed", "failed"}),
    "queued": frozenset({"sent", "acknowledged", "confirmed", "failed"}),
    "sent": frozenset({"acknowledged", "confirmed", "failed"}),
    "acknowledged": frozenset({"confirmed", "failed"}),
    "confirmed": frozenset(),
    "failed": frozenset(),
}
# a supply is switched, and held to a power, each by its own newest command
SWITCHING, LIMITING = ("off", "on"), ("limit", "lift")
OPEN_STATES = tuple(state for state, following in STATES.items() if following)


@dataclass(frozen=True, slots=True)
class Rule:
    """An estate's rule for one utility, in micro-money.

    At or below ``cut_micro`` the supply is cut, if ``is_cutting``; at or above ``restore_micro`` it returns.
    Without ``is_cutting`` the cut line is a debt limit: crossing it is told, nothing is switched. With
    ``lifeline_w`` a supply whose device can be limited is held to that power instead of being cut.
    """

    utility: str
    is_cutting: bool
    low_micro: int
    cut_micro: int
    restore_micro: int
    lifeline_w: int | None = None

    def problems(self) -> list[str]:
        """Return what is wrong with the rule, as sentences."""
        found = []
        if self.restore_micro < self.cut_micro:
            found.append("restore_line must be at or above cut_line")
        if self.low_micro < self.cut_micro:
            found.append("low_line must be at or above cut_line")
        if self.lifeline_w is not None and self.utility != "electricity":
            found.append("lifeline_w is a power: only electricity has one")
        if self.lifeline_w is not None and not 0 < self.lifeline_w <= LIMIT_W_MAX:
            found.append(f"lifeline_w must be from 1 to {LIMIT_W_MAX} watts")
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


def of_one_kind(action: str) -> tuple[str, str]:
    """Return the actions of which only the newest counts: those that switch, or those that limit."""
    return SWITCHING if action in SWITCHING else LIMITING
