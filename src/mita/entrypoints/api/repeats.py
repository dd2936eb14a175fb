"""Idempotency-Key on whatever creates: the same request again is answered again and not carried out twice.

Money has its keys in the ledger; what is here stands before routes that have none of their own.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, cast

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mita.entrypoints.api.captured import body_of, captured, telling
from mita.entrypoints.api.operation_index import IDEMPOTENCY_KEY
from mita.entrypoints.api.problems import UNAVAILABLE, body_refused, refused, unavailable
from mita.identity import operations as identity
from mita.identity.operations import Answer, Keyed
from mita.kit.clock import now_utc
from mita.kit.errors import Invalid
from mita.kit.ids import read_number
from mita.kit.web import LENT, Lent

if TYPE_CHECKING:
    from fastapi import Request
    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mita.entrypoints.api.captured import Captured
    from mita.entrypoints.api.operation_index import OperationIndex
    from mita.kit.db import Database

REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_ESTATE = re.compile(r"/api/v1/estates/([^/]*)(?:/|$)")
_ERRORS, _BUSY = 400, 503
_ATTEMPTS_MAX = 5


class AnsweredBefore(Exception):
    """The key's request was carried out before; this is what was answered."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


async def answer_again(_: Request, error: Exception) -> Response:
    """Answer as before."""
    answer = cast("AnsweredBefore", error).answer
    return Response(answer.body, answer.status, media_type=answer.media_type, headers={REPLAYED: "true"})


class Repeats:
    """Lends a keyed request its transaction, in which its key is taken and its answer kept."""

    def __init__(self, app: ASGIApp, *, database: Database, index: OperationIndex) -> None:
        self._app = app
        self._database = database
        self._index = index

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        key = self._key_of(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        if not _KEY.fullmatch(key):
            message = "must be 1 to 200 visible ASCII characters"
            refusal = Invalid(message, problems=[{"path": "header.Idempotency-Key", "message": message}])
            await refused(scope["path"], refusal)(scope, receive, send)
            return
        try:
            body = await body_of(scope, receive)
        except HTTPException as error:
            await body_refused(scope["path"], error)(scope, receive, send)
            return
        keyed = _keyed(scope, key=key, body=body)
        try:
            answer = await self._patiently(keyed, scope, body=body, receive=receive)
        except UNAVAILABLE:
            await unavailable(scope["path"])(scope, receive, send)
            return
        await answer.release(send)

    def _key_of(self, scope: Scope) -> str | None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return None
        key = Headers(scope=scope).get(IDEMPOTENCY_KEY)
        if key is None or "caller" not in scope.get("state", {}):
            return None
        found = self._index.of("POST", scope["path"])
        return key if found is not None and found.takes_key else None

    async def _patiently(self, keyed: Keyed, scope: Scope, *, body: bytes, receive: Receive) -> Captured:
        """Try again what was busy: alone in its transaction it may lose to others."""
        for attempt in range(1, _ATTEMPTS_MAX + 1):
            answer = await self._answered(keyed, scope, telling(body, receive))
            if answer.status != _BUSY or attempt == _ATTEMPTS_MAX:
                return answer
        raise AssertionError("the last attempt returns")

    async def _answered(self, keyed: Keyed, scope: Scope, receive: Receive) -> Captured:
        async def begin(session: AsyncSession) -> None:
            before = await identity.begin_keyed(session, keyed=keyed, now=now_utc())
            if before is not None:
                raise AnsweredBefore(before)

        async with self._database.unit_of_work(estates=[keyed.estate_id]) as session:
            answer = await captured(self._app, scope, receive, lent=Lent(session, begin), key=LENT)
            if answer.status >= _ERRORS or REPLAYED in answer.headers:
                await session.rollback()
            else:
                kept = Answer(answer.status, answer.headers.get("content-type", ""), answer.body)
                await identity.keep_answer(session, keyed=keyed, answer=kept)
            return answer


def _keyed(scope: Scope, *, key: str, body: bytes) -> Keyed:
    found = _ESTATE.match(scope["path"])
    # one that is no number of an estate is refused by the route
    estate_id = (read_number(found[1]) if found else None) or identity.PLATFORM
    asked = b"\x00".join([scope["method"].encode(), scope["path"].encode(), scope["query_string"], body])
    return Keyed(
        estate_id,
        scope["state"]["caller"].actor,
        key,
        hashlib.sha256(asked).digest(),
    )
