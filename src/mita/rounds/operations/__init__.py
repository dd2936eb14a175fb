"""Writes of readings by hand: rules, photos, readings, reminders."""

from mita.rounds.operations.photos import PHOTO_TYPES, PhotoRefused, store_photo
from mita.rounds.operations.readers import Reader, ReadingWindowClosed, reader_of
from mita.rounds.operations.reading import HandReading, TakenByHand, take_reading
from mita.rounds.operations.reminders import end_reminders, remind_residents
from mita.rounds.operations.rules import set_window_rule
from mita.rounds.operations.tell import tell_of_acceptance

__all__ = [
    "PHOTO_TYPES",
    "HandReading",
    "PhotoRefused",
    "Reader",
    "ReadingWindowClosed",
    "TakenByHand",
    "end_reminders",
    "reader_of",
    "remind_residents",
    "set_window_rule",
    "store_photo",
    "take_reading",
    "tell_of_acceptance",
]
