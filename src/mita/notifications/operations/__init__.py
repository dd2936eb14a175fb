"""Writes of notifications."""

from .alerts import mark_seen, raise_alert, resolve_alerts, resolve_kinds, resolve_outdated
from .delivering import deliver_message
from .messages import NotDelivered, Post, queue_message
from .push import forget_browsers, push_alert, push_key, push_test, subscribe, unsubscribe

__all__ = [
    "NotDelivered",
    "Post",
    "deliver_message",
    "forget_browsers",
    "mark_seen",
    "push_alert",
    "push_key",
    "push_test",
    "queue_message",
    "raise_alert",
    "resolve_alerts",
    "resolve_kinds",
    "resolve_outdated",
    "subscribe",
    "unsubscribe",
]
