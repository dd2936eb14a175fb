"""Device tokens that were issued, as the embedded broker asks the database for them."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from mita.entrypoints.ingest.faults import is_database_away
from mita.identity import queries
from mita.identity.domain import token_hash

if TYPE_CHECKING:
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

# a revoked token opens nothing after this
REMEMBERED_S = 5.0
_ENTRIES_MAX = 100_000


class IssuedTokens:
    """Tells whether a token opens the broker for a device; remembers it for a few seconds.

    While the database is away, what was known last stands; who was never seen waits outside.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._devices: dict[bytes, tuple[float, str | None]] = {}
        self._has: dict[str, tuple[float, bool]] = {}

    async def opens(self, *, device: str, token: str) -> bool:
        """Tell whether a live token was issued for the device."""
        key, now = token_hash(token), time.monotonic()
        asked_at, found = self._devices.get(key, (-REMEMBERED_S, None))
        if asked_at + REMEMBERED_S > now:
            return found == device
        try:
            async with self._database.unit_of_work(estates=[]) as session:
                principal = await queries.principal_of_device_token(session, token=token)
        except Exception as error:  # noqa: BLE001 - sorted below
            _unless_away(error)
            return found == device
        found = None if principal is None else principal.device
        if len(self._devices) >= _ENTRIES_MAX:
            self._devices.clear()
        self._devices[key] = (now, found)
        return found == device

    async def has(self, *, device: str) -> bool:
        """Tell whether the device was ever issued a token; not knowing counts as yes."""
        now = time.monotonic()
        asked_at, found = self._has.get(device, (-REMEMBERED_S, True))
        if asked_at + REMEMBERED_S > now:
            return found
        try:
            async with self._database.unit_of_work(estates=[]) as session:
                found = await queries.has_device_tokens(session, device=device)
        except Exception as error:  # noqa: BLE001 - sorted below
            _unless_away(error)
            return found
        if len(self._has) >= _ENTRIES_MAX:
            self._has.clear()
        self._has[device] = (now, found)
        return found


def _unless_away(error: Exception) -> None:
    if not is_database_away(error):
        raise error
    logger.warning("the database is away; what was known of a device stands error=%r", error)
