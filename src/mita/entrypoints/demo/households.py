"""The invented people of the demo: units, households, habits and meters; the same for the same seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from mita.entrypoints.demo.places import (
    CURRENCY,
    FIRST_NAMES,
    LAST_NAMES,
    PLACES,
    TIME_ZONE,
    HouseholdKind,
    Place,
)

MICRO: Final = 1_000_000
DAYS_PER_YEAR: Final = 365
# A register shows whole Wh and whole litres.
REGISTER_STEP_MICRO: Final = 1_000
LEAK_LITRES_PER_HOUR: Final = 16
# A leak in a big family would hide in the total; in a small household it shows.
LEAK_OCCUPANTS_MAX: Final = 2
TOP_UP_AMOUNTS_MICRO: Final = (50 * MICRO, 100 * MICRO, 200 * MICRO, 500 * MICRO)

_OCCUPANTS: Final = {
    HouseholdKind.SINGLE: (1, 1),
    HouseholdKind.COUPLE: (2, 2),
    HouseholdKind.FAMILY: (3, 5),
    HouseholdKind.STUDENTS: (2, 3),
    HouseholdKind.RETIRED: (1, 2),
    HouseholdKind.VACANT: (0, 0),
}
# Index into TOP_UP_AMOUNTS_MICRO: lowest and highest usual purchase.
_USUAL_AMOUNT: Final = {
    HouseholdKind.SINGLE: (1, 2),
    HouseholdKind.COUPLE: (1, 3),
    HouseholdKind.FAMILY: (2, 3),
    HouseholdKind.STUDENTS: (0, 1),
    HouseholdKind.RETIRED: (1, 2),
    HouseholdKind.VACANT: (0, 0),
}
_WAITS_UNTIL_CUT_PERCENT: Final = {
    HouseholdKind.SINGLE: 25,
    HouseholdKind.COUPLE: 15,
    HouseholdKind.FAMILY: 10,
    HouseholdKind.STUDENTS: 55,
    HouseholdKind.RETIRED: 0,
    HouseholdKind.VACANT: 100,
}
_YEAR_END_TRIP_PERCENT: Final = 35
_OTHER_TRIP_PERCENT: Final = 55


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpHabit:
    """How a resident buys credit.

    `notices_below_micro` is the balance at which they begin to think of it, None when they wait until
    the supply is cut; `delay_hours_low` and `delay_hours_cut` are the usual waking hours until they pay.
    """

    typical_amount_micro: int
    notices_below_micro: int | None
    delay_hours_low: int
    delay_hours_cut: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """Days away from home, every year: `days` local days from `first_day_of_year` (1 is 1 January)."""

    first_day_of_year: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit with its household, two meters and habits; a vacant one has no resident and no occupants.

    `opening_*_micro` are the register values before the demo begins (micro-kWh, micro-m³).
    `appetite_percent` is how much this household uses against the usual one of its kind.
    """

    name: str
    resident_name: str | None
    kind: HouseholdKind
    occupants: int
    electricity_serial: str
    water_serial: str
    opening_electricity_micro: int
    opening_water_micro: int
    top_up_habit: TopUpHabit
    appetite_percent: int
    has_pool_pump: bool
    has_garden: bool
    leak_litres_per_hour: int
    trips: tuple[Trip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """An estate of the demo; the order of `units` is the column order of every array of the simulator."""

    name: str
    currency: str
    time_zone: str
    units: tuple[Unit, ...]


def neighbourhood(*, seed: int) -> tuple[Estate, ...]:
    """Invent Willow Creek (50 units) and Oak Gardens (75 units): the same people for the same seed.

    Resident names and meter serials are unique over both estates; one unit of the 125 has a leak.

    :raises ValueError: if the seed is negative
    """
    rng = np.random.default_rng([seed, 0])
    unit_count = sum(len(place.unit_names) for place in PLACES)
    residents = _resident_names(rng, count=unit_count)
    serials = [int(number) for number in rng.choice(9_000_000, size=unit_count, replace=False)]
    kinds = [kind for place in PLACES for kind in _shuffled_kinds(rng, place=place)]
    occupants = [int(rng.integers(*_OCCUPANTS[kind], endpoint=True)) for kind in kinds]
    small = [i for i, count in enumerate(occupants) if 0 < count <= LEAK_OCCUPANTS_MAX]
    leaking = small[int(rng.integers(len(small)))]
    estates = []
    first = 0
    for place in PLACES:
        span = range(first, first + len(place.unit_names))
        lived_in = [i for i in span if occupants[i]]
        pools = {int(i) for i in rng.choice(lived_in, size=place.pool_pumps, replace=False)}
        gardens = {int(i) for i in rng.choice(lived_in, size=place.gardens, replace=False)}
        units = tuple(
            _unit(
                rng,
                name=place.unit_names[i - first],
                resident_name=residents[i],
                kind=kinds[i],
                occupants=occupants[i],
                serial=serials[i],
                has_pool_pump=i in pools,
                has_garden=i in gardens,
                leak_litres_per_hour=LEAK_LITRES_PER_HOUR if i == leaking else 0,
            )
            for i in span
        )
        estates.append(Estate(name=place.name, currency=CURRENCY, time_zone=TIME_ZONE, units=units))
        first = span.stop
    return tuple(estates)


def _unit(
    rng: np.random.Generator,
    *,
    name: str,
    resident_name: str,
    kind: HouseholdKind,
    occupants: int,
    serial: int,
    has_pool_pump: bool,
    has_garden: bool,
    leak_litres_per_hour: int,
) -> Unit:
    return Unit(
        name=name,
        resident_name=None if kind is HouseholdKind.VACANT else resident_name,
        kind=kind,
        occupants=occupants,
        electricity_serial=with_check_digit(f"014{serial + 1_000_000:07}"),
        water_serial=f"W{serial + 1_000_000:07}",
        opening_electricity_micro=int(rng.integers(2_000_000, 60_000_000)) * REGISTER_STEP_MICRO,
        opening_water_micro=int(rng.integers(100_000, 3_000_000)) * REGISTER_STEP_MICRO,
        top_up_habit=_top_up_habit(rng, kind=kind),
        appetite_percent=int(rng.integers(93, 110)),
        has_pool_pump=has_pool_pump,
        has_garden=has_garden,
        leak_litres_per_hour=leak_litres_per_hour,
        trips=_trips(rng, occupants=occupants),
    )


def _resident_names(rng: np.random.Generator, *, count: int) -> list[str]:
    pairs = rng.choice(len(FIRST_NAMES) * len(LAST_NAMES), size=count, replace=False)
    return [
        f"{FIRST_NAMES[pair % len(FIRST_NAMES)]} {LAST_NAMES[pair // len(FIRST_NAMES)]}" for pair in pairs
    ]


def _shuffled_kinds(rng: np.random.Generator, *, place: Place) -> list[HouseholdKind]:
    kinds = [kind for kind, count in place.households for _ in range(count)]
    return [kinds[i] for i in rng.permutation(len(kinds))]


def _top_up_habit(rng: np.random.Generator, *, kind: HouseholdKind) -> TopUpHabit:
    waits_until_cut = int(rng.integers(100)) < _WAITS_UNTIL_CUT_PERCENT[kind]
    notices_below_micro = int(rng.integers(2, 9)) * 10 * MICRO
    amount_index = int(rng.integers(*_USUAL_AMOUNT[kind], endpoint=True))
    return TopUpHabit(
        typical_amount_micro=TOP_UP_AMOUNTS_MICRO[amount_index],
        notices_below_micro=None if waits_until_cut else notices_below_micro,
        delay_hours_low=int(rng.integers(4, 25)),
        delay_hours_cut=int(rng.integers(1, 4)),
    )


def _trips(rng: np.random.Generator, *, occupants: int) -> tuple[Trip, ...]:
    # Bigger households travel in the long school holidays; a single takes a few days.
    days_max = 3 + 2 * occupants
    trips = []
    if int(rng.integers(100)) < _YEAR_END_TRIP_PERCENT:
        first = int(rng.integers(350, 360))
        trips.append(Trip(first_day_of_year=first, days=int(rng.integers(3, days_max + 1))))
    if int(rng.integers(100)) < _OTHER_TRIP_PERCENT:
        first = int(rng.integers(20, 320))
        trips.append(Trip(first_day_of_year=first, days=int(rng.integers(2, days_max + 1))))
    return tuple(trips) if occupants else ()


def with_check_digit(digits: str) -> str:
    """Append the Luhn check digit that meter numbers end in.

    :raises ValueError: if a character is not a digit
    """
    return digits + str(-_luhn_sum([int(digit) for digit in reversed(digits)]) % 10)


def _luhn_sum(reversed_digits: Sequence[int]) -> int:
    doubled = sum(sum(divmod(2 * digit, 10)) for digit in reversed_digits[0::2])
    return doubled + sum(reversed_digits[1::2])
