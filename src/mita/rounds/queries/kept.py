"""Reads of readings by hand: rules, what was read, who was reminded, what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy import select

from mita.estates import queries as estate_queries
from mita.kit.errors import NotFound
from mita.metering import queries as metering_queries
from mita.rounds.domain import WindowRule, coming_window, late_window, month_of, rule_on
from mita.rounds.models import ManualReading, ReadingReminder, ReadingWindow
from mita.tariffs.domain import local_midnight_s

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from uuid import UUID
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterByHand
    from mita.rounds.domain import LeastRight, Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Today:
    """An estate's rule, local date and zone at an instant; no rule: only staff reads there."""

    rule: WindowRule | None
    day: date
    zone: ZoneInfo
    coming: tuple[WindowRule, ...]

    @property
    def window(self) -> Window:
        """The window that is open or comes next; where there is no rule, the month."""
        return month_of(self.day) if self.rule is None else coming_window(self.rule, day=self.day)

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The instants [from, until) of that window."""
        return span_of(self.window, zone=self.zone)

    @property
    def late_span(self) -> tuple[datetime, datetime] | None:
        """The instants [from, until) of a window that is over and whose readings are taken still."""
        found = None if self.rule is None else late_window(self.rule, day=self.day)
        return None if found is None else span_of(found, zone=self.zone)


def span_of(window: Window, *, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the instants [from, until) of a window: local midnights."""
    begin, end = (local_midnight_s(day, zone=zone) for day in (window.from_on, window.until_on))
    return _EPOCH + timedelta(seconds=begin), _EPOCH + timedelta(seconds=end)


async def today(session: AsyncSession, *, estate_id: int, now: datetime) -> Today:
    """Return by which rule an estate's residents read now, with the rules that are to come.

    :raises NotFound: if there is no such estate
    """
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    day = now.astimezone(zone).date()
    rules = await window_rules(session, estate_id=estate_id)
    coming = tuple(rule for rule in rules if rule.effective_from > day)
    return Today(rule_on(rules, day=day), day, zone, coming)


async def window_rules(session: AsyncSession, *, estate_id: int) -> list[WindowRule]:
    """Return all versions of an estate's rule in the order in which they were made."""
    statement = select(ReadingWindow).where(ReadingWindow.estate_id == estate_id)
    return [
        WindowRule(
            row.effective_from,
            row.from_day,
            row.to_day,
            cast("LeastRight", row.least_right),
            row.needs_photo,
            row.late_days,
        )
        for row in await session.scalars(statement.order_by(ReadingWindow.reading_window_id))
    ]


async def manual_readings(
    session: AsyncSession, *, estate_id: int, meter_id: int, before: UUID | None = None, limit: int = 100
) -> Sequence[ManualReading]:
    """Return what was read by hand of a meter, newest first, ``limit`` at most older than ``before``."""
    statement = select(ManualReading).where(
        ManualReading.estate_id == estate_id, ManualReading.meter_id == meter_id
    )
    if before is not None:
        statement = statement.where(ManualReading.manual_reading_id < before)
    statement = statement.order_by(ManualReading.manual_reading_id.desc())
    return (await session.scalars(statement.limit(limit))).all()


async def manual_reading(
    session: AsyncSession, *, estate_id: int, meter_id: int, manual_reading_id: UUID
) -> ManualReading:
    """Return one of a meter.

    :raises NotFound: if the meter has no such one, or not for whoever asks
    """
    found = await session.get(ManualReading, (estate_id, manual_reading_id))
    if found is None or found.meter_id != meter_id:
        raise NotFound(f"reading by hand {manual_reading_id} does not exist for meter {meter_id}")
    return found


async def read_by_residents(
    session: AsyncSession, *, estate_id: int, register_id: int, taken_at: datetime
) -> Sequence[ManualReading]:
    """Return the residents' readings of a register at an instant, the oldest first."""
    statement = select(ManualReading).where(
        ManualReading.estate_id == estate_id,
        ManualReading.register_id == register_id,
        ManualReading.taken_at == taken_at,
        ManualReading.is_by_resident,
    )
    return (await session.scalars(statement.order_by(ManualReading.manual_reading_id))).all()


async def reminded_units(session: AsyncSession, *, estate_id: int, window_on: date, stage: str) -> set[int]:
    """Return the units that were reminded of the window that begins on a date."""
    statement = select(ReadingReminder.unit_id).where(
        ReadingReminder.estate_id == estate_id,
        ReadingReminder.window_on == window_on,
        ReadingReminder.stage == stage,
    )
    return set((await session.scalars(statement)).all())


async def due_registers(
    session: AsyncSession, *, estate_id: int, span: tuple[datetime, datetime], unit_ids: Sequence[int] | None
) -> dict[int, list[RegisterByHand]]:
    """Return the registers that people read and of which no reading was taken in a span, by unit.

    ``unit_ids`` of None is every unit.
    """
    found = await metering_queries.registers_by_hand(session, estate_id=estate_id, unit_ids=unit_ids)
    done = await metering_queries.read_between(
        session,
        estate_id=estate_id,
        register_ids=[each.register_id for each in found],
        since=span[0],
        until=span[1],
    )
    due: dict[int, list[RegisterByHand]] = {}
    for each in found:
        if each.register_id not in done:
            due.setdefault(each.unit_id, []).append(each)
    return due
