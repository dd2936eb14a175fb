"""The charging lanes of this process, one for each estate that sent readings."""

from datetime import datetime

from mita.charging.domain.outcome import Outcome
from mita.entrypoints.lane import Lane
from mita.kit.db import Database
from mita.metering.domain import ReadingBatch


class Lanes:
    """Charges batches of any estate; those of one estate in the order in which they came."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lanes: dict[int, Lane] = {}

    async def charge(self, batch: ReadingBatch, *, estate_id: int, now: datetime) -> Outcome:
        """Charge a batch of one estate durably.

        :raises mita.charging.operations.StaleLane: if other processes were faster again and again
        """
        if estate_id not in self._lanes:
            self._lanes[estate_id] = Lane(self._database, estate_id=estate_id)
        return await self._lanes[estate_id].charge(batch, now=now)
