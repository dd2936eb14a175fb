"""When residents notice that credit runs low, and what they buy. Integers only; the caller brings chance."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from mita.entrypoints.demo.households import (
    DAYS_PER_YEAR,
    MICRO,
    TOP_UP_AMOUNTS_MICRO,
    Estate,
    TopUpHabit,
    Unit,
)

Utility = Literal["electricity", "water"]
UTILITIES: Final[tuple[Utility, ...]] = ("electricity", "water")

_SECONDS_PER_HOUR: Final = 3600
_MORNING_HOUR: Final = 6
_NIGHT_HOUR: Final = 22
# Somebody still wakes up in the dark and pays by phone.
_NIGHT_DELAY_FACTOR: Final = 10
_AWAY_DELAY_FACTOR: Final = 6
# A unit with credit that is off was cut for another reason: buying more would not bring the supply back.
_CREDIT_ENOUGH_MICRO: Final = 50 * MICRO
_LARGE_PURCHASE_STEP_MICRO: Final = 100 * MICRO
_USUAL_PERCENT: Final = 70
_LESS_PERCENT: Final = 15


def top_ups(
    estate: Estate,
    *,
    balances_micro: Mapping[Utility, NDArray[np.int64]],
    supply_on: Mapping[Utility, NDArray[np.bool_]],
    now: datetime,
    rng: np.random.Generator,
    seconds: int = _SECONDS_PER_HOUR,
) -> list[tuple[int, Utility, int]]:
    """Return the top-ups bought in the `seconds` of simulated time since the last call, by unit and utility.

    `balances_micro` and `supply_on` hold one [units] array per prepaid utility; a utility left out is not
    bought. A purchase counts as booked before the next call, else the resident buys twice. Delays are random
    around the habit, ten times longer at night; a purchase always clears a debt. Vacant units buy nothing.

    :raises ValueError: if `now` is naive or an array does not have one value per unit
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    local = now.astimezone(ZoneInfo(estate.time_zone))
    bought = []
    for utility in UTILITIES:
        if utility not in balances_micro:
            continue
        balances, on = balances_micro[utility], supply_on[utility]
        if balances.shape != (len(estate.units),) or on.shape != balances.shape:
            raise ValueError(f"{utility}: one value per unit expected, got {balances.shape} and {on.shape}")
        for i, unit in enumerate(estate.units):
            # Both are drawn for everybody, so one unit's balance does not change the luck of the others.
            luck, mood = int(rng.integers(2**31)), int(rng.integers(100))
            delay_hours = _delay_hours(unit, balance_micro=int(balances[i]), is_on=bool(on[i]), local=local)
            if delay_hours is not None and luck % (delay_hours * _SECONDS_PER_HOUR) < seconds:
                amount_micro = _amount_micro(
                    unit.top_up_habit, utility=utility, balance_micro=int(balances[i]), mood=mood
                )
                bought.append((i, utility, amount_micro))
    return bought


def _delay_hours(unit: Unit, *, balance_micro: int, is_on: bool, local: datetime) -> int | None:
    """Return the usual hours until this resident buys, None when nothing makes them."""
    habit = unit.top_up_habit
    if not unit.occupants:
        return None
    if not is_on and balance_micro < _CREDIT_ENOUGH_MICRO:
        hours = habit.delay_hours_cut
    elif is_on and habit.notices_below_micro is not None and balance_micro < habit.notices_below_micro:
        hours = habit.delay_hours_low
    else:
        return None
    if not _MORNING_HOUR <= local.hour < _NIGHT_HOUR:
        hours *= _NIGHT_DELAY_FACTOR
    return hours * _AWAY_DELAY_FACTOR if _is_away(unit, local=local) else hours


def _is_away(unit: Unit, *, local: datetime) -> bool:
    day = local.timetuple().tm_yday
    return any((day - trip.first_day_of_year) % DAYS_PER_YEAR < trip.days for trip in unit.trips)


def _amount_micro(habit: TopUpHabit, *, utility: Utility, balance_micro: int, mood: int) -> int:
    index = TOP_UP_AMOUNTS_MICRO.index(habit.typical_amount_micro)
    if mood >= _USUAL_PERCENT:
        index += -1 if mood < _USUAL_PERCENT + _LESS_PERCENT else 1
    # Water costs a household about a third of what electricity does.
    index -= utility == "water"
    index = min(max(index, 0), len(TOP_UP_AMOUNTS_MICRO) - 1)
    for amount_micro in TOP_UP_AMOUNTS_MICRO[index:]:
        if balance_micro + amount_micro > 0:
            return amount_micro
    return (-balance_micro // _LARGE_PURCHASE_STEP_MICRO + 1) * _LARGE_PURCHASE_STEP_MICRO
