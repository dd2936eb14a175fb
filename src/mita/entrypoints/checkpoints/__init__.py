"""What checkpoints need outside the database: the key that signs them, and the places they go to."""

from mita.entrypoints.checkpoints.directory import CheckpointDirectory
from mita.entrypoints.checkpoints.key import SigningKey, load_key, make_key
from mita.entrypoints.checkpoints.notary import SettingsNotary, checkpoint_directory, known_keys

__all__ = [
    "CheckpointDirectory",
    "SettingsNotary",
    "SigningKey",
    "checkpoint_directory",
    "known_keys",
    "load_key",
    "make_key",
]
