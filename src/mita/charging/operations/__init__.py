"""Writes of charging, a verb per file."""

from mita.charging.operations.accrue import post_accruals, post_due_accruals, set_cadence
from mita.charging.operations.charge import charge_batch
from mita.charging.operations.derive import VIRTUAL_JOB
from mita.charging.operations.explain import explain_entry
from mita.charging.operations.lane import StaleLane, bump_lane, open_lane
from mita.charging.operations.notice import tell_of_rates
from mita.charging.operations.preview import (
    Comparison,
    NothingUsed,
    Preview,
    compare,
    compared_units,
    preview_unit,
)
from mita.charging.operations.release import accept_held_reading
from mita.charging.operations.rerate import (
    AssignmentEffect,
    assignment_effect,
    react_to_assignment,
    rerate_due,
)
from mita.charging.operations.reverse import reverse
from mita.charging.operations.savings import Savings, savings
from mita.charging.operations.split import Split, split_entries
from mita.charging.operations.timed import SupplySight, never_off, post_timed_charges
from mita.charging.operations.timed_marks import watch_new_meters
from mita.charging.operations.virtual import derive_virtual

__all__ = [
    "VIRTUAL_JOB",
    "AssignmentEffect",
    "Comparison",
    "NothingUsed",
    "Preview",
    "Savings",
    "Split",
    "StaleLane",
    "SupplySight",
    "accept_held_reading",
    "assignment_effect",
    "bump_lane",
    "charge_batch",
    "compare",
    "compared_units",
    "derive_virtual",
    "explain_entry",
    "never_off",
    "open_lane",
    "post_accruals",
    "post_due_accruals",
    "post_timed_charges",
    "preview_unit",
    "react_to_assignment",
    "rerate_due",
    "reverse",
    "savings",
    "set_cadence",
    "split_entries",
    "tell_of_rates",
    "watch_new_meters",
]
