"""Reads of rounds: the meters that people read, in the order in which one walks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.clock import to_us
from mita.metering import queries as metering_queries
from mita.rounds.domain import Expected, expected_value, in_walking_order
from mita.rounds.queries.kept import today

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.domain import Limits
    from mita.rounds.domain import Window

_UNITS_MAX = 1_000_000
# how far back one looks for what is usual
_NEWEST = 6


@dataclass(frozen=True, slots=True)
class RoundRegister:
    """A register of a round: its last value in millionths, and what it should show now."""

    register_id: int
    register: str
    limits: Limits
    is_done: bool
    last_s: int | None = None
    last_micro: int | None = None
    expected: Expected | None = None


@dataclass(frozen=True, slots=True)
class RoundMeter:
    """A meter of a round; it is done when all its registers are."""

    unit_id: int
    unit: str
    door: str
    meter_id: int
    meter: str
    utility: str
    registers: tuple[RoundRegister, ...]

    @property
    def is_done(self) -> bool:
        """Whether somebody has read all of it."""
        return all(each.is_done for each in self.registers)


@dataclass(frozen=True, slots=True)
class Walk:
    """A round: its local dates, and its meters in walking order, without what they said."""

    window: Window
    meters: tuple[RoundMeter, ...]

    @property
    def done(self) -> int:
        """How many meters are done."""
        return sum(1 for each in self.meters if each.is_done)

    def after(self, meter_id: int) -> tuple[RoundMeter, ...]:
        """Return the meters behind one of them; behind none of them are all."""
        place = next((place for place, each in enumerate(self.meters, 1) if each.meter_id == meter_id), 0)
        return self.meters[place:]


async def walk(session: AsyncSession, *, estate_id: int, now: datetime) -> Walk:
    """Return an estate's round: of the reading window that is open or next, else of the month.

    :raises mita.kit.errors.NotFound: if there is no such estate
    """
    when = await today(session, estate_id=estate_id, now=now)
    units = await estate_queries.units(session, estate_id=estate_id, limit=_UNITS_MAX)
    by_id = {unit.unit_id: unit for unit in units}
    found = [
        each
        for each in await metering_queries.registers_by_hand(session, estate_id=estate_id)
        if each.unit_id in by_id
    ]
    since, until = when.span
    done = await metering_queries.read_between(
        session,
        estate_id=estate_id,
        register_ids=[each.register_id for each in found],
        since=since,
        until=until,
    )
    meters = []
    for meter_id, group in groupby(found, key=lambda each: each.meter_id):
        registers = list(group)
        first, unit = registers[0], by_id[registers[0].unit_id]
        parts = tuple(
            RoundRegister(each.register_id, each.register, each.limits, each.register_id in done)
            for each in registers
        )
        meters.append(
            RoundMeter(unit.unit_id, unit.name, unit.door, meter_id, first.meter, first.utility, parts)
        )
    ordered = in_walking_order(meters, name=lambda each: each.unit, number=lambda each: each.meter_id)
    return Walk(when.window, tuple(ordered))


async def with_values(
    session: AsyncSession, *, estate_id: int, meters: Sequence[RoundMeter], now: datetime
) -> list[RoundMeter]:
    """Return meters of a round with what their registers said last and should say now."""
    newest = await metering_queries.newest_values(
        session,
        estate_id=estate_id,
        register_ids=[each.register_id for meter in meters for each in meter.registers],
        count=_NEWEST,
    )
    at_s = to_us(now) // 1_000_000
    return [
        replace(
            meter,
            registers=tuple(
                _known(each, newest=newest.get(each.register_id, []), at_s=at_s) for each in meter.registers
            ),
        )
        for meter in meters
    ]


def _known(register: RoundRegister, *, newest: Sequence[tuple[int, int]], at_s: int) -> RoundRegister:
    if not newest:
        return register
    last_s, last_micro = newest[0]
    return replace(
        register,
        last_s=last_s,
        last_micro=last_micro,
        expected=expected_value(newest, limits=register.limits, at_s=at_s),
    )
