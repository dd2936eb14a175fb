"""What charging tells the other features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ReadingsCharged:
    """A batch or timed charges were booked; ``unit_ids`` are the units whose balance moved.

    ``spent_micro`` is what wallets with a spending limit paid, by wallet id; minus is given back.
    """

    name: ClassVar[str] = "charging.readings.charged"
    estate_id: int
    unit_ids: tuple[int, ...]
    spent_micro: dict[int, int]


@dataclass(frozen=True, slots=True)
class ReadingsStored:
    """A batch brought readings that are stored now, charged or held; arrays of equal length.

    ``register_ids``, times in whole seconds since 1970, values in millionths, numbers of reading classes.
    """

    name: ClassVar[str] = "charging.readings.stored"
    estate_id: int
    register_ids: NDArray[np.int64]
    taken_s: NDArray[np.int64]
    values_micro: NDArray[np.int64]
    classes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class HeldReadingAccepted:
    """A person accepted a held reading; ``amount_micro`` is what that cost, tax included."""

    name: ClassVar[str] = "charging.reading.accepted"
    estate_id: int
    register_id: int
    taken_at: datetime
    amount_micro: int
