"""Which meters stand still although they are to count: they speak, and say the same for long. Pure."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from mita.kit.money import format_micro
from mita.metering.domain import TIMELINE_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mita.metering.domain import Rest

# where nobody set it: longer than most people are away
FROZEN_DAYS = 30
# so many readings within the time, of which the newest is no older than this, or it does not speak
REPORTS_MIN = 3
FRESH = timedelta(days=3)


def frozen_meters(registers: Iterable[Rest], *, now: datetime) -> Iterator[tuple[int, str]]:
    """Yield (meter, detail) of meters all of whose registers that ever rose stand still.

    A register that never rose, such as one for export, says nothing; one that moves clears its meter. One
    whose newest reading is held or a fall is another issue.
    """
    by_meter: dict[int, list[Rest]] = defaultdict(list)
    for each in registers:
        if each.has_risen or _is_beside(each):
            by_meter[each.meter_id].append(each)
    for meter_id, counting in by_meter.items():
        if all(_stands(each, now=now) for each in counting):
            details = [
                f"{each.register} shows {_shown(each)} in every reading since {each.since:%Y-%m-%d %H:%M} UTC"
                for each in counting
            ]
            yield meter_id, "; ".join(details)


def _is_beside(register: Rest) -> bool:
    return register.class_ is not None and register.class_ > TIMELINE_MAX


def _stands(register: Rest, *, now: datetime) -> bool:
    return (
        register.since is not None
        and not _is_beside(register)
        and register.reports >= REPORTS_MIN
        and register.taken_at is not None
        and now - register.taken_at <= FRESH
    )


def _shown(register: Rest) -> str:
    return f"{format_micro(register.value_micro or 0).rstrip('0').rstrip('.')} {register.unit}"
