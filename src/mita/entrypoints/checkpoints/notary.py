"""The notary of an installation, as its settings say."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

from mita.entrypoints.checkpoints.directory import CheckpointDirectory
from mita.entrypoints.checkpoints.key import SigningKey, load_key, make_key
from mita.entrypoints.checkpoints.s3 import LockedBucket
from mita.ledger.operations import NotPublished

if TYPE_CHECKING:
    from pathlib import Path

    from mita.kit.settings import Settings
    from mita.ledger.domain import SignedCheckpoint, VerifierKey

_KEY_FILE = "checkpoint.key"


class SettingsNotary:
    """Signs with the installation's key; publishes to its directory and, if it has one, its bucket."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @cached_property
    def signer(self) -> SigningKey:
        """The installation's key; the first look makes it, unless the setting names one.

        :raises NotPublished: if it cannot be used
        """
        path = _key_path(self._settings)
        if self._settings.checkpoint_key is None:
            try:
                make_key(path)
            except OSError as error:
                raise NotPublished(f"the key of checkpoints cannot be made: {error}") from error
        return load_key(path, name=self._settings.checkpoint_origin)

    async def publish(self, signed: SignedCheckpoint) -> None:
        """Store a checkpoint in every place.

        :raises NotPublished: if one of them does not take it
        """
        key = self.signer.key
        for place in self._places():
            await asyncio.to_thread(place.publish, signed, key=key)

    def _places(self) -> list[CheckpointDirectory | LockedBucket]:
        settings = self._settings
        places: list[CheckpointDirectory | LockedBucket] = [checkpoint_directory(settings)]
        if settings.checkpoint_s3_bucket is not None:
            places.append(
                LockedBucket(
                    settings.checkpoint_s3_bucket,
                    settings.checkpoint_s3_endpoint,
                    settings.checkpoint_s3_region,
                    settings.checkpoint_s3_retention_days,
                )
            )
        return places


def checkpoint_directory(settings: Settings) -> CheckpointDirectory:
    """Return where the installation's checkpoints are published."""
    return CheckpointDirectory(settings.checkpoint_dir or settings.data / "checkpoints")


def known_keys(settings: Settings) -> list[VerifierKey]:
    """Return the public keys that may have signed: that of the installation, and those beside the notes.

    :raises NotPublished: if the installation's key is there and cannot be read
    """
    keys = checkpoint_directory(settings).keys()
    path = _key_path(settings)
    if settings.checkpoint_key is not None or path.exists():
        own = load_key(path, name=settings.checkpoint_origin).key
        keys = [own, *(key for key in keys if key != own)]
    return keys


def _key_path(settings: Settings) -> Path:
    return settings.checkpoint_key or settings.data / _KEY_FILE
