"""Writes of charging, a verb per file."""

from mita.charging.operations.accrue import post_accruals, post_due_accruals, set_cadence
from mita.charging.operations.charge import charge_batch
from mita.charging.operations.lane import StaleLane, bump_lane, open_lane
from mita.charging.operations.refuse import refuse_charged_past
from mita.charging.operations.release import accept_held_reading, price_unpriced_readings
from mita.charging.operations.reverse import reverse

__all__ = [
    "StaleLane",
    "accept_held_reading",
    "bump_lane",
    "charge_batch",
    "open_lane",
    "post_accruals",
    "post_due_accruals",
    "price_unpriced_readings",
    "refuse_charged_past",
    "reverse",
    "set_cadence",
]
