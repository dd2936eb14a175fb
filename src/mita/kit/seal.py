"""Secrets at rest: sealed by keys that lie outside the database.

A sealed value begins with the name of its key, so that keys can change while old values stay readable, and it
opens only where it was sealed for: copied into another column it is worth nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

SEALS = "seals"
KEY_BYTES = 32
_VERSION = b"\x01"
_NAME_BYTES = 8
_NONCE_BYTES = 12
_HEAD_BYTES = len(_VERSION) + _NAME_BYTES + _NONCE_BYTES


class NotSealable(RuntimeError):
    """This process was not given the keys of secrets, or they cannot be read."""


class KeyGone(RuntimeError):
    """A value was sealed with a key that is no longer there, or was changed or moved since."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column of sealed values (NULL is none), and the columns of its table's primary key."""

    table: str
    column: str
    key: tuple[str, ...]

    @property
    def about(self) -> str:
        """What a value of it is sealed for."""
        return f"{self.table}.{self.column}"


SEALED_COLUMNS: dict[str, SealedColumn] = {}


def sealed_column(table: str, column: str, *, key: Sequence[str]) -> SealedColumn:
    """Note a column of sealed values, so that ``mita rotate-secrets`` finds it; models say it once."""
    found = SealedColumn(table, column, tuple(key))
    SEALED_COLUMNS[found.about] = found
    return found


class Seals:
    """Seals secrets with the newest of some keys, of 32 bytes each, and opens them with any.

    With a file, it follows the file's changes.
    """

    def __init__(self, keys: Sequence[bytes], *, path: Path | None = None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._take(keys)

    def _take(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise NotSealable("a key of secrets has 32 bytes, and there is at least one")
        self._keys = {key_name(key): key for key in keys}
        self._newest = key_name(keys[0])

    @classmethod
    def load(cls, path: Path) -> Seals:
        """Return the seals of a file, which is made, with one key, if it is not there.

        :raises NotSealable: if it cannot be read, or holds something else
        """
        if not path.exists():
            make_keys(path)
        seals = cls(read_keys(path), path=path)
        seals._stamp = _stamp_of(path)
        return seals

    def _follow(self) -> None:
        if self._path is None or _stamp_of(self._path) == self._stamp:
            return
        self._stamp = _stamp_of(self._path)
        self._take(read_keys(self._path))

    @property
    def newest(self) -> bytes:
        """The name of the key that seals."""
        self._follow()
        return self._newest

    def seal(self, secret: bytes, *, about: str) -> bytes:
        """Return ``secret`` sealed for a column; the same secret gives another value each time."""
        name, nonce = self.newest, os.urandom(_NONCE_BYTES)
        box = AESGCM(self._keys[name]).encrypt(nonce, secret, about.encode())
        return _VERSION + name + nonce + box

    def open(self, sealed: bytes, *, about: str) -> bytes:
        """Return what was sealed for a column.

        :raises KeyGone: if its key is gone, or the value was changed or sealed for something else
        """
        self._follow()
        name = sealed_with(sealed)
        key = self._keys.get(name)
        if key is None:
            raise KeyGone(
                f"a value of {about} was sealed with the key {name.hex()}, which is not among the keys"
                " of secrets any more: put the old key back into their file"
            )
        nonce = sealed[len(_VERSION) + _NAME_BYTES : _HEAD_BYTES]
        try:
            return AESGCM(key).decrypt(nonce, sealed[_HEAD_BYTES:], about.encode())
        except InvalidTag as error:
            raise KeyGone(f"a value of {about} does not open: it was changed, or sealed elsewhere") from error

    def marks(self, text: str, *, about: str) -> list[bytes]:
        """Return keyed hashes of a text, the newest key's first: for what is too short for a plain hash."""
        self._follow()
        names = [self._newest, *(name for name in self._keys if name != self._newest)]
        message = f"{about}\x00{text}".encode()
        return [hmac.digest(self._keys[name], message, hashlib.sha256) for name in names]

    def mark(self, text: str, *, about: str) -> bytes:
        """Return the keyed hash of a text by the newest key."""
        return self.marks(text, about=about)[0]

    def is_marked(self, text: str, marked: bytes, *, about: str) -> bool:
        """Tell whether ``marked`` is the keyed hash of a text, by whichever key."""
        # every key is tried, so that the time taken says nothing
        return sum([hmac.compare_digest(each, marked) for each in self.marks(text, about=about)]) > 0


def key_name(key: bytes) -> bytes:
    """Return the name by which a sealed value calls its key."""
    return hashlib.sha256(b"mita key of secrets\x00" + key).digest()[:_NAME_BYTES]


def sealed_with(sealed: bytes) -> bytes:
    """Return the name of the key that a value was sealed with.

    :raises KeyGone: if it is no sealed value
    """
    if len(sealed) <= _HEAD_BYTES or not sealed.startswith(_VERSION):
        raise KeyGone("this is no sealed value")
    return sealed[len(_VERSION) : len(_VERSION) + _NAME_BYTES]


def seals_of(session: AsyncSession) -> Seals:
    """Return the seals that a session's database was opened with.

    :raises NotSealable: if the process has none
    """
    found = session.info.get(SEALS)
    if not isinstance(found, Seals):
        raise NotSealable("this process was started without the keys of secrets")
    return found


# ── the file: a key in each line, base64, the newest first ──


def _stamp_of(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise NotSealable(f"the keys of secrets cannot be read: {error}") from error
    return found.st_mtime_ns, found.st_ino


def read_keys(path: Path) -> list[bytes]:
    """Return the keys in a file, the newest first.

    :raises NotSealable: if it cannot be read, or holds something else
    """
    try:
        lines = path.read_text(encoding="ascii").split()
        keys = [base64.b64decode(line, validate=True) for line in lines]
    except OSError as error:
        raise NotSealable(f"the keys of secrets cannot be read: {error}") from error
    except (binascii.Error, ValueError) as error:
        raise NotSealable(f"{path} holds no keys: each line is 32 bytes in base64") from error
    if not keys or any(len(key) != KEY_BYTES for key in keys):
        raise NotSealable(f"{path} holds no keys: each line is 32 bytes in base64")
    return keys


def make_keys(path: Path) -> None:
    """Write a file with one new key, readable by its owner only; one that is there stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft(path, [secrets.token_bytes(KEY_BYTES)])
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def write_keys(path: Path, keys: Sequence[bytes]) -> None:
    """Put keys in the place of those in a file, all at once; the newest first."""
    assert keys, "there is always a key"
    _draft(path, keys).replace(path)


def _draft(path: Path, keys: Sequence[bytes]) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("".join(base64.b64encode(key).decode() + "\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return draft
