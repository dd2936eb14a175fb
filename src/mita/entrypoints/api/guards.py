"""What stands in front of every route: the token before a body is read, a limit for the body."""

import asyncio
from dataclasses import replace

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mita.entrypoints.api.key_limits import KeyLimits
from mita.entrypoints.api.problems import (
    TOO_LARGE,
    TOO_SLOW,
    UNAVAILABLE,
    rate_limited,
    too_large,
    unauthorized,
    unavailable,
)
from mita.entrypoints.api.sessions import Sessions
from mita.identity.domain import Anonymous, Principal, person_actor
from mita.kit import context
from mita.kit.context import Context
from mita.kit.web import PUBLIC_PREFIX

BODY_SECONDS_MAX = 60.0
# where a request's state has the device that signed it
SIGNER = "signer"
_GUARDED = ("/api/", "/live", "/metrics")


def telling(send: Send, told: dict[str, str]) -> Send:
    """Return a ``send`` that adds headers to the answer."""
    if not told:
        return send

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in told.items():
                headers[name] = value
        await send(message)

    return send_with_headers


class Guard:
    """Refuses whoever has no token at the API and the live stream: no route can forget to ask."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions, limits: KeyLimits) -> None:
        self._app = app
        self._sessions = sessions
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(_GUARDED):
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(PUBLIC_PREFIX):
            nobody = Anonymous()
            scope.setdefault("state", {})["caller"] = nobody
            told, is_let_in = await self._limits.headers_of_address(context.current().address)
            if not is_let_in:
                await rate_limited(scope["path"], headers=told)(scope, receive, send)
                return
            with context.entered(replace(context.current(), actor=nobody.actor)):
                await self._app(scope, receive, telling(send, told))
            return
        try:
            signer = scope.get("state", {}).get(SIGNER)
            principal = signer or await self._sessions.principal(HTTPConnection(scope))
        except UNAVAILABLE:
            await unavailable(scope["path"])(scope, receive, send)
            return
        if principal is None:
            await unauthorized(scope["path"])(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = principal
        told, is_let_in = await self._limits.headers(principal)
        if principal.impersonated_by is not None:
            told["Mita-Impersonated-By"] = principal.impersonated_by
        if not is_let_in:
            await rate_limited(scope["path"], headers=told)(scope, receive, send)
            return
        with context.entered(_cause_of(principal)):
            await self._app(scope, receive, telling(send, told))


def _cause_of(principal: Principal) -> Context:
    is_support = principal.impersonated_by is not None and principal.person_id is not None
    actor = person_actor(principal.person_id or 0) if is_support else principal.actor
    return replace(context.current(), actor=actor, impersonator=principal.impersonated_by)


class BodyLimit:
    """Refuses a body that is too large: before it is read if it says its length, else where it exceeds.

    One that is not whole after ``seconds_max`` is refused as well: a caller could hold connections for ever.
    """

    def __init__(self, app: ASGIApp, *, bytes_max: int, seconds_max: float = BODY_SECONDS_MAX) -> None:
        self._app = app
        self._bytes_max = bytes_max
        self._seconds_max = seconds_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = Headers(scope=scope).get("content-length", "")
        # the text of a length may itself be too long to be a number
        if length.isdecimal() and (len(length) > len(str(self._bytes_max)) or int(length) > self._bytes_max):
            await too_large(scope["path"])(scope, receive, send)
            return
        left, until, is_whole = self._bytes_max, None, False

        async def receive_no_more() -> Message:
            nonlocal left, until, is_whole
            if is_whole:
                # what comes now is that the caller goes, after whatever time
                return await receive()
            until = until or asyncio.get_running_loop().time() + self._seconds_max
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, TOO_SLOW, headers={"Connection": "close"}) from error
            is_whole = not message.get("more_body", False)
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, TOO_LARGE)
            return message

        await self._app(scope, receive_no_more, send)
