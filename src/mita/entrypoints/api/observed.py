"""Every request is measured, counted and logged, by its route and not by its path."""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import TYPE_CHECKING

from mita.entrypoints.metrics import REQUESTS

if TYPE_CHECKING:
    from prometheus_client import Histogram
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

access = logging.getLogger("mita.access")
_PREFIX = "/api/v1"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ABORTED = 499


@cache
def _requests(method: str, route: str, status: int) -> Histogram:
    return REQUESTS.labels(method, route, status)


class Observed:
    """Measures what comes after it; what nobody answered has status 499, a fault 500."""

    def __init__(self, app: ASGIApp, *, has_access_log: bool) -> None:
        self._app = app
        self._has_access_log = has_access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_at, status = time.perf_counter(), _ABORTED

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        # the same object for all that follow, so that what the guard says of the caller is seen here
        scope.setdefault("state", {})
        try:
            await self._app(scope, receive, watch)
        except Exception:
            status = 500
            raise
        finally:
            self._note(scope, status=status, seconds=time.perf_counter() - began_at)

    def _note(self, scope: Scope, *, status: int, seconds: float) -> None:
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
                    "caller": "nobody" if caller is None else caller.actor,
                },
            )


def route_of(scope: Scope) -> str:
    """Return the template of the path that was asked for: numbers of such are few, those of paths are not."""
    path = getattr(scope.get("route"), "path", None)
    if path is None:
        return "/static" if scope["path"].startswith("/static/") else "unmatched"
    is_of_api = scope["path"].startswith(_PREFIX) and not path.startswith(_PREFIX)
    return f"{_PREFIX}{path}" if is_of_api else str(path)
