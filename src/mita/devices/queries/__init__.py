"""Reads of the registry of devices."""

from .aliases import Holder, holders_of_aliases
from .codecs import codec, codecs, codecs_by_id
from .devices import (
    device,
    device_named,
    devices,
    frames,
    has_device_of,
    heard_devices,
    ids_of_devices,
    issues,
    open_issues,
    state,
    states,
    uses_driver,
)
from .health import (
    IssueFilter,
    IssueRow,
    devices_that_fail,
    every_issue,
    names_of_owners,
    open_counts,
    open_meter_issues,
    told_kinds,
    turns_of_devices,
)
from .steps import steps
from .tasks import DueTask, devices_that_follow_rate_tables, due_tasks, intended_prices, task, tasks
from .wired import BadField, Configured, configured, driver_settings, field_of, wire_device

__all__ = [
    "BadField",
    "Configured",
    "DueTask",
    "Holder",
    "IssueFilter",
    "IssueRow",
    "codec",
    "codecs",
    "codecs_by_id",
    "configured",
    "device",
    "device_named",
    "devices",
    "devices_that_fail",
    "devices_that_follow_rate_tables",
    "driver_settings",
    "due_tasks",
    "every_issue",
    "field_of",
    "frames",
    "has_device_of",
    "heard_devices",
    "holders_of_aliases",
    "ids_of_devices",
    "intended_prices",
    "issues",
    "names_of_owners",
    "open_counts",
    "open_issues",
    "open_meter_issues",
    "state",
    "states",
    "steps",
    "task",
    "tasks",
    "told_kinds",
    "turns_of_devices",
    "uses_driver",
    "wire_device",
]
