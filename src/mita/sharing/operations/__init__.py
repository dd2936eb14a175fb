"""Writes of sharing."""

from .groups import (
    AlreadyShared,
    KeysTooLate,
    NewGroup,
    SharingRefused,
    TermsIn,
    add_keys,
    add_members,
    add_sources,
    create_sharing_group,
    resettle,
)
from .look import Looked, Span, look, span_of
from .settle import Settled, settle_group

__all__ = [
    "AlreadyShared",
    "KeysTooLate",
    "Looked",
    "NewGroup",
    "Settled",
    "SharingRefused",
    "Span",
    "TermsIn",
    "add_keys",
    "add_members",
    "add_sources",
    "create_sharing_group",
    "look",
    "resettle",
    "settle_group",
    "span_of",
]
