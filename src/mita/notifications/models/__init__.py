"""Tables of notifications."""

from .alerts import Alert
from .messages import Message
from .push import PushKey, PushSubscription

__all__ = [
    "Alert",
    "Message",
    "PushKey",
    "PushSubscription",
]
