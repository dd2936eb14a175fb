"""The secrets of one installation: made once, kept in the data directory, readable by its owner only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import jwt

from mita.identity.domain import new_token

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

INGEST = "mita-ingest"
# who signs in to the demo's app
DEMO_RESIDENT = "resident@demo.example"
DEMO_PREPAID = "prepaid@demo.example"
DEMO_PARENT = "parent@demo.example"
DEMO_OPERATOR = "operator@demo.example"
DEMO_AUDITOR = "auditor@demo.example"
DEMO_TRUSTEE = "trustee@demo.example"
_AUDIENCE = "mqtt"
_ALGORITHM = "HS256"
# such a name would be a topic of somebody else
_NOT_IN_DEVICE = frozenset("/+#\x00")
_WORDS, _LETTERS = 4, 4
_FACTOR_BYTES = 20
# told apart when they are read out: no 0 and O, 1 and l, u and v
_ALPHABET = "23456789abcdefghjkmnpqrstwxyz"


class BadDeviceName(ValueError):
    """A device name that cannot be one level of a topic."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs device tokens, and what ingest shows the broker."""

    device_secret: str
    ingest_password: str


def load_keys(data: Path) -> Keys:
    """Return the installation's secrets; the first call makes them in ``data/secrets.json``."""
    path = data / "secrets.json"
    if not path.exists():
        made = Keys(device_secret=secrets.token_urlsafe(48), ingest_password=secrets.token_urlsafe(32))
        write_private(path, json.dumps(asdict(made), indent=2) + "\n")
    return Keys(**json.loads(path.read_text(encoding="utf-8")))


def load_token(data: Path) -> str:
    """Return the bearer token of the API; the first call makes it in ``data/token``."""
    path = data / "token"
    if not path.exists():
        write_private(path, new_token() + "\n")
    return path.read_text(encoding="utf-8").strip()


def write_private(path: Path, text: str) -> None:
    """Write a file, private and whole from its first moment; who comes second keeps the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def demo_password(secret: str, *, who: Literal["resident", "staff"] = "resident") -> str:
    """Return the password of the demo's resident or staff; it follows from a secret of the installation."""
    digest = hmac.digest(secret.encode(), f"mita demo {who}".encode(), hashlib.sha256)
    return _in_words("".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[: _WORDS * _LETTERS]))


def new_password() -> str:
    """Return a password that can be read out: four words of four letters, 77 random bits."""
    return _in_words("".join(secrets.choice(_ALPHABET) for _ in range(_WORDS * _LETTERS)))


def _in_words(letters: str) -> str:
    return "-".join(letters[first : first + _LETTERS] for first in range(0, len(letters), _LETTERS))


def demo_factor(secret: str) -> str:
    """Return the secret (160 bits, base32) of the demo staff's authenticator app, which follows likewise."""
    digest = hmac.digest(secret.encode(), b"mita demo second factor", hashlib.sha256)
    return base64.b32encode(digest[:_FACTOR_BYTES]).decode()


def device_token(secret: str, device: str, *, expires_at: datetime | None = None) -> str:
    """Return what a device shows the broker as its password; client id and user name are the device's name.

    :raises BadDeviceName: if the name cannot be one level of a topic
    """
    if not device or device == INGEST or _NOT_IN_DEVICE & set(device):
        raise BadDeviceName(f"{device[:60]!r} cannot be the name of a device")
    claims: dict[str, object] = {"sub": device, "aud": _AUDIENCE}
    if expires_at is not None:
        claims["exp"] = expires_at
    return jwt.encode(claims, secret, algorithm=_ALGORITHM)


def device_of_token(secret: str, token: str) -> str | None:
    """Return the device that a token was made for, or None for one that is not ours or has expired."""
    try:
        claims = jwt.decode(
            token, secret, algorithms=[_ALGORITHM], audience=_AUDIENCE, options={"require": ["sub"]}
        )
    except jwt.InvalidTokenError:
        return None
    return str(claims["sub"])
