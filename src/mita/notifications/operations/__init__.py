"""Writes of notifications."""

from .alerts import mark_seen, raise_alert, resolve_alerts, resolve_kinds, resolve_outdated
from .messages import NotDelivered, Post, deliver_message, queue_message

__all__ = [
    "NotDelivered",
    "Post",
    "deliver_message",
    "mark_seen",
    "queue_message",
    "raise_alert",
    "resolve_alerts",
    "resolve_kinds",
    "resolve_outdated",
]
