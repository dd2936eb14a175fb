"""Who is asking: tokens and principals."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

TOKEN_PREFIX = "mita_"  # noqa: S105 - the public prefix that lets scanners find leaked tokens


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller of an operation; without a person it is staff."""

    name: str
    person_id: int | None = None

    @property
    def actor(self) -> str:
        """The name as it stands in a journal: ``staff:console``, ``person:7``."""
        return f"staff:{self.name}" if self.person_id is None else person_actor(self.person_id)


def person_actor(person_id: int) -> str:
    """Return a person's name as it stands in a journal; ids stay, names change."""
    return f"person:{person_id}"


def new_token() -> str:
    """Return a fresh bearer token of 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """Return what is stored of a token; 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()
