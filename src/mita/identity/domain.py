"""Who is asking: tokens and principals."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

TOKEN_PREFIX = "mita_"  # noqa: S105 - the public prefix that lets scanners find leaked tokens


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of an operation, as written into journals: ``staff:console``."""

    name: str

    @property
    def actor(self) -> str:
        """The name as it stands in a journal."""
        return f"staff:{self.name}"


def new_token() -> str:
    """Return a fresh bearer token of 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what is stored of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()
