"""Readings that devices post, over HTTP or CoAP: taken in, settled as ingest does, answered with commands."""

from .answers import Answer, BadPost, NotTaken, Refused
from .intake import Intake
from .items import BODY_BYTES_MAX, Item, split
from .orders import waiting_orders
from .proof import Signed, read_signed, signature_of, signer
from .taking import Posts

__all__ = [
    "BODY_BYTES_MAX",
    "Answer",
    "BadPost",
    "Intake",
    "Item",
    "NotTaken",
    "Posts",
    "Refused",
    "Signed",
    "read_signed",
    "signature_of",
    "signer",
    "split",
    "waiting_orders",
]
