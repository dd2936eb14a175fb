"""Posts that a device has signed with its token, for those that do not send the token itself."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from mita.entrypoints.api.captured import body_of, telling
from mita.entrypoints.api.guards import SIGNER, BodyLimit
from mita.entrypoints.api.problems import UNAVAILABLE, body_refused, unauthorized, unavailable
from mita.entrypoints.posts import BODY_BYTES_MAX, read_signed, signer
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mita.kit.db import Database

PATH = "/api/v1/ingest"
DEVICE, TIMESTAMP, SIGNATURE = "mita-device", "mita-timestamp", "mita-signature"


class SignedPosts:
    """Tells the guard which device signed a post; what shows a token besides is judged by that alone."""

    def __init__(self, app: ASGIApp, *, database: Database) -> None:
        self._app = app
        self._database = database
        self._limited = BodyLimit(self._judge, bytes_max=BODY_BYTES_MAX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope) if scope["type"] == "http" and scope["path"] == PATH else Headers()
        if SIGNATURE not in headers or "authorization" in headers:
            await self._app(scope, receive, send)
            return
        try:
            await self._limited(scope, receive, send)
        except HTTPException as error:
            await body_refused(scope["path"], error)(scope, receive, send)

    async def _judge(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        body = await body_of(scope, receive)
        signed = read_signed(
            device=unquote(headers.get(DEVICE, "")),
            sent=headers.get(TIMESTAMP, ""),
            signature=headers.get(SIGNATURE, ""),
            body=body,
        )
        try:
            found = None if signed is None else await signer(self._database, signed, now=now_utc())
        except UNAVAILABLE:
            await unavailable(scope["path"])(scope, receive, send)
            return
        if found is None:
            await unauthorized(scope["path"])(scope, receive, send)
            return
        scope.setdefault("state", {})[SIGNER] = found
        await self._app(scope, telling(body, receive), send)
