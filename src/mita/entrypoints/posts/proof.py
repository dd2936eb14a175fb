"""Who posts: the device that a signature proves, by a token that was issued to it."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.identity import queries
from mita.metering import queries as metering

if TYPE_CHECKING:
    from datetime import datetime

    from mita.identity.domain import Principal
    from mita.kit.db import Database

# a signature of another time is none
WINDOW_S = 300
_NAME_MAX = 200
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_NOBODY = 0


@dataclass(frozen=True, slots=True)
class Signed:
    """A body, the device that says it signed it, and when it says it did."""

    device: str
    sent_s: int
    signature: str
    body: bytes


def signature_of(token: str, *, sent_s: int, body: bytes) -> str:
    """Return the HMAC-SHA256 of ``<seconds>.<body>`` with a device token as the key, in lower-case hex."""
    content = str(sent_s).encode() + b"." + body
    return hmac.new(token.encode(), content, hashlib.sha256).hexdigest()


def read_signed(*, device: str, sent: str, signature: str, body: bytes) -> Signed | None:
    """Return what was shown if it could be a signature, else None."""
    if not 1 <= len(device) <= _NAME_MAX or not device.isprintable():
        return None
    if not _SECONDS.fullmatch(sent) or not _HEX.fullmatch(signature):
        return None
    return Signed(device, int(sent), signature.lower(), body)


async def signer(database: Database, signed: Signed, *, now: datetime) -> Principal | None:
    """Return the device that signed, or None: too early, too late, not its token, or no such device.

    A device that nobody knows costs the same as one with another signature.
    """
    if abs(int(now.timestamp()) - signed.sent_s) > WINDOW_S:
        return None
    async with database.unit_of_work(estates=[]) as session:
        found = await metering.estates_of_devices(session, devices=[signed.device])
    estate_id = found.get(signed.device, _NOBODY)
    async with database.unit_of_work(estates=[estate_id]) as session:
        tokens = await queries.live_device_tokens(session, estate_id=estate_id, device=signed.device, now=now)
    is_signed = False
    for token in tokens or [secrets.token_urlsafe(32)]:
        made = signature_of(token, sent_s=signed.sent_s, body=signed.body)
        is_signed |= hmac.compare_digest(made, signed.signature)
    if not tokens or not is_signed:
        return None
    return queries.device_principal(estate_id=estate_id, device=signed.device)
