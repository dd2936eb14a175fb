"""Writes of charging, a verb per file."""

from mita.charging.operations.charge import charge_batch
from mita.charging.operations.lane import StaleLane, bump_lane, open_lane
from mita.charging.operations.refuse import refuse_charged_past
from mita.charging.operations.release import accept_held_reading, price_unpriced_readings

__all__ = [
    "StaleLane",
    "accept_held_reading",
    "bump_lane",
    "charge_batch",
    "open_lane",
    "price_unpriced_readings",
    "refuse_charged_past",
]
