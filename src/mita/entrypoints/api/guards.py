"""What stands in front of every route: headers, the token before a body is read, a limit for the body."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mita.entrypoints.api.problems import TOO_LARGE, UNAVAILABLE, too_large, unauthorized, unavailable
from mita.entrypoints.api.sessions import Sessions

_GUARDED = ("/api/", "/live")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # no-referrer would make the Origin of our own forms "null"
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds the headers that keep a browser from being used against its owner; money is never cached."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if not scope["path"].startswith("/static/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Guard:
    """Refuses whoever has no token at the API and the live stream: no route can forget to ask."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(_GUARDED):
            await self._app(scope, receive, send)
            return
        try:
            principal = await self._sessions.principal(HTTPConnection(scope))
        except UNAVAILABLE:
            await unavailable(scope["path"])(scope, receive, send)
            return
        if principal is None:
            await unauthorized(scope["path"])(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = principal
        await self._app(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too large: before it is read if it says its length, else where it exceeds."""

    def __init__(self, app: ASGIApp, *, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

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
        left = self._bytes_max

        async def receive_no_more() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413, TOO_LARGE)
            return message

        await self._app(scope, receive_no_more, send)
