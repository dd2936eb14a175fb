"""The demo's simulator: two estates of believable people, their months of history, and their meters live.

Pure and deterministic: the same seed gives the same people, readings and purchases. Arrays are [.., units] in
the order of `Estate.units`; registers are cumulative int64 millionths (micro-kWh, micro-m³), and show whole
Wh and whole litres.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mita.entrypoints.demo.appliances import SECONDS_PER_HOUR, ApplianceModel, Bools, Floats
from mita.entrypoints.demo.households import (
    REGISTER_STEP_MICRO,
    Estate,
    TopUpHabit,
    Trip,
    Unit,
    neighbourhood,
)
from mita.entrypoints.demo.places import HouseholdKind
from mita.entrypoints.demo.residents import UTILITIES, Utility, top_ups

__all__ = [
    "UTILITIES",
    "Estate",
    "History",
    "HouseholdKind",
    "Live",
    "TopUpHabit",
    "Trip",
    "Unit",
    "Utility",
    "history",
    "neighbourhood",
    "top_ups",
]

Registers = NDArray[np.int64]
# A year of hours at once would need hundreds of megabytes; a month does not.
_CHUNK_HOURS: Final = 744
_WH_PER_KWH: Final = 1000
_HISTORY_STREAM: Final = 1
_LIVE_STREAM: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Register values at every hour: both arrays are [hours + 1, units], row h at `start` + h hours."""

    start: datetime
    electricity_micro: Registers
    water_micro: Registers


def history(estate: Estate, *, start: datetime, hours: int, seed: int) -> History:
    """Simulate `hours` whole hours from `start`, nobody cut off; the first row is the opening values.

    A longer history from the same start begins with the shorter one.

    :raises ValueError: if `start` is not a whole hour in UTC, or `hours` or `seed` is negative
    """
    _check_utc(start)
    if start.minute or start.second or start.microsecond:
        raise ValueError(f"start must be a whole hour, got {start}")
    if hours < 0:
        raise ValueError(f"hours must not be negative, got {hours}")
    model = ApplianceModel(estate, entropy=[seed, _HISTORY_STREAM, crc32(estate.name.encode())])
    everybody_on = np.ones(len(estate.units), dtype=np.bool_)
    meters = _Meters(estate)
    rows = [meters.values()]
    for first in range(0, hours, _CHUNK_HOURS):
        instants = [start + timedelta(hours=h) for h in range(first, min(first + _CHUNK_HOURS, hours))]
        kwh, litres = model.advance(instants=instants, seconds=SECONDS_PER_HOUR, electricity_on=everybody_on)
        for hour in range(len(instants)):
            meters.count(kwh=kwh[hour], litres=litres[hour])
            rows.append(meters.values())
    electricity_micro, water_micro = (np.stack(column) for column in zip(*rows, strict=True))
    return History(start=start, electricity_micro=electricity_micro, water_micro=water_micro)


class Live:
    """The meters of an estate from `start` on, step by step; the caller decides how fast time passes.

    `electricity_micro` and `water_micro` are the register values at `start`, [units]; usually the last row of
    a `History`. The draws depend on the seed and on `start`: a demo restarted later does not repeat itself.

    :raises ValueError: if `start` is not in UTC or a register array does not have one value per unit
    """

    def __init__(
        self,
        estate: Estate,
        *,
        start: datetime,
        electricity_micro: Registers,
        water_micro: Registers,
        seed: int,
    ) -> None:
        _check_utc(start)
        entropy = [seed, _LIVE_STREAM, crc32(estate.name.encode()), int(start.timestamp())]
        self._model = ApplianceModel(estate, entropy=entropy)
        self._meters = _Meters(estate, electricity_micro=electricity_micro, water_micro=water_micro)
        self._unit_count = len(estate.units)

    def step(self, *, now: datetime, seconds: int, electricity_on: Bools) -> tuple[Registers, Registers]:
        """Let `seconds` of simulated time pass from `now`; return electricity and water registers, [units].

        A unit whose entry in `electricity_on` is False uses no electricity; its water runs on.

        :raises ValueError: if `now` is naive, `seconds` is negative, or `electricity_on` is not bool [units]
        """
        if now.tzinfo is None:
            raise ValueError("now must be aware")
        if seconds < 0:
            raise ValueError(f"seconds must not be negative, got {seconds}")
        if electricity_on.shape != (self._unit_count,) or electricity_on.dtype != np.bool_:
            raise ValueError(f"electricity_on must be bool of shape ({self._unit_count},)")
        whole_hours, rest = divmod(seconds, SECONDS_PER_HOUR)
        hourly = [now + timedelta(hours=h) for h in range(whole_hours)]
        self._run(hourly, seconds=SECONDS_PER_HOUR, electricity_on=electricity_on)
        if rest:
            last = [now + timedelta(hours=whole_hours)]
            self._run(last, seconds=rest, electricity_on=electricity_on)
        return self._meters.values()

    def _run(self, instants: Sequence[datetime], *, seconds: int, electricity_on: Bools) -> None:
        if not instants:
            return
        kwh, litres = self._model.advance(instants=instants, seconds=seconds, electricity_on=electricity_on)
        self._meters.count(kwh=kwh.sum(axis=0), litres=litres.sum(axis=0))


class _Meters:
    """Turns what flowed into whole Wh and litres on the registers, and keeps the rest for the next count."""

    def __init__(
        self,
        estate: Estate,
        *,
        electricity_micro: Registers | None = None,
        water_micro: Registers | None = None,
    ) -> None:
        if electricity_micro is None:
            electricity_micro = np.array([unit.opening_electricity_micro for unit in estate.units])
        if water_micro is None:
            water_micro = np.array([unit.opening_water_micro for unit in estate.units])
        if electricity_micro.shape != (len(estate.units),) or water_micro.shape != (len(estate.units),):
            raise ValueError("register arrays must have one value per unit")
        self._registers = np.stack([electricity_micro, water_micro]).astype(np.int64)
        self._rest = np.zeros(self._registers.shape)

    def count(self, *, kwh: Floats, litres: Floats) -> None:
        self._rest[0] += kwh * _WH_PER_KWH
        self._rest[1] += litres
        whole = np.floor(self._rest)
        self._rest -= whole
        self._registers += whole.astype(np.int64) * REGISTER_STEP_MICRO

    def values(self) -> tuple[Registers, Registers]:
        return self._registers[0].copy(), self._registers[1].copy()


def _check_utc(instant: datetime) -> None:
    if instant.utcoffset() != timedelta(0):
        raise ValueError(f"expected a time in UTC, got {instant}")
