"""ETags: what was read is not sent twice (If-None-Match), and not changed unseen (If-Match)."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException

from mita.entrypoints.api.captured import body_of, captured, no_body, telling
from mita.entrypoints.api.operation_index import cursor_of
from mita.entrypoints.api.problems import (
    UNAVAILABLE,
    body_refused,
    busy,
    has_lost_a_race,
    refused,
    unavailable,
)
from mita.kit import context
from mita.kit.errors import Invalid, PreconditionFailed, Refusal
from mita.kit.web import LENT, Lent, tag_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from mita.entrypoints.api.captured import Captured
    from mita.entrypoints.api.operation_index import OperationIndex
    from mita.kit.db import Database

_JSON = "application/json"
_OK, _ERRORS = 200, 400
_MAX_TAGS = 100
_ATTEMPTS_MAX = 8
_PAUSE_SECONDS = 0.02


class Conditions:
    """Gives each answer to a GET its ETag, and carries out changes on the condition of one.

    The tag is a hash of the answer's bytes; a route whose answer tells the time gives its own. A change with
    If-Match runs in a transaction that sees one instant: there the thing is read as GET reads it, its tag
    compared, and the change made; who changes the same rows meanwhile makes it begin again.
    """

    def __init__(self, app: ASGIApp, *, database: Database, index: OperationIndex) -> None:
        self._app = app
        self._database = database
        self._index = index

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self._app(scope, receive, send)
        elif scope["method"] == "GET":
            await self._app(scope, receive, _Tagging(scope, send))
        elif scope["method"] in ("PUT", "PATCH", "DELETE") and "if-match" in Headers(scope=scope):
            await self._change(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _change(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._index.of(scope["method"], scope["path"])
        if found is None or not found.is_tagged:
            message = "nothing under this path has an ETag"
            refusal = Invalid(message, problems=[{"path": "header.If-Match", "message": message}])
            await refused(scope["path"], refusal)(scope, receive, send)
            return
        try:
            # before the transaction: whoever sends slowly holds no connection to the database meanwhile
            body = await body_of(scope, receive)
        except HTTPException as error:
            await body_refused(scope["path"], error)(scope, receive, send)
            return
        try:
            answer = await self._tried(scope, receive, body)
        except Refusal as refusal:
            await refused(scope["path"], refusal)(scope, receive, send)
        except UNAVAILABLE:
            await unavailable(scope["path"])(scope, receive, send)
        else:
            if answer is None:
                await busy(scope["path"])(scope, receive, send)
                return
            await answer.release(send)

    async def _tried(self, scope: Scope, receive: Receive, body: bytes) -> Captured | None:
        """Carry out a change; again as long as a race is lost, None if it was lost every time.

        A race may be for something else, such as a balance that a rule looks at: only the tag tells whether
        what was read has changed.
        """
        for attempt in range(1, _ATTEMPTS_MAX + 1):
            try:
                answer = await self._changed(scope, telling(body, receive))
            except UNAVAILABLE as error:
                if not has_lost_a_race(error):
                    raise
            else:
                # below the tag's comparison nothing but a race is answered so
                if answer.status != PreconditionFailed.status:
                    return answer
            # spread out, or two writers meet again and again
            await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * attempt))  # noqa: S311 - a pause, not a secret
        return None

    async def _changed(self, scope: Scope, receive: Receive) -> Captured:
        async with self._database.unit_of_work(estates=[], is_repeatable=True) as session:
            shown = await self._shown(scope, session)
            if shown.status != _OK:
                await session.rollback()
                return shown
            tag = shown.headers.get("etag") or tag_of(shown.body)
            if not is_among(tag, Headers(scope=scope).getlist("if-match"), is_weak=False):
                raise _changed_meanwhile()
            answer = await captured(self._app, scope, receive, lent=Lent(session), key=LENT)
            if answer.status >= _ERRORS:
                await session.rollback()
            return answer

    async def _shown(self, scope: Scope, session: AsyncSession) -> Captured:
        """Read what is to be changed as the caller sees it; what reading set and loaded is taken back."""
        async with session.begin_nested() as before:
            with context.entered(context.current()):
                shown = await captured(
                    self._app, scope, no_body, lent=Lent(session), key=LENT, asking=_get(scope)
                )
            await before.rollback()
        session.expunge_all()
        return shown


def _changed_meanwhile() -> PreconditionFailed:
    return PreconditionFailed("it has another ETag by now: read it again")


def _get(scope: Scope) -> Scope:
    """Return the request that reads what ``scope`` changes."""
    kept = (b"authorization", b"host", b"cookie")
    headers = [(name, value) for name, value in scope["headers"] if name in kept]
    return {**scope, "method": "GET", "query_string": b"", "headers": headers}


def is_among(tag: str, asked: list[str], *, is_weak: bool) -> bool:
    """Tell whether the values of If-Match or If-None-Match name a tag; weak tags count where they may."""
    named = [each.strip() for value in asked for each in value.split(",")][:_MAX_TAGS]
    return "*" in named or tag in named or (is_weak and f"W/{tag}" in named)


class _Tagging:
    """A ``send`` that holds a JSON answer back until its tag and the link to the next page are known."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._parts: list[bytes] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_tagged(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._parts.append(message.get("body", b""))
            if not message.get("more_body"):
                await send_tagged(self._scope, self._send, self._start, b"".join(self._parts))


async def send_tagged(scope: Scope, send: Send, start: Message, body: bytes) -> None:
    """Send a JSON answer with its tag and the link to the next page, or 304 to who has it already.

    Under a route's own tag the time may have gone on: it is told again.
    """
    own, tag = Headers(raw=start["headers"]).get("etag"), tag_of(body)
    if own is None:
        start["headers"].append((b"etag", tag.encode()))
    if link := _link(scope, body):
        start["headers"].append((b"link", link.encode("latin-1")))
    known = [value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"]
    if own is None and known and is_among(tag, known, is_weak=True):
        start["status"], body, headers = 304, b"", MutableHeaders(scope=start)
        del headers["content-length"], headers["content-type"]
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _is_tagged(start: Message) -> bool:
    return start["status"] == _OK and Headers(raw=start["headers"]).get("content-type") == _JSON


def _link(scope: Scope, body: bytes) -> str | None:
    """Return the Link header of a page that another one follows."""
    if b'"next":' not in body[-400:] or (cursor := cursor_of(scope["route"])) is None:
        return None
    found = json.loads(body)
    if not isinstance(found, dict) or found.get("next") is None:
        return None
    query = [each for each in parse_qsl(scope["query_string"].decode("latin-1")) if each[0] != cursor]
    return f'<{scope["path"]}?{urlencode([*query, (cursor, found["next"])])}>; rel="next"'
