"""What a meter should show by now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.metering.domain import Limits


@dataclass(frozen=True, slots=True)
class Expected:
    """Between which values a register should stand, in millionths; no ``high_micro``: nothing says so."""

    low_micro: int
    high_micro: int | None


def expected_value(newest: Sequence[tuple[int, int]], *, limits: Limits, at_s: int) -> Expected | None:
    """Return what a register should show at an instant, None before its first reading.

    ``newest`` are (taken_s, value_micro) of its last readings on the timeline, the newest first. From half to
    twice of what it rose at in between; never more than the meter's limits let pass.
    """
    if not newest:
        return None
    taken_s, value_micro = newest[0]
    elapsed_s = max(at_s - taken_s, 0)
    most = limits.allowed_micro(elapsed_s) if limits.max_rate_micro is not None else None
    if len(newest) == 1:
        return Expected(value_micro, None if most is None else value_micro + most)
    before_s, before_micro = newest[-1]
    usual = (value_micro - before_micro) * elapsed_s // max(taken_s - before_s, 1)
    high = 2 * usual if most is None else min(2 * usual, most)
    return Expected(value_micro + min(usual // 2, high), value_micro + high)
