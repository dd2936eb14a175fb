"""Reads of notifications."""

from .alerts import alert, alerts, open_counts, open_subjects
from .messages import due_messages, messages
from .push import current_push_key, subscribed, subscription, subscriptions

__all__ = [
    "alert",
    "alerts",
    "current_push_key",
    "due_messages",
    "messages",
    "open_counts",
    "open_subjects",
    "subscribed",
    "subscription",
    "subscriptions",
]
