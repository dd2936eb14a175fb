"""A notary for tests: the installation's own, with a key and a directory of the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.entrypoints.checkpoints import SettingsNotary, checkpoint_directory, known_keys
from mita.kit.settings import Settings
from mita.ledger import operations, queries
from mita.ledger.domain import CheckpointKind
from mita.ledger.queries import Outside, Verification
from tests.integration.world import NOW

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from mita.kit.db import Database
    from mita.ledger.domain import SignedCheckpoint


class TestNotary(SettingsNotary):
    """Signs and publishes below ``path``; ``take`` and ``verify`` are what jobs and `mita verify` do."""

    __test__ = False

    def __init__(self, path: Path, **more: object) -> None:
        self.settings = Settings(data=path, **more)
        super().__init__(self.settings)

    @property
    def directory(self):
        return checkpoint_directory(self.settings)

    async def take(
        self,
        database: Database,
        *,
        estate_id: int,
        now: datetime = NOW,
        kind: CheckpointKind = CheckpointKind.DAILY,
        period: date | None = None,
    ) -> SignedCheckpoint:
        return await operations.take_checkpoint(
            database, estate_id=estate_id, kind=kind, period=period, notary=self, now=now
        )

    async def verify(self, database: Database, *, estate_id: int, now: datetime = NOW) -> Verification:
        keys = known_keys(self.settings)
        published = self.directory.worth_checking(estate_id=estate_id, keys=keys, now=now)
        async with database.snapshot(estates=[estate_id]) as session:
            return await queries.verify(session, estate_id=estate_id, outside=Outside(published, keys, now))
