"""Reads of the registry of devices."""

from .codecs import codec, codecs, codecs_by_id
from .devices import (
    device,
    device_named,
    devices,
    frames,
    heard_devices,
    ids_of_devices,
    issues,
    open_issues,
    state,
    states,
    uses_driver,
)
from .steps import steps
from .wired import BadField, Configured, configured, field_of, settings_with_codec, wire_device

__all__ = [
    "BadField",
    "Configured",
    "codec",
    "codecs",
    "codecs_by_id",
    "configured",
    "device",
    "device_named",
    "devices",
    "field_of",
    "frames",
    "heard_devices",
    "ids_of_devices",
    "issues",
    "open_issues",
    "settings_with_codec",
    "state",
    "states",
    "steps",
    "uses_driver",
    "wire_device",
]
