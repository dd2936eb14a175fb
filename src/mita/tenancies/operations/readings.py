"""The values of a unit's meters at a handover are charged like any others, or refuse the whole of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mita.charging import operations as charging
from mita.charging import queries as charging_queries
from mita.charging.domain.cadence import Cadence
from mita.kit.clock import to_us
from mita.kit.errors import Conflict, Invalid
from mita.kit.shapes import show_instant
from mita.ledger import operations as ledger
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingBatch, ReadingClass

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterInfo
    from mita.tenancies.domain import MeterValue

_TAKEN = frozenset({ReadingClass.FIRST, ReadingClass.CHARGED, ReadingClass.UNCHANGED, ReadingClass.DUPLICATE})


class ReadingRefused(Conflict):
    """A value of a meter was not believed, so nothing was done; ``problems`` says which and why."""

    code = "reading_refused"
    title = "A value of a meter is not believed"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the values: as JSON shows them, and what was charged, in micro-money."""

    shown: list[dict[str, Any]]
    charged_micro: int


async def take_values(
    session: AsyncSession, *, estate_id: int, unit_id: int, values: Sequence[MeterValue], now: datetime
) -> Taken:
    """Charge the values of a unit's meters; what was used up to them is posted, whatever the cadence.

    :raises Invalid: if the unit has no such meter or register
    :raises ReadingRefused: if a value is held, backwards, late, in conflict or in the future
    :raises mita.charging.operations.StaleLane: if another worker charged meanwhile (roll back and repeat)
    """
    taken = Taken([], 0)
    if values:
        infos = await _registers(session, estate_id=estate_id, unit_id=unit_id, values=values)
        await _refuse_old(session, estate_id=estate_id, infos=infos, values=values)
        taken = await charge_values(session, estate_id=estate_id, infos=infos, values=values, now=now)
    if await charging_queries.cadence(session, estate_id=estate_id) is not Cadence.EACH:
        await charging.post_accruals(session, estate_id=estate_id, now=now)
    return taken


async def charge_values(
    session: AsyncSession,
    *,
    estate_id: int,
    infos: Sequence[RegisterInfo],
    values: Sequence[MeterValue],
    now: datetime,
) -> Taken:
    """Charge values of registers in a batch of their own.

    :raises ReadingRefused: if one of them is not believed
    """
    memory = await charging_queries.new_memory(session, estate_id=estate_id)
    await ledger.ensure_entry_partition(session, period=memory.month_of(now))
    for month in sorted({each.taken_at.date().replace(day=1) for each in values}):
        await metering.ensure_reading_partition(session, month=month)
    batch = ReadingBatch(
        key=[info.key for info in infos],
        taken_s=np.array([to_us(each.taken_at) // 1_000_000 for each in values], dtype=np.int64),
        value_micro=np.array([each.value_micro for each in values], dtype=np.int64),
        source="handover",
        received_us=to_us(now),
    )
    outcome = await charging.charge_batch(session, memory=memory, batch=batch, now=now, lock_accounts=True)
    shown: list[dict[str, Any]] = []
    problems: list[dict[str, object]] = []
    for place, (info, value) in enumerate(zip(infos, values, strict=True)):
        class_, reason = outcome.reading(place)
        if class_ not in _TAKEN:
            said = reason or f"is {class_.shown}"
            problems.append({"path": f"body.readings.{place}", "message": f"{class_.shown}: {said}"})
        shown.append(
            {
                "meter": info.meter,
                "register": info.register,
                "utility": info.utility,
                "value_micro": value.value_micro,
                "taken_at": show_instant(value.taken_at),
                "class": class_.shown,
            }
        )
    if problems:
        raise ReadingRefused(f"{len(problems)} values are not believed", problems=problems)
    return Taken(shown, outcome.net_micro + outcome.tax_micro)


async def _registers(
    session: AsyncSession, *, estate_id: int, unit_id: int, values: Sequence[MeterValue]
) -> list[RegisterInfo]:
    found = await metering_queries.registers_of_units(session, estate_id=estate_id, unit_ids=[unit_id])
    known = {(info.meter, info.register): info for info in found}
    problems: list[dict[str, object]] = [
        {
            "path": f"body.readings.{place}",
            "message": f"the unit has no register {value.register!r} of that meter",
        }
        for place, value in enumerate(values)
        if (value.meter, value.register) not in known
    ]
    if problems:
        raise Invalid(str(problems[0]["message"]), problems=problems)
    if len({(value.meter, value.register) for value in values}) < len(values):
        raise Invalid("names a register twice", problems=[{"path": "body.readings"}])
    return [known[value.meter, value.register] for value in values]


async def _refuse_old(
    session: AsyncSession, *, estate_id: int, infos: Sequence[RegisterInfo], values: Sequence[MeterValue]
) -> None:
    """Refuse what was taken before the newest reading: whose the rise after it was could not be told."""
    states = await metering_queries.register_states(
        session, estate_id=estate_id, register_ids=[info.register_id for info in infos]
    )
    problems: list[dict[str, object]] = []
    for place, (info, value) in enumerate(zip(infos, values, strict=True)):
        newest_s = states[info.register_id].newest_s
        if newest_s is not None and to_us(value.taken_at) // 1_000_000 < newest_s:
            message = "was taken before the newest reading of its register"
            problems.append({"path": f"body.readings.{place}.taken_at", "message": message})
    if problems:
        raise ReadingRefused(str(problems[0]["message"]), problems=problems)
