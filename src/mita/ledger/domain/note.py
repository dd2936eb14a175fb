"""Signed notes (C2SP signed-note): a text of lines, a blank line, an Ed25519 signature. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if TYPE_CHECKING:
    from collections.abc import Iterable

NOTE_LENGTH_MAX = 100_000
_ED25519 = b"\x01"
_KEY_BYTES, _SIGNATURE_BYTES, _KEY_ID_BYTES = 32, 64, 4
_DASH = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_NAME = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}")


class BadNote(ValueError):
    """A text that is no signed note, or a key that is none; says why."""


class NotSigned(BadNote):
    """A note without a signature by any of the known keys."""


class Signer(Protocol):
    """Who signs notes. The secret stays with the implementation."""

    @property
    def key(self) -> VerifierKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of an Ed25519 signature."""


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public Ed25519 key (32 bytes) and the name it signs under."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        """Refuse what no note could carry.

        :raises BadNote: if the name has spaces, a plus or control characters, or the key another length
        """
        if not _NAME.fullmatch(self.name):
            raise BadNote(f"{self.name[:60]!r} cannot be the name of a key: no spaces, no plus, not empty")
        if len(self.public_key) != _KEY_BYTES:
            raise BadNote(f"an Ed25519 key has {_KEY_BYTES} bytes, not {len(self.public_key)}")

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before a signature."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[
            :_KEY_ID_BYTES
        ]

    def __str__(self) -> str:
        """Return the key as one line of text: ``name+id+base64``."""
        return f"{self.name}+{self.key_id.hex()}+{_encoded(_ED25519 + self.public_key)}"


def parse_key(text: str) -> VerifierKey:
    """Return the key that a line of text (``name+id+base64``) is.

    :raises BadNote: if it is none, or its id is not that of its contents
    """
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    data = _decoded(encoded, what="the key")
    if data[:1] != _ED25519:
        raise BadNote("the key is not one of Ed25519")
    key = VerifierKey(name, data[1:])
    if key.key_id.hex() != key_id:
        raise BadNote("the key's id is not that of its contents: it was copied wrongly")
    return key


def sign_note(text: str, *, signer: Signer) -> str:
    """Return ``text`` (lines, each ended by a line break) as a signed note.

    :raises BadNote: if the text cannot be one
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise BadNote("a note's text ends with a line break and has no control characters")
    signature = signer.key.key_id + signer.sign(text.encode())
    return f"{text}\n{_DASH}{signer.key.name} {_encoded(signature)}\n"


def note_text(note: str, *, keys: Iterable[VerifierKey]) -> str:
    """Return the text of a note that one of ``keys`` has signed; other signatures are passed over.

    :raises NotSigned: if none of them has
    :raises BadNote: if it is no note
    """
    text, signatures = _split(note)
    known = {(key.name, key.key_id): key for key in keys}
    is_signed = False
    for name, key_id, signature in signatures:
        key = known.get((name, key_id))
        if key is None:
            continue
        if not _is_valid(key, signature, text.encode()):
            raise NotSigned(f"the signature of {name} does not fit the text: the note was altered")
        is_signed = True
    if not is_signed:
        names = ", ".join(sorted({name for name, _, _ in signatures}))
        raise NotSigned(f"none of the known keys has signed it; it carries signatures of {names}")
    return text


def _split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """Return the text with its last line break, and each signature's name, key id and bytes."""
    if len(note) > NOTE_LENGTH_MAX or _CONTROL.search(note) or not _is_unicode(note):
        raise BadNote("the note is too long or has characters that no note has")
    # the last blank line ends the text; the text may have others
    text, blank, tail = note.rpartition("\n\n")
    if not blank or not text or not tail.endswith("\n"):
        raise BadNote("a note is a text, a blank line and lines of signatures")
    return text + "\n", [_signature(line) for line in tail.removesuffix("\n").split("\n")]


def _is_unicode(text: str) -> bool:
    """Tell whether a text has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _signature(line: str) -> tuple[str, bytes, bytes]:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _NAME.fullmatch(name):
        raise BadNote(f"{line[:60]!r} is no line of a signature")
    data = _decoded(encoded, what="a signature")
    if len(data) <= _KEY_ID_BYTES:
        raise BadNote("a signature is too short")
    return name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:]


def _is_valid(key: VerifierKey, signature: bytes, message: bytes) -> bool:
    if len(signature) != _SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key.public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(text: str, *, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"{what} is not base64") from error
