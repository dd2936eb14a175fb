"""A passkey in software: an authenticator of WebAuthn, written from its specification."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Authenticator:
    """Makes one credential and signs with it; ``verifies`` is whether it asks its user for a finger."""

    def __init__(self, *, origin: str = "https://mita.test", verifies: bool = True) -> None:
        self.origin = origin
        self.count = 0
        self._verifies = verifies
        self._id = os.urandom(32)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._user = b""

    def _client_data(self, kind: str, challenge: str) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _data(self, domain: str, *, extra: bytes = b"") -> bytes:
        flags = _PRESENT | (_VERIFIED if self._verifies else 0) | (_ATTESTED if extra else 0)
        return hashlib.sha256(domain.encode()).digest() + struct.pack(">BI", flags, self.count) + extra

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer ``navigator.credentials.create``."""
        self._user = base64.urlsafe_b64decode(options["user"]["id"] + "==")
        numbers = self._key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        attested = bytes(16) + struct.pack(">H", len(self._id)) + self._id + cbor2.dumps(cose)
        made = {"fmt": "none", "attStmt": {}, "authData": self._data(options["rp"]["id"], extra=attested)}
        response = {
            "clientDataJSON": b64(self._client_data("webauthn.create", options["challenge"])),
            "attestationObject": b64(cbor2.dumps(made)),
        }
        return {"id": b64(self._id), "rawId": b64(self._id), "type": "public-key", "response": response}

    def get(self, options: dict[str, Any]) -> dict[str, Any]:
        """Answer ``navigator.credentials.get``."""
        self.count += 1
        client_data = self._client_data("webauthn.get", options["challenge"])
        data = self._data(options["rpId"])
        signed = self._key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(signed),
            "userHandle": b64(self._user),
        }
        return {"id": b64(self._id), "rawId": b64(self._id), "type": "public-key", "response": response}
