"""What comes first for each request: its correlation id, the shorter ways, the answer's headers, its line."""

from __future__ import annotations

import logging
import time
import uuid
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from mita.entrypoints.api.problems import CORRELATION, HEADERS
from mita.entrypoints.logs import masked
from mita.entrypoints.metrics import REQUESTS
from mita.kit import context
from mita.kit.context import CORRELATION_HEADER, Context, Proxies, correlation_id_in

if TYPE_CHECKING:
    from prometheus_client import Histogram
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mita.entrypoints.api.quick import QuickAnswers

access = logging.getLogger("mita.access")
_PREFIX = "/api/v1"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ABORTED = 499
_CALLERS_MAX = 10_000
_CORRELATION = CORRELATION_HEADER.lower().encode()
_FORWARDED = b"x-forwarded-for"
_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
# money is never cached
_HEADERS_OF_MONEY = [*_HEADERS, (b"cache-control", b"no-store")]


class Front:
    """Gives each request its correlation id and its caller's address, and completes and notes its answer.

    Headers keep a browser from being used against its owner. Requests are measured, counted and logged by
    their routes, not by their paths; what nobody answered has status 499, a fault 500.
    """

    def __init__(self, app: ASGIApp, *, quick: QuickAnswers, proxies: Proxies, has_access_log: bool) -> None:
        self._app = app
        self._quick = quick
        self._proxies = proxies
        self._has_access_log = has_access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_at = time.perf_counter()
        cause, is_named_by_us = self._cause(scope)
        # the same object for all that follow, so that what the guard says of the caller is seen here; and an
        # unexpected error is answered outside of all this
        scope.setdefault("state", {})[CORRELATION] = cause.correlation_id
        answer = _Answer(scope, send, cause.correlation_id)
        with context.entered(cause):
            try:
                if not await self._quick.is_answered(scope, answer):
                    await self._app(scope, receive, answer)
            except Exception:
                answer.status = 500
                raise
            finally:
                seconds = time.perf_counter() - began_at
                self._note(scope, status=answer.status, seconds=seconds, is_named_by_us=is_named_by_us)

    def _cause(self, scope: Scope) -> tuple[Context, bool]:
        """Return where a request comes from, and whether its correlation id is ours."""
        sent, forwarded_for = "", []
        for name, value in scope["headers"]:
            if name == _CORRELATION:
                sent = sent or value.decode("latin-1")
            elif name == _FORWARDED:
                forwarded_for.append(value.decode("latin-1"))
        peer = scope.get("client")
        address = self._proxies.address(peer[0] if peer else None, forwarded_for=forwarded_for)
        if (told := correlation_id_in(sent)) is not None:
            return Context(told, address), False
        return Context(str(uuid.uuid4()), address), True

    def _note(self, scope: Scope, *, status: int, seconds: float, is_named_by_us: bool) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_of(scope)
        _requests(method, route, status).observe(seconds)
        if self._has_access_log:
            caller = scope["state"].get("caller")
            access.info(
                "request",
                extra={
                    "method": method,
                    "route": route,
                    "status": status,
                    "ms": int(seconds * 1000),
                    "caller": "nobody" if caller is None else _shown(caller.actor),
                    # looking for secrets takes longer than all else of the line
                    "openly": is_named_by_us,
                },
            )


class _Answer:
    """A ``send`` that completes the headers of an answer, and knows its status."""

    __slots__ = ("_correlation_id", "_send", "_wanted", "status")

    def __init__(self, scope: Scope, send: Send, correlation_id: str) -> None:
        self._send = send
        self._correlation_id = correlation_id
        self._wanted = _HEADERS if scope["path"].startswith("/static/") else _HEADERS_OF_MONEY
        self.status = _ABORTED

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            # as they are sent, and only those that the answer has not set itself
            headers = list(message.get("headers", ()))
            named = {name for name, _ in headers}
            headers += [each for each in self._wanted if each[0] not in named]
            headers.append((_CORRELATION, self._correlation_id.encode()))
            message["headers"] = headers
        await self._send(message)


@lru_cache(_CALLERS_MAX)
def _shown(actor: str) -> str:
    """Return who asks as a line may say it: staff and devices have names that people gave them."""
    return masked(actor)


@cache
def _requests(method: str, route: str, status: int) -> Histogram:
    return REQUESTS.labels(method, route, status)


def route_of(scope: Scope) -> str:
    """Return the template of the path that was asked for: numbers of such are few, those of paths are not."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "/static" if scope["path"].startswith("/static/") else "unmatched"
    is_of_api = scope["path"].startswith(_PREFIX) and not path.startswith(_PREFIX)
    return f"{_PREFIX}{path}" if is_of_api else str(path)
