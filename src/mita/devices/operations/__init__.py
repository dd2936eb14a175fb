"""Writes of the registry of devices."""

from .aliases import name_devices
from .codecs import CodecInUse, change_codec, delete_codec, new_codec
from .counters import follow_counters
from .frozen import note_frozen
from .issues import set_issue_rule
from .key_counters import take_counter
from .lacks import note_switching
from .meters import note_readings
from .noting import LastWord, Noted, Passed, forget_frames, last_words, note
from .registry import (
    DeviceTaken,
    DeviceTerms,
    change_device,
    register_device,
    remove_device,
    set_secret,
    watch,
)
from .silence import note_heard
from .tasks import (
    ClockWouldCross,
    DeviceCannot,
    DeviceTaskOver,
    PricesNotForMeter,
    ask_clock,
    ask_meter_prices,
    claim_task,
    expire_tasks,
    settle_task,
    withdraw_task,
)
from .telling import write_to_staff
from .tokens import note_tokens
from .upkeep import follow_rate_tables, keep_clock

__all__ = [
    "ClockWouldCross",
    "CodecInUse",
    "DeviceCannot",
    "DeviceTaken",
    "DeviceTaskOver",
    "DeviceTerms",
    "LastWord",
    "Noted",
    "Passed",
    "PricesNotForMeter",
    "ask_clock",
    "ask_meter_prices",
    "change_codec",
    "change_device",
    "claim_task",
    "delete_codec",
    "expire_tasks",
    "follow_counters",
    "follow_rate_tables",
    "forget_frames",
    "keep_clock",
    "last_words",
    "name_devices",
    "new_codec",
    "note",
    "note_frozen",
    "note_heard",
    "note_readings",
    "note_switching",
    "note_tokens",
    "register_device",
    "remove_device",
    "set_issue_rule",
    "set_secret",
    "settle_task",
    "take_counter",
    "watch",
    "withdraw_task",
    "write_to_staff",
]
