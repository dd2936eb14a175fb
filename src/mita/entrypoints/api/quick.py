"""What is asked all the time goes a shorter way, and is answered as its route would answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg

from mita.entrypoints.api.conditions import send_tagged
from mita.kit.reads import ReadsAway
from mita.kit.web import QUICK, Caller, Need, Quick

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mita.entrypoints.api.by_path import Paths
    from mita.kit.db import Database

_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_JSON = (b"content-type", b"application/json")


class QuickAnswers:
    """Answers a GET with 200, or leaves it to its route: whatever is unusual is said by that alone.

    It stands behind the guard, before what reads bodies and keeps answers, of which a GET has no need.
    """

    def __init__(self, app: ASGIApp, *, database: Database, paths: Paths) -> None:
        self._app = app
        self._reads = database.reads
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        found = None
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["query_string"]:
            found = self._paths.find(scope)
        if found is None or (quick := getattr(found[0].endpoint, QUICK, None)) is None:
            await self._app(scope, receive, send)
            return
        route, parameters = found
        body = await self._body(quick, scope, route.endpoint.need, parameters)  # type: ignore[attr-defined]  # needs() set it
        if body is None:
            await self._app(scope, receive, send)
            return
        scope.update(route=route, endpoint=route.endpoint, path_params=parameters)
        headers = [(b"content-length", b"%d" % len(body)), _JSON]
        await send_tagged(
            scope, send, {"type": "http.response.start", "status": 200, "headers": headers}, body
        )

    async def _body(self, quick: Quick, scope: Scope, need: Need, parameters: dict[str, str]) -> bytes | None:
        caller: Caller | None = scope.get("state", {}).get("caller")
        if caller is None or caller.device is not None:
            return None
        if not all(_ID.fullmatch(each) for each in parameters.values()):
            return None
        try:
            return await quick(
                self._reads, caller, need, **{name: int(value) for name, value in parameters.items()}
            )
        except (ReadsAway, psycopg.Error):
            return None
