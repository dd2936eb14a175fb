"""What a device's settings say of its upkeep: its clock kept right, its prices as they are in force. Pure.

These settings are ours: the driver is not shown them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.drivers.settable import Setting

if TYPE_CHECKING:
    from collections.abc import Mapping

SYNC_CLOCK, FOLLOW_RATE_TABLE = "sync_clock", "follow_rate_table"
_OURS = {SYNC_CLOCK, FOLLOW_RATE_TABLE}
# less than the way to a device and back may take would set a clock that is right
_DRIFT_S_MIN, _DRIFT_S_MAX = 30, 3_600


@dataclass(frozen=True, slots=True)
class Upkeep:
    """``sync_clock_s``: the drift that is tolerated, None if its clock is left alone."""

    sync_clock_s: int | None = None
    follows_rate_table: bool = False


def for_driver(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a device's settings is its driver's."""
    return {name: value for name, value in settings.items() if name not in _OURS}


def upkeep(settings: Mapping[str, Any]) -> Upkeep:
    """Return what settings say that were checked by :func:`upkeep_problems`."""
    sync = settings.get(SYNC_CLOCK)
    return Upkeep(sync if type(sync) is int else None, settings.get(FOLLOW_RATE_TABLE) is True)


def upkeep_settings(*, sets_clock: bool, takes_prices: bool) -> list[Setting]:
    """Return the settings of upkeep that devices take which can have their clock set, or take prices."""
    found = []
    if sets_clock:
        words = "Its clock is set when it is so many seconds off; without it, never."
        found.append(Setting(SYNC_CLOCK, "whole", words, least=_DRIFT_S_MIN, most=_DRIFT_S_MAX))
    if takes_prices:
        words = "Whether the prices in force are written to it."
        found.append(Setting(FOLLOW_RATE_TABLE, "truth", words, default=False))
    return found


def upkeep_problems(settings: Mapping[str, Any], *, sets_clock: bool, takes_prices: bool) -> list[str]:
    """Return what is wrong with the settings of upkeep, in plain words."""
    wrong = []
    sync = settings.get(SYNC_CLOCK)
    if sync is not None and not (type(sync) is int and _DRIFT_S_MIN <= sync <= _DRIFT_S_MAX):
        wrong.append(f"the setting sync_clock is a number of seconds from {_DRIFT_S_MIN} to {_DRIFT_S_MAX}")
    elif sync is not None and not sets_clock:
        wrong.append("the setting sync_clock: the clock of such a device cannot be set from here")
    follow = settings.get(FOLLOW_RATE_TABLE, False)
    if not isinstance(follow, bool):
        wrong.append("the setting follow_rate_table is true or false")
    elif follow and not takes_prices:
        wrong.append("the setting follow_rate_table: such a device takes no prices from here")
    return wrong
