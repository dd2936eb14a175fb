"""What drivers made of messages becomes a batch to charge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mita.metering.domain import ReadingBatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.drivers.wire import Told


def batch_of(readings: Sequence[Told], *, source: str, received_us: int) -> ReadingBatch:
    """Return readings off any wire as they are charged, in their order.

    ``source`` is where they came from, ``received_us`` when, in microseconds since 1970.
    """
    return ReadingBatch(
        key=[(told.meter, told.register, told.unit) for told in readings],
        taken_s=np.array([told.taken_s for told in readings], dtype=np.int64),
        value_micro=np.array([told.value_micro for told in readings], dtype=np.int64),
        source=source,
        received_us=received_us,
        resets=frozenset(row for row, told in enumerate(readings) if told.is_reset),
        temperature_centi={
            row: told.temperature_centi
            for row, told in enumerate(readings)
            if told.temperature_centi is not None
        },
    )
