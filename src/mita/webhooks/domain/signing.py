"""Signatures as Standard Webhooks has them (https://www.standardwebhooks.com), symmetric: ``v1``."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

SECRET_PREFIX = "whsec_"  # noqa: S105 - the public prefix that lets scanners find leaked secrets
_SECRET_BYTES = 32


def new_secret() -> str:
    """Return a fresh secret of 256 random bits, as receivers configure it: ``whsec_…``."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def key_of(secret: str) -> bytes:
    """Return the bytes that a secret stands for.

    :raises ValueError: if it is no secret
    """
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError("a secret begins with whsec_")
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError as error:
        raise ValueError("a secret is base64 after whsec_") from error


def signature_header(*, secrets: Sequence[str], event_id: UUID, sent_s: int, body: str) -> str:
    """Return the ``webhook-signature`` of a body: one signature for each secret that is valid now."""
    content = f"{event_id}.{sent_s}.{body}".encode()
    made = (hmac.new(key_of(secret), content, hashlib.sha256).digest() for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(each).decode()}" for each in made)


def headers_of(*, secrets: Sequence[str], event_id: UUID, sent_s: int, body: str) -> dict[str, str]:
    """Return the headers that a delivery is sent with."""
    return {
        "content-type": "application/json",
        "user-agent": "Mita-Webhooks/1",
        "webhook-id": str(event_id),
        "webhook-timestamp": str(sent_s),
        "webhook-signature": signature_header(secrets=secrets, event_id=event_id, sent_s=sent_s, body=body),
    }
