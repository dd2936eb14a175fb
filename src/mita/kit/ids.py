"""Names that leave the database: time-ordered UUIDs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uuid6

if TYPE_CHECKING:
    from uuid import UUID


def new_id() -> UUID:
    """Return a UUIDv7: unique, and sorted by creation so that indexes stay dense."""
    return uuid6.uuid7()
