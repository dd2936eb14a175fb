"""Reads of handovers, and what is searched for."""

from mita.tenancies.queries.handovers import (
    handover,
    handover_of_key,
    handovers,
    newest_handover,
    undo_of,
)
from mita.tenancies.queries.search import Found, search
from mita.tenancies.queries.vacancy import timed_costs

__all__ = [
    "Found",
    "handover",
    "handover_of_key",
    "handovers",
    "newest_handover",
    "search",
    "timed_costs",
    "undo_of",
]
