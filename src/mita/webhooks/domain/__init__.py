"""What webhooks tell, how it is signed, where it may go and when it is tried again. Pure."""

from .addresses import NO_PRIVATE, AddressRefused, AddressRules, Target, UrlRefused, parse_url
from .payload import body_of
from .signing import headers_of, key_of, new_secret, signature_header
from .topics import EXAMPLES, PING, Topic
from .tries import DELAYS_S, SPREAD_PERMILLE, TRIES_MAX, Answer, DeliveryState, Next, next_of, off_reason

__all__ = [
    "DELAYS_S",
    "EXAMPLES",
    "NO_PRIVATE",
    "PING",
    "SPREAD_PERMILLE",
    "TRIES_MAX",
    "AddressRefused",
    "AddressRules",
    "Answer",
    "DeliveryState",
    "Next",
    "Target",
    "Topic",
    "UrlRefused",
    "body_of",
    "headers_of",
    "key_of",
    "new_secret",
    "next_of",
    "off_reason",
    "parse_url",
    "signature_header",
]
