"""Writes of the registry of devices."""

from .codecs import CodecInUse, change_codec, delete_codec, new_codec
from .counters import follow_counters
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
    "follow_counters",
    "forget_frames",
    "last_words",
    "new_codec",
    "note",
    "note_silence",
    "register_device",
    "remove_device",
    "set_secret",
    "take_counter",
    "watch",
]
