"""The physical model: what a household's appliances and taps draw, from an hour down to a few seconds.

Floats live here and nowhere else in the simulator (kW, kWh, litres, °C). Every use of an appliance (a
shower, a boiled kettle) arrives at random with a rate that follows the household's day, joins a backlog,
and the backlog drains at the rated power or flow: so one model is right for steps of an hour and of five
seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from mita.entrypoints.demo import places
from mita.entrypoints.demo.households import DAYS_PER_YEAR, Estate, Unit
from mita.entrypoints.demo.places import HouseholdKind

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
SECONDS_PER_HOUR: Final = 3600
HOURS_PER_DAY: Final = 24
_SATURDAY: Final = 5


class Use(IntEnum):
    """What people do; the value is the row in the arrays."""

    SHOWER = 0
    TOILET = 1
    KITCHEN = 2
    LAUNDRY = 3
    GARDEN = 4
    STOVE = 5
    KETTLE = 6
    TELEVISION = 7
    FRIDGE = 8
    HEATER = 9


# Waking presence at home by hour, 0 to 9, weekday and weekend.
_RHYTHM: Final = {
    HouseholdKind.SINGLE: ("000004984111111125899852", "100000258887666567888764"),
    HouseholdKind.COUPLE: ("000005984111111126899851", "100001368887666567899864"),
    HouseholdKind.FAMILY: ("000006985322235667999840", "000001589887777778999740"),
    HouseholdKind.STUDENTS: ("421000365433334567889987", "532100024678766667888888"),
    HouseholdKind.RETIRED: ("000003788766787778999620", "000003788766787778999620"),
    HouseholdKind.VACANT: ("000000000011111100000000", "000000000000000000000000"),
}
# When in the day each use falls, before presence weighs it.
_SHAPE: Final = {
    Use.SHOWER: "000003896211111112465431",
    Use.TOILET: "333347765555555566666654",
    Use.KITCHEN: "000002554334543335787421",
    Use.LAUNDRY: "000000137886543334432000",
    Use.GARDEN: "000005740000000002573000",
    Use.STOVE: "000002431112411125986310",
    Use.KETTLE: "000003765433433334444321",
    Use.TELEVISION: "100000121111112234589985",
}
_NIGHT_PRESENCE: Final = 0.5
_WEEKEND_FACTOR: Final = 1.12
# kWh (stove, kettle, television, fridge, heater) or litres per use.
_USE_SIZE: Final = np.array([48.0, 7.5, 2.8, 62.0, 180.0, 0.55, 0.11, 0.16, 0.03, 0.4])
_WASH_KWH_PER_LITRE: Final = 0.012
_SHOWER_HOT_SHARE: Final = 0.48
_KITCHEN_HOT_SHARE: Final = 0.15
_GEYSER_C: Final = 60.0
_KWH_PER_LITRE_K: Final = 0.001163
_GEYSER_STANDING_KW: Final = 0.065
# Colder than its inlet a tank cannot become, however long the supply was off.
_GEYSER_BACKLOG_KWH_MAX: Final = 8.0
# Geyser, stove, kettle, television, fridge, heater, washing machine.
_RATED_KW: Final = np.array([3.0, 2.0, 2.1, 0.16, 0.13, 1.5, 1.1])
# Shower, toilet, kitchen, laundry, garden.
_FLOW_LITRES_PER_HOUR: Final = np.array([540.0, 360.0, 300.0, 480.0, 700.0])
_POOL_PUMP_KW: Final = 0.7
_PUMP_STARTS_HOUR: Final = 9.0
_STANDBY_VACANT_KW: Final = 0.012
_HEATING_BELOW_C: Final = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sky:
    """Local time and weather of each step."""

    hour: Floats
    weekend: NDArray[np.intp]
    day_of_year: NDArray[np.int64]
    temperature_c: Floats
    season_c: Floats
    darkness: Floats


class ApplianceModel:
    """The appliances and taps of every unit of an estate, with what is still running between steps."""

    def __init__(self, estate: Estate, *, entropy: Sequence[int]) -> None:
        self._zone = ZoneInfo(estate.time_zone)
        units = estate.units
        self._rates = np.stack([_rates_per_hour(unit) for unit in units], axis=-1)
        self._presence = np.stack([_presence(unit.kind) for unit in units], axis=-1)
        occupants = np.array([unit.occupants for unit in units], dtype=np.float64)
        lived_in = occupants > 0
        self._standby_kw = np.where(lived_in, 0.03 + 0.008 * occupants, _STANDBY_VACANT_KW)
        self._lights_kw = np.where(lived_in, 0.05 + 0.03 * occupants, 0.0)
        self._geyser_standing_kw = np.where(lived_in, _GEYSER_STANDING_KW, 0.0)
        self._pool_kw = np.array([_POOL_PUMP_KW * unit.has_pool_pump for unit in units])
        self._leak_litres_per_hour = np.array([float(unit.leak_litres_per_hour) for unit in units])
        trips = [(i, trip) for i, unit in enumerate(units) for trip in unit.trips]
        self._trip_unit = np.array([i for i, _ in trips], dtype=np.intp)
        self._trip_first = np.array([trip.first_day_of_year for _, trip in trips], dtype=np.int64)
        self._trip_days = np.array([trip.days for _, trip in trips], dtype=np.int64)
        self._electric_backlog = np.zeros((len(_RATED_KW), len(units)))
        self._water_backlog = np.zeros((len(_FLOW_LITRES_PER_HOUR), len(units)))
        # One stream per draw: then a longer run begins with exactly the shorter one.
        self._count_rng, self._size_rng, self._noise_rng = np.random.default_rng(list(entropy)).spawn(3)

    def advance(
        self, *, instants: Sequence[datetime], seconds: int, electricity_on: Bools
    ) -> tuple[Floats, Floats]:
        """Run one step of `seconds` (at most an hour) from each of `instants` (aware); return kWh and litres.

        `electricity_on` is [units]; both results are [steps, units] and never negative.
        """
        hours = seconds / SECONDS_PER_HOUR
        sky = _sky(instants, zone=self._zone, hours=hours)
        home = self._is_home(sky)
        presence = _by_hour(self._presence, sky=sky) * home
        uses = self._draw_uses(sky, presence=presence, home=home, hours=hours)
        electric = self._electric_demand(uses, sky=sky, hours=hours)
        kwh = self._steady_kw(sky, presence=presence) * hours * self._noise(shape=home.shape)
        for step in range(len(instants)):
            kwh[step] += self._drain_electric(electric[step], hours=hours, electricity_on=electricity_on)
        kwh *= electricity_on
        litres = np.empty_like(kwh)
        for step in range(len(instants)):
            litres[step] = _drain(
                self._water_backlog, demand=uses[step, : Use.STOVE], limit=_FLOW_LITRES_PER_HOUR * hours
            )
        litres += self._leak_litres_per_hour * hours
        return kwh, litres

    def _is_home(self, sky: _Sky) -> Bools:
        away = np.zeros((len(sky.hour), self._standby_kw.size), dtype=np.bool_)
        on_trip = (sky.day_of_year[:, None] - self._trip_first) % DAYS_PER_YEAR < self._trip_days
        # Two trips of one unit share a column, so a plain assignment would keep only the last.
        for column, unit in enumerate(self._trip_unit):
            away[:, unit] |= on_trip[:, column]
        return ~away

    def _draw_uses(self, sky: _Sky, *, presence: Floats, home: Bools, hours: float) -> Floats:
        """Return what begins in each step, [steps, uses, units], in kWh or litres."""
        rates = _by_hour(self._rates, sky=sky)
        fridge = rates[:, Use.FRIDGE].copy()
        rates *= home[:, None, :]
        rates[:, Use.FRIDGE] = fridge
        # People water while the rains and the heat last, October to March.
        rates[:, Use.GARDEN] *= np.clip((sky.season_c - places.TEMPERATURE_MEAN_C) / 4.0, 0.0, 1.0)[:, None]
        cold = np.clip((_HEATING_BELOW_C - sky.temperature_c) / 9.0, 0.0, 1.0)[:, None]
        rates[:, Use.HEATER] *= cold * presence
        counts = self._count_rng.poisson(rates * hours)
        sizes = _USE_SIZE[:, None] * self._size_rng.standard_gamma(8.0, size=counts.shape) / 8.0
        return np.asarray(counts * sizes, dtype=np.float64)

    def _electric_demand(self, uses: Floats, *, sky: _Sky, hours: float) -> Floats:
        """Return kWh that begin in each step, [steps, loads, units], loads in the order of `_RATED_KW`."""
        hot_litres = _SHOWER_HOT_SHARE * uses[:, Use.SHOWER] + _KITCHEN_HOT_SHARE * uses[:, Use.KITCHEN]
        kwh_per_litre = _KWH_PER_LITRE_K * (_GEYSER_C - sky.season_c)[:, None]
        geyser = hot_litres * kwh_per_litre + self._geyser_standing_kw * hours
        washing = uses[:, Use.LAUNDRY] * _WASH_KWH_PER_LITRE
        return np.concatenate([geyser[:, None], uses[:, Use.STOVE :], washing[:, None]], axis=1)

    def _drain_electric(self, demand: Floats, *, hours: float, electricity_on: Bools) -> Floats:
        # Without power nobody cooks later what was not cooked now; only the cold geyser catches up.
        demand[1:] *= electricity_on
        self._electric_backlog[1:] *= electricity_on
        limit = _RATED_KW[:, None] * hours * electricity_on
        drained = _drain(self._electric_backlog, demand=demand, limit=limit)
        np.minimum(self._electric_backlog[0], _GEYSER_BACKLOG_KWH_MAX, out=self._electric_backlog[0])
        return drained

    def _steady_kw(self, sky: _Sky, *, presence: Floats) -> Floats:
        # Pumps run longer when the water is warm: four hours in winter, eight in summer.
        pump_hours = np.clip(6.0 + 2.0 * (sky.season_c - places.TEMPERATURE_MEAN_C) / 5.0, 4.0, 8.0)
        pumping = (sky.hour >= _PUMP_STARTS_HOUR) & (sky.hour < _PUMP_STARTS_HOUR + pump_hours)
        lights = self._lights_kw * presence * sky.darkness[:, None]
        return np.asarray(self._standby_kw + lights + self._pool_kw * pumping[:, None], dtype=np.float64)

    def _noise(self, *, shape: tuple[int, ...]) -> Floats:
        return self._noise_rng.uniform(0.85, 1.15, size=shape)


def _drain(backlog: Floats, *, demand: Floats, limit: Floats) -> Floats:
    """Add demand to the backlog [rows, units] in place, take out at most the limit, return it per unit."""
    backlog += demand
    taken = np.minimum(backlog, limit if limit.ndim > 1 else limit[:, None])
    backlog -= taken
    return np.asarray(taken.sum(axis=0), dtype=np.float64)


def _presence(kind: HouseholdKind) -> Floats:
    """Return waking presence, [weekday or weekend, hour], 0 to 1."""
    return np.array([[int(digit) / 9 for digit in day] for day in _RHYTHM[kind]])


def _rates_per_hour(unit: Unit) -> Floats:
    """Return uses begun per hour, [weekday or weekend, hour, use]; the heater's while home and freezing."""
    rates = np.zeros((2, HOURS_PER_DAY, len(Use)))
    uses_per_day = _uses_per_day(unit)
    presence = _presence(unit.kind)
    for use, shape in _SHAPE.items():
        floor = _NIGHT_PRESENCE if use is Use.TOILET and unit.occupants else 0.0
        weight = np.array([int(digit) for digit in shape]) * np.maximum(presence, floor)
        # A day without anybody at home (a vacant unit's weekend) has no uses, not a division by zero.
        weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1.0)
        rates[:, :, use] = uses_per_day[use] * weight
    rates[1] *= _WEEKEND_FACTOR
    if unit.occupants:
        rates[:, :, Use.FRIDGE] = (0.035 + 0.004 * unit.occupants) / _USE_SIZE[Use.FRIDGE]
        rates[:, :, Use.HEATER] = (0.5 + 0.04 * unit.occupants) / _USE_SIZE[Use.HEATER]
    return rates * (unit.appetite_percent / 100)


def _uses_per_day(unit: Unit) -> dict[Use, float]:
    people = unit.occupants
    if not people:
        # The agent shows the unit now and then and rinses a glass.
        return dict.fromkeys(_SHAPE, 0.0) | {Use.KITCHEN: 0.4}
    return {
        Use.SHOWER: 0.95 * people,
        Use.TOILET: 5.2 * people,
        Use.KITCHEN: 20.0 + 10.0 * people,
        Use.LAUNDRY: 0.12 + 0.12 * people,
        Use.GARDEN: 0.55 * unit.has_garden,
        Use.STOVE: 1.0 + 0.45 * people,
        Use.KETTLE: 1.5 + 1.2 * people,
        Use.TELEVISION: 2.0 + 1.5 * people,
    }


def _by_hour(table: Floats, *, sky: _Sky) -> Floats:
    """Look up [weekday or weekend, hour, ...] for each step; an hour's value holds in its middle."""
    position = (sky.hour - 0.5) % HOURS_PER_DAY
    before = np.floor(position).astype(np.intp) % HOURS_PER_DAY
    share = (position - np.floor(position)).reshape(-1, *(1,) * (table.ndim - 2))
    after = (before + 1) % HOURS_PER_DAY
    return np.asarray(table[sky.weekend, before] * (1.0 - share) + table[sky.weekend, after] * share)


def _sky(instants: Sequence[datetime], *, zone: ZoneInfo, hours: float) -> _Sky:
    local = [instant.astimezone(zone) for instant in instants]
    hour = np.array([t.hour + t.minute / 60 + t.second / SECONDS_PER_HOUR for t in local]) + hours / 2
    day = np.array([t.toordinal() for t in local], dtype=np.float64)
    day_of_year = np.array([t.timetuple().tm_yday for t in local], dtype=np.int64)
    season_c = places.TEMPERATURE_MEAN_C + places.TEMPERATURE_SEASON_C * _yearly(
        day_of_year, peak=places.WARMEST_DAY_OF_YEAR
    )
    daily_c = places.TEMPERATURE_DAILY_C * np.cos(2 * np.pi * (hour - places.WARMEST_HOUR) / HOURS_PER_DAY)
    # Cold fronts pass every week or so; two waves that never line up look like weather.
    fronts_c = 1.8 * np.sin(0.83 * day) + 1.4 * np.sin(0.37 * day + 1.0)
    sun = places.SUN_SEASON_HOURS * _yearly(day_of_year, peak=places.LONGEST_DAY_OF_YEAR)
    since_dawn = hour - (places.SUNRISE_MEAN_HOUR - sun)
    until_dusk = places.SUNSET_MEAN_HOUR + sun - hour
    return _Sky(
        hour=hour,
        weekend=np.array([int(t.weekday() >= _SATURDAY) for t in local], dtype=np.intp),
        day_of_year=day_of_year,
        temperature_c=season_c + daily_c + fronts_c,
        season_c=season_c,
        darkness=np.clip(1.0 - np.minimum(since_dawn, until_dusk), 0.0, 1.0),
    )


def _yearly(day_of_year: NDArray[np.int64], *, peak: int) -> Floats:
    return np.asarray(np.cos(2 * np.pi * (day_of_year - peak) / 365.25), dtype=np.float64)
