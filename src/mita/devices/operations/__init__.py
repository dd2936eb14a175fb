"""Writes of the registry of devices."""

from .codecs import CodecInUse, change_codec, delete_codec, new_codec
from .issues import set_issue_rule
from .meters import note_readings
from .noting import LastWord, Noted, Passed, forget_frames, last_words, note
from .registry import (
    DeviceTaken,
    DeviceTerms,
    change_device,
    register_device,
    remove_device,
    set_secret,
    take_counter,
    watch,
)
from .silence import note_silence
from .telling import write_to_staff
from .tokens import note_tokens

__all__ = [
    "CodecInUse",
    "DeviceTaken",
    "DeviceTerms",
    "LastWord",
    "Noted",
    "Passed",
    "change_codec",
    "change_device",
    "delete_codec",
    "forget_frames",
    "last_words",
    "new_codec",
    "note",
    "note_readings",
    "note_silence",
    "note_tokens",
    "register_device",
    "remove_device",
    "set_issue_rule",
    "set_secret",
    "take_counter",
    "watch",
    "write_to_staff",
]
