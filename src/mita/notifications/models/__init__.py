"""Tables of notifications."""

from .alerts import Alert
from .messages import Message

__all__ = [
    "Alert",
    "Message",
]
