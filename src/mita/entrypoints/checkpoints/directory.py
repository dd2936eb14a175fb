"""Checkpoints in a directory: written whole, read-only, never overwritten."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.ledger.domain import (
    BadNote,
    Published,
    VerifierKey,
    estate_origin,
    parse_key,
    taken_at_of,
    worth_checking,
)
from mita.ledger.operations import NotPublished

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from mita.ledger.domain import SignedCheckpoint

KEY_FILE = "key.pub"
_NOTE, _LEAVES = ".note", ".leaves"
_READ_ONLY = 0o444


@dataclass(frozen=True, slots=True)
class CheckpointDirectory:
    """``<path>/<origin>/<estate_id>/<taken_at>-<kind>.note`` and ``.leaves``; ``key.pub`` at the top."""

    path: Path

    def publish(self, signed: SignedCheckpoint, *, key: VerifierKey) -> None:
        """Store a checkpoint, leaves first: where a note is, its leaves are.

        :raises NotPublished: if it cannot be written, or another one has its name
        """
        place = signed.summary.place
        try:
            self._add_key(key)
            _write_whole(self.path / f"{place}{_LEAVES}", signed.leaves)
            _write_whole(self.path / f"{place}{_NOTE}", signed.note.encode())
        except OSError as error:
            raise NotPublished(f"the checkpoint cannot be written to {self.path}: {error}") from error

    def _add_key(self, key: VerifierKey) -> None:
        """Append the key to the list of those that signed what is here; earlier ones stay."""
        known = self.keys()
        if key in known:
            return
        self.path.mkdir(parents=True, exist_ok=True)
        draft = self.path / f".{KEY_FILE}.{secrets.token_hex(8)}"
        draft.write_text("".join(f"{each}\n" for each in [*known, key]), encoding="utf-8")
        draft.chmod(_READ_ONLY)
        draft.replace(self.path / KEY_FILE)

    def keys(self) -> list[VerifierKey]:
        """Return the public keys that lie beside the notes; lines that are none are passed over."""
        try:
            lines = (self.path / KEY_FILE).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        found = []
        for line in lines:
            try:
                found.append(parse_key(line))
            except BadNote:
                continue
        return found

    def worth_checking(
        self, *, estate_id: int, keys: Iterable[VerifierKey], now: datetime
    ) -> list[Published]:
        """Return an estate's checkpoints that a verifier reads, of every name that ``keys`` sign under."""
        taken = {}
        for origin in sorted({estate_origin(key.name, estate_id=estate_id) for key in keys}):
            for path in (self.path / origin).glob(f"*{_NOTE}"):
                place = f"{origin}/{path.name.removesuffix(_NOTE)}"
                # a name that is none of ours is read too: nobody hides a note by its name
                taken[place] = taken_at_of(place) or now
        return [self._read(place) for place in worth_checking(taken, now=now)]

    def newest(self, *, estate_id: int) -> Published | None:
        """Return the newest checkpoint of an estate that one of the keys beside the notes may have signed."""
        found = []
        for origin in {estate_origin(key.name, estate_id=estate_id) for key in self.keys()}:
            for path in (self.path / origin).glob(f"*{_NOTE}"):
                place = f"{origin}/{path.name.removesuffix(_NOTE)}"
                taken_at = taken_at_of(place)
                if taken_at is not None:
                    found.append((taken_at, place))
        return self._read(max(found)[1]) if found else None

    def estate_ids(self, *, keys: Iterable[VerifierKey]) -> set[int]:
        """Return the estates of which there are notes."""
        notes = [path for key in keys for path in (self.path / key.name).glob(f"*/*{_NOTE}")]
        return {int(path.parent.name) for path in notes if path.parent.name.isdecimal()}

    def _read(self, place: str) -> Published:
        note = (self.path / f"{place}{_NOTE}").read_bytes().decode(errors="replace")
        try:
            leaves = (self.path / f"{place}{_LEAVES}").read_bytes()
        except FileNotFoundError:
            leaves = None
        return Published(place, note, leaves)


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file that is whole from its first moment and lasts through a loss of power.

    :raises FileExistsError: if another content has the name
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with draft.open("xb") as file:
        file.write(content)
        file.flush()
        os.fchmod(file.fileno(), _READ_ONLY)
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        if path.read_bytes() != content:
            raise
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
