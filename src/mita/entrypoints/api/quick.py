"""What is asked all the time goes a shorter way, and is answered as its route would answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
from fastapi.routing import APIRoute

from mita.entrypoints.api.captured import no_body
from mita.entrypoints.api.conditions import send_tagged
from mita.entrypoints.api.guards import telling
from mita.entrypoints.api.problems import rate_limited
from mita.kit.clock import now_utc
from mita.kit.reads import ReadsAway
from mita.kit.web import QUICK, Quick

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.routing import BaseRoute
    from starlette.types import Scope, Send

    from mita.entrypoints.api.key_limits import KeyLimits
    from mita.entrypoints.api.sessions import Known, Sessions
    from mita.kit.db import Database

_PARAMETER = re.compile(r"\\\{(\w+)\\\}")
_ID = r"(?P<\1>[1-9][0-9]{0,17})"
_JSON = (b"content-type", b"application/json")


class QuickAnswers:
    """Answers a GET of a known caller with 200, or leaves it to all that comes before its route.

    Whatever is unusual is said there alone. What proves the caller and what is asked for go to the database
    together; nothing of the answer is sent before the proof is there.
    """

    def __init__(
        self, routes: Iterable[BaseRoute], *, database: Database, sessions: Sessions, limits: KeyLimits
    ) -> None:
        self._reads = database.reads
        self._sessions = sessions
        self._limits = limits
        self._ways = [
            (_path_of_ids(route.path), route)
            for route in routes
            if isinstance(route, APIRoute) and hasattr(route.endpoint, QUICK)
        ]

    async def is_answered(self, scope: Scope, send: Send) -> bool:
        """Answer a request, or tell that it is to be asked of its route."""
        # who mounts the application elsewhere, or watches the router's choice, is served by the router
        if (
            scope["method"] != "GET"
            or scope["query_string"]
            or scope.get("root_path")
            or "fastapi.telemetry" in scope
        ):
            return False
        path = scope["path"]
        for pattern, route in self._ways:
            if (fits := pattern.fullmatch(path)) is not None:
                return await self._is_sent(scope, send, route, fits.groupdict())
        return False

    async def _is_sent(self, scope: Scope, send: Send, route: APIRoute, ids: dict[str, str]) -> bool:
        quick: Quick | None = getattr(route.endpoint, QUICK, None)
        known = self._sessions.known(_authorization(scope))
        if quick is None or known is None:
            return False
        body = await self._body(quick, known, route, {name: int(text) for name, text in ids.items()})
        if body is None:
            return False
        scope["state"]["caller"] = known.principal
        scope.update(route=route, endpoint=route.endpoint, path_params=ids)
        told, is_let_in = await self._limits.headers(known.principal)
        if is_let_in:
            headers = [(b"content-length", b"%d" % len(body)), _JSON]
            start = {"type": "http.response.start", "status": 200, "headers": headers}
            await send_tagged(scope, telling(send, told), start, body)
        else:
            await rate_limited(scope["path"], headers=told)(scope, no_body, send)
        return True

    async def _body(self, quick: Quick, known: Known, route: APIRoute, ids: dict[str, int]) -> bytes | None:
        """Return the body of the answer, or None if the route might answer otherwise."""
        if known.principal.device is not None:
            return None
        try:
            proof = known.proof.begin(self._reads, now=now_utc())
            if proof is None:
                return None
            body = await quick(self._reads, known.principal, route.endpoint.need, **ids)  # type: ignore[attr-defined]  # needs() set it
            return body if known.proof.text_of(await proof) == known.text else None
        except (ReadsAway, psycopg.Error):
            return None


def _path_of_ids(template: str) -> re.Pattern[str]:
    """Return the pattern of a route's path with ids: no word fits there, so no other route is meant."""
    return re.compile(_PARAMETER.sub(_ID, re.escape(template)), re.ASCII)


def _authorization(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"authorization":
            return str(value, "latin-1")
    return ""
