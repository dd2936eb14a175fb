"""The Ed25519 key of an installation: a private file outside the database, made once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from mita.entrypoints.keys import write_private
from mita.ledger.domain import VerifierKey
from mita.ledger.operations import NotPublished

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class SigningKey:
    """Signs notes under a name."""

    key: VerifierKey
    _secret: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def of(cls, secret: Ed25519PrivateKey, *, name: str) -> SigningKey:
        """Return a private key that signs under ``name``."""
        return cls(VerifierKey(name, secret.public_key().public_bytes_raw()), secret)

    def sign(self, message: bytes) -> bytes:
        """Return the 64 bytes of the signature."""
        return self._secret.sign(message)


def make_key(path: Path) -> None:
    """Write a new key to ``path``, private; a key that is there already stays."""
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_private(path, pem.decode())


def load_key(path: Path, *, name: str) -> SigningKey:
    """Return the key in ``path`` (PEM, PKCS 8, without a password), which signs under ``name``.

    :raises NotPublished: if there is none, or it is not of Ed25519
    """
    try:
        secret = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise NotPublished(f"the key of checkpoints cannot be read: {error}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NotPublished(f"{path} is no private key in PEM without a password") from error
    if not isinstance(secret, Ed25519PrivateKey):
        raise NotPublished(f"{path} is not a key of Ed25519")
    return SigningKey.of(secret, name=name)
