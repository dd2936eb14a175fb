"""Reads of notifications."""

from .alerts import alert, alerts, open_count, open_subjects
from .messages import due_messages, messages

__all__ = [
    "alert",
    "alerts",
    "due_messages",
    "messages",
    "open_count",
    "open_subjects",
]
