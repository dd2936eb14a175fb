"""Why a supply is held to a power, and whether a device holds it to what was asked. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

LIMIT_W_MAX = 10_000_000


class LimitCause(StrEnum):
    """What limits a supply. The words are stored."""

    BALANCE = "balance"
    STAFF = "staff"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Limit:
    """That a supply is to be held to a power, why, who said so, and when that ends by itself."""

    cause: LimitCause
    limit_w: int
    reason: str
    set_by: str
    until: datetime | None = None


def lowest(limits_w: Iterable[int]) -> int | None:
    """Return what several limits hold a supply to; None is to nothing."""
    return min(limits_w, default=None)


def is_held_to(asked_w: int | None, *, said_w: int | None, step_w: int = 1) -> bool:
    """Tell whether what a device says that it holds a supply to is what was asked of it; None is nothing.

    ``step_w`` is how finely it can say so: one that counts in steps of 230 W and was asked for 1,500 W holds
    1,380 W. It never holds to more than was asked.
    """
    if asked_w is None or said_w is None:
        return asked_w is said_w
    return said_w <= asked_w < said_w + step_w
