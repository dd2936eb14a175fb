"""A push service on loopback with a browser behind it: checks who writes, reads what only it can."""

from __future__ import annotations

import base64
import json
import os
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Self

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def text_of(raw: bytes) -> str:
    """Return bytes as browsers write them."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """Return what :func:`text_of` was given."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Arrived:
    """One push: its headers in small letters, whose it is by its signature, and what the browser reads."""

    headers: dict[str, str]
    claims: dict[str, Any]
    signed_by: str
    told: dict[str, Any]


@dataclass
class PushService:
    """Answers every push with ``status``; a browser's keys are made when it begins."""

    status: int = 201
    arrived: list[Arrived] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._secret = ec.generate_private_key(ec.SECP256R1())
        self._auth = os.urandom(16)
        self._server = HTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def origin(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def subscription(self, name: str = "browser-1", **more: Any) -> dict[str, Any]:
        """Return what ``PushManager.subscribe`` gives of the browser."""
        point = self._secret.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": text_of(point), "auth": text_of(self._auth)}
        return {"endpoint": f"{self.origin}/send/{name}", "keys": keys, **more}

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Check a push as a real service does, and read it as the browser does."""
        assert headers["content-encoding"] == "aes128gcm"
        scheme, _, rest = headers["authorization"].partition(" ")
        assert scheme == "vapid"
        parts = dict(each.strip().split("=", 1) for each in rest.split(","))
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(parts["k"]))
        claims = jwt.decode(parts["t"], point, algorithms=["ES256"], audience=self.origin)
        told = json.loads(http_ece.decrypt(body, private_key=self._secret, auth_secret=self._auth))
        self.raw.append(body)
        self.arrived.append(Arrived(headers, claims, parts["k"], told))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if service.status < 300:
                    service.take({name.lower(): value for name, value in self.headers.items()}, body)
                self.send_response(service.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
