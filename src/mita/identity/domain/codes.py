"""Codes that prove somebody: sent ones, those of an authenticator app, those kept for a bad day."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING

import pyotp

from mita.kit.ids import read_number

if TYPE_CHECKING:
    from datetime import datetime

CODE_DIGITS = 6
CODE_TRIES_MAX = 5
BACKUP_CODES = 10
_STEP_S = 30
# steps around now that count: clocks of phones are off
_DRIFT_STEPS = 1
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_JOIN_CHARS = 8
_BACKUP_GROUPS, _BACKUP_CHARS = 4, 4


def new_code() -> str:
    """Return a one-time code of six digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def new_secret() -> str:
    """Return a secret for an authenticator app (160 bits, base32)."""
    return pyotp.random_base32(length=32)


def enrolment_uri(secret: str, *, account: str, issuer: str) -> str:
    """Return what the app's picture says (``otpauth://totp/…``)."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def code_at(secret: str, *, now: datetime) -> tuple[str, int]:
    """Return what an app with that secret shows, and for how many seconds more."""
    seconds = int(now.timestamp())
    return pyotp.TOTP(secret).generate_otp(seconds // _STEP_S), _STEP_S - seconds % _STEP_S


def fitting_step(secret: str, *, code: str, after_step: int, now: datetime) -> int | None:
    """Return the time step that a code of the app belongs to, or None.

    A step counts once: those up to ``after_step`` are used up (RFC 6238, section 5.2).
    """
    if not (code.isascii() and code.isdecimal() and len(code) == CODE_DIGITS):
        return None
    totp = pyotp.TOTP(secret)
    present = int(now.timestamp()) // _STEP_S
    found = None
    for step in range(present - _DRIFT_STEPS, present + _DRIFT_STEPS + 1):
        # all are compared, so that the time taken says nothing
        if secrets.compare_digest(totp.generate_otp(step), code) and step > after_step:
            found = step
    return found


def new_backup_codes() -> list[str]:
    """Return codes for whoever lost the app: 80 random bits each, as ``ABCD-EFGH-IJKL-MNOP``."""
    return ["-".join(_letters(_BACKUP_CHARS) for _ in range(_BACKUP_GROUPS)) for _ in range(BACKUP_CODES)]


def backup_hash(code: str) -> bytes:
    """Return what is stored of a backup code; how it is spaced or written does not matter."""
    plain = "".join(each for each in code.upper() if each in _LETTERS)
    return hashlib.sha256(b"backup code\x00" + plain.encode()).digest()


def new_join_letters() -> str:
    """Return the secret part of an estate's join code."""
    return _letters(_JOIN_CHARS)


def join_text(estate_id: int, letters: str) -> str:
    """Return a join code as people write it: ``12-ABCD2345``."""
    return f"{estate_id}-{letters}"


def read_join_code(text: str) -> tuple[int, str] | None:
    """Return the estate and the letters of a join code, or None if it cannot be one."""
    number, _, letters = text.strip().upper().partition("-")
    estate_id = read_number(number)
    if estate_id is None or len(letters) != _JOIN_CHARS or not set(letters) <= set(_LETTERS):
        return None
    return estate_id, letters


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(count))
