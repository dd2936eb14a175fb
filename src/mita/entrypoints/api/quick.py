"""What is asked all the time goes a shorter way, and is answered as its route would answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
from starlette.requests import HTTPConnection

from mita.entrypoints.api.conditions import send_tagged
from mita.entrypoints.api.guards import telling
from mita.entrypoints.api.problems import rate_limited
from mita.kit.clock import now_utc
from mita.kit.reads import ReadsAway
from mita.kit.web import QUICK, Quick

if TYPE_CHECKING:
    from fastapi.routing import APIRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mita.entrypoints.api.by_path import Paths
    from mita.entrypoints.api.key_limits import KeyLimits
    from mita.entrypoints.api.sessions import Known, Sessions
    from mita.kit.db import Database

_ID = re.compile(r"[1-9][0-9]{0,17}", re.ASCII)
_JSON = (b"content-type", b"application/json")


class QuickAnswers:
    """Answers a GET of a known caller with 200, or leaves it to the guard and its route.

    Whatever is unusual is said by those alone. What proves the caller and what is asked for go to the
    database together; nothing of the answer is sent before the proof is there.
    """

    def __init__(
        self, app: ASGIApp, *, database: Database, paths: Paths, sessions: Sessions, limits: KeyLimits
    ) -> None:
        self._app = app
        self._reads = database.reads
        self._paths = paths
        self._sessions = sessions
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if not await self._is_answered(scope, receive, send):
            await self._app(scope, receive, send)

    async def _is_answered(self, scope: Scope, receive: Receive, send: Send) -> bool:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            return False
        if (found := self._paths.find(scope)) is None:
            return False
        route, parameters = found
        quick: Quick | None = getattr(route.endpoint, QUICK, None)
        if quick is None or (known := self._sessions.known(HTTPConnection(scope))) is None:
            return False
        body = await self._body(quick, known, route, parameters)
        if body is None:
            return False
        scope.setdefault("state", {})["caller"] = known.principal
        told, is_let_in = await self._limits.headers(known.principal)
        if not is_let_in:
            await rate_limited(scope["path"], headers=told)(scope, receive, send)
            return True
        scope.update(route=route, endpoint=route.endpoint, path_params=parameters)
        headers = [(b"content-length", b"%d" % len(body)), _JSON]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        await send_tagged(scope, telling(send, told), start, body)
        return True

    async def _body(
        self, quick: Quick, known: Known, route: APIRoute, parameters: dict[str, str]
    ) -> bytes | None:
        """Return the body of the answer, or None if the route might answer otherwise."""
        if known.principal.device is not None or not all(_ID.fullmatch(each) for each in parameters.values()):
            return None
        ids = {name: int(value) for name, value in parameters.items()}
        try:
            proof = known.proof.begin(self._reads, now=now_utc())
            if proof is None:
                return None
            body = await quick(self._reads, known.principal, route.endpoint.need, **ids)  # type: ignore[attr-defined]  # needs() set it
            return body if known.proof.text_of(await proof) == known.text else None
        except (ReadsAway, psycopg.Error):
            return None
