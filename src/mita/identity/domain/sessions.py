"""Sessions of persons: access tokens, refresh tokens, the name of a device."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ACCESS_LIFE = timedelta(minutes=10)
REFRESH_LIFE = timedelta(days=30)
SESSION_LIFE = timedelta(days=90)
# who asks again so soon is on a slow line, or in a second tab: the first answer may still arrive
REFRESH_GRACE = timedelta(seconds=60)
KEY_SIGNS_FOR = timedelta(days=30)
# what changes how one signs in is asked of whoever signed in lately
FRESH_FOR = timedelta(minutes=30)
_ISSUER, _AUDIENCE = "mita", "mita-api"
_TYPE = "at+jwt"  # RFC 9068
_ALGORITHM = "EdDSA"
_REQUIRED = ["iss", "aud", "sub", "sid", "iat", "exp"]
REFRESH_PREFIX = "mita_refresh_"
# more than one way counts as two factors (RFC 8176 calls it mfa)
_TWO_FACTORS = frozenset({"otp", "backup", "passkey"})


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """What an access token says: a person, and the session that it belongs to."""

    person_id: int
    session_id: UUID
    amr: tuple[str, ...]
    expires_at: datetime


def has_two_factors(amr: tuple[str, ...]) -> bool:
    """Tell whether the ways of a sign-in are two factors; a passkey, which verifies its user, is two."""
    return bool(_TWO_FACTORS & set(amr))


def new_signing_key() -> tuple[str, bytes, bytes]:
    """Return the name, the public and the private bytes of a new Ed25519 key."""
    secret = Ed25519PrivateKey.generate()
    return secrets.token_urlsafe(12), secret.public_key().public_bytes_raw(), secret.private_bytes_raw()


def sign_access(claims: AccessClaims, *, kid: str, secret: bytes, now: datetime) -> str:
    """Return an access token."""
    said: dict[str, Any] = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": str(claims.person_id),
        "sid": str(claims.session_id),
        "amr": list(claims.amr),
        "iat": int(now.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
    }
    key = Ed25519PrivateKey.from_private_bytes(secret)
    return jwt.encode(said, key, algorithm=_ALGORITHM, headers={"kid": kid, "typ": _TYPE})


def key_named(token: str) -> str | None:
    """Return the name of the key that a token says it was signed with, or None if it is no access token."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        return None
    kid = header.get("kid")
    is_ours = header.get("alg") == _ALGORITHM and header.get("typ") == _TYPE and "crit" not in header
    return kid if is_ours and isinstance(kid, str) and re.fullmatch(r"[\w-]{1,40}", kid, re.ASCII) else None


def read_access(token: str, *, public_key: bytes, now: datetime) -> AccessClaims | None:
    """Return what an access token says, or None if it is forged, over, or made for something else."""
    try:
        said = jwt.decode(
            token,
            Ed25519PublicKey.from_public_bytes(public_key),
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            issuer=_ISSUER,
            # the time is the caller's: this page has no clock
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        expires_at = datetime.fromtimestamp(said["exp"], tz=UTC)
        if expires_at <= now:
            return None
        return AccessClaims(int(said["sub"]), UUID(str(said["sid"])), tuple(said.get("amr", ())), expires_at)
    except (jwt.InvalidTokenError, ValueError, TypeError, OverflowError, OSError):
        return None


def said_of_access(token: str) -> tuple[str, UUID, datetime] | None:
    """Return the key, the session and the end that an access token names, unchecked; None if it is none."""
    kid = key_named(token)
    if kid is None:
        return None
    try:
        said = jwt.decode(token, options={"verify_signature": False})
        return kid, UUID(str(said["sid"])), datetime.fromtimestamp(said["exp"], tz=UTC)
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, AttributeError, OverflowError, OSError):
        return None


def jwk_of(kid: str, public_key: bytes) -> dict[str, str]:
    """Return a public key as RFC 8037 writes it."""
    x = base64.urlsafe_b64encode(public_key).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": _ALGORITHM, "kid": kid, "x": x}


def new_refresh_token() -> str:
    """Return the first refresh token of a session: 256 random bits."""
    return REFRESH_PREFIX + secrets.token_urlsafe(32)


def refresh_text(mark: bytes) -> str:
    """Return a later one, made of a keyed hash of the one before: asked twice, it is the same twice."""
    return REFRESH_PREFIX + base64.urlsafe_b64encode(mark).rstrip(b"=").decode()


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str) -> str:
    """Return what a person knows a device by: ``Firefox on Windows``, else the program's own first word."""
    browser = next((shown for word, shown in _BROWSERS if word in user_agent), "")
    system = next((shown for word, shown in _SYSTEMS if word in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    words = re.findall(r"[A-Za-z][\w.+-]*", user_agent, re.ASCII)
    return browser or system or (words[0][:60] if words else "unknown device")
