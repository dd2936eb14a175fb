"""Writes of sharing."""

from .explain import explain_shared
from .groups import (
    AlreadyShared,
    KeysTooLate,
    NewGroup,
    TermsIn,
    add_keys,
    add_members,
    add_sources,
    create_sharing_group,
    resettle,
)
from .look import Looked, Span, look, span_of
from .prices import SharingRefused, add_prices
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
    "add_prices",
    "add_sources",
    "create_sharing_group",
    "explain_shared",
    "look",
    "resettle",
    "settle_group",
    "span_of",
]
