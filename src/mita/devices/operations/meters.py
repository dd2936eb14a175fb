"""What meters' readings say about them becomes issues, and their ends."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mita.devices import queries
from mita.devices.domain import FALLS, NEWEST, OF_READINGS, Recent, judge
from mita.kit.clock import to_us
from mita.metering import queries as metering

from .issues import IssueBook

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import NewestReadings

_REGISTERS_AT_ONCE = 5_000
_DETAILS_MAX = 3


async def note_readings(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Open and close the issues that meters' newest readings tell of; return how many are open.

    A meter that is silent, or whose device is, has no gaps beside: somebody looks for it already.
    """
    book = await IssueBook.of_meters(session, estate_id=estate_id)
    silent = set((await metering.silent_registers(session, estate_id=estate_id)).values())
    failing = await queries.devices_that_fail(session, estate_id=estate_id)
    turns = await queries.turns_of_devices(session, estate_id=estate_id)
    found: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    after_id, now_s = 0, to_us(now) // 1_000_000
    while rows := await metering.newest_readings(
        session, estate_id=estate_id, count=NEWEST, after_id=after_id, limit=_REGISTERS_AT_ONCE
    ):
        after_id = rows[-1].register_id
        for row in rows:
            open_kinds = book.open_kinds(row.meter_id)
            judged = judge(
                _recent(row, turns=turns),
                now_s=now_s,
                is_missed=row.meter_id in silent or row.device in failing,
                fell_as=next((kind for kind in FALLS if kind in open_kinds), None),
            )
            for kind, detail in judged:
                found[row.meter_id][kind].append(detail)
    # also those whose meter was removed, or is read by people now
    for meter_id in sorted(found.keys() | book.open_owners):
        for kind in OF_READINGS:
            details = found[meter_id][kind][:_DETAILS_MAX]
            await book.settle(meter_id, kind, "; ".join(details) or None, at=now)
    await book.tell(now=now)
    return sum(len(book.open_kinds(meter_id)) for meter_id in book.open_owners)


def _recent(row: NewestReadings, *, turns: Mapping[str, int]) -> Recent:
    return Recent(
        row.register,
        row.unit,
        row.taken_s,
        row.received_s,
        row.value_micro,
        row.class_,
        row.accepted_micro,
        turns.get(row.device) if row.device is not None else None,
    )
