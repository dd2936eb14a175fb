"""Passwords: which are refused, and how they are kept."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

if TYPE_CHECKING:
    from collections.abc import Iterable

LENGTH_MIN, LENGTH_MAX = 10, 200
_WORD_MIN = 4
_SCORE_MIN = 2
# zxcvbn works in the square of the length; what comes after that many characters does not make it weaker
_SCORED_CHARS = 64
# Argon2id as RFC 9106 recommends it where memory is dear: 64 MiB, three passes, four lanes
_HASHER = PasswordHasher(time_cost=3, memory_cost=65_536, parallelism=4)


def hash_password(password: str) -> str:
    """Return what is stored of a password (Argon2id, with its salt and parameters)."""
    return _HASHER.hash(_plain(password))


def is_password(password: str, *, stored: str | None) -> bool:
    """Tell whether a password is the stored one; with None, False after the same work."""
    # made at the first question of a process, whoever it is about
    nobodys = _nobodys()
    try:
        fits = _HASHER.verify(nobodys if stored is None else stored, _plain(password))
    except (VerificationError, InvalidHashError):
        return False
    return fits and stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether a stored password was hashed with other parameters than today's."""
    return _HASHER.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    return _HASHER.hash("the password of nobody")


def _plain(password: str) -> str:
    # the same characters may come in several encodings, by keyboard
    return unicodedata.normalize("NFKC", password)


def password_fault(password: str, *, about: Iterable[str | None]) -> str | None:
    """Return why a password is refused, or None; ``about`` are the name and addresses of its owner."""
    plain = _plain(password)
    if len(plain) < LENGTH_MIN:
        return f"a password has at least {LENGTH_MIN} characters"
    if len(plain) > LENGTH_MAX:
        return f"a password has at most {LENGTH_MAX} characters"
    lowered = plain.lower()
    words = {word for text in about if text for word in _words(text)}
    if any(word in lowered for word in words):
        return "a password does not contain its owner's name or address"
    if _is_common(lowered):
        return "this password is among the most used ones, and in the lists of those who try them"
    if _is_easy(plain):
        return "this password is easy to guess; a few words that do not belong together are not"
    return None


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\W_]+", text.lower()) if len(word) >= _WORD_MIN]


@cache
def _common() -> frozenset[str]:
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


def _is_common(lowered: str) -> bool:
    # "password1!" is "password" to whoever tries
    bare = re.sub(r"[\W\d_]+$", "", lowered)
    return lowered in _common() or (
        len(bare) >= _WORD_MIN and len(bare) * 2 > len(lowered) and bare in _common()
    )


def _is_easy(plain: str) -> bool:
    from zxcvbn import zxcvbn

    return bool(zxcvbn(plain[:_SCORED_CHARS])["score"] < _SCORE_MIN)
