"""The live stream of the API: hints only, of what each caller may see, resumable."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal
from weakref import WeakSet

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from mita.entrypoints.api.live import HEARTBEAT_SECONDS, Hint, LiveHub, Subscription
from mita.entrypoints.api.problems import unavailable
from mita.entrypoints.api.sessions import Sessions
from mita.estates import queries as estates
from mita.identity.domain import Permission
from mita.kit.db import Database, see_estates
from mita.kit.errors import Invalid, Refusal
from mita.kit.live import ACCESS_TOPIC
from mita.kit.web import Caller, caller, edge, needs, refusals
from mita.wallets import queries as wallets

HintType = Literal[
    "units",
    "balance.in_credit",
    "balance.low",
    "balance.out",
    "supply",
    "meter.offline",
    "meter.online",
    "device",
    "imports",
]
# what a role must include, in the whole estate or in a unit, to be told of a type; any of them is enough
PERMISSIONS: Mapping[str, tuple[Permission, ...]] = {
    "units": (Permission.READINGS_READ, Permission.WALLETS_READ),
    "balance.in_credit": (Permission.WALLETS_READ,),
    "balance.low": (Permission.WALLETS_READ,),
    "balance.out": (Permission.WALLETS_READ,),
    "supply": (Permission.SUPPLY_READ,),
    "meter.offline": (Permission.METERS_READ,),
    "meter.online": (Permission.METERS_READ,),
    # only who sets devices up watches them; its ids would be of no unit
    "device": (Permission.METERS_WRITE,),
    "imports": (Permission.IMPORTS_WRITE,),
}
STREAMS_MAX = 10
LOOK_AGAIN_SECONDS = 60.0


class TooManyStreams(Refusal):
    """The caller has as many live streams open as one may have."""

    code = "too_many_streams"
    status = 429
    title = "You have as many live streams open as you may have"


@dataclass(frozen=True, slots=True)
class Sight:
    """What one caller may be told of: by role, and of ``own`` units, whose wallets they see, by estate."""

    caller: Caller
    own: Mapping[int, frozenset[int]] = field(default_factory=dict)

    def seen(self, hint: Hint) -> Hint | None:
        """Return what a hint tells this caller, or None if it is none of their business."""
        permissions = PERMISSIONS.get(hint.topic)
        if permissions is None or hint.estate_id is None:
            return None
        estate_id = hint.estate_id
        if any(self.caller.may(each, estate_id=estate_id) for each in permissions):
            return hint
        units = self.own.get(estate_id, frozenset()).union(
            *(self.caller.units(each, estate_id=estate_id) for each in permissions)
        )
        ids = tuple(each for each in hint.ids if each in units) if hint.ids else tuple(sorted(units))
        return Hint(hint.hint_id, hint.topic, estate_id, ids) if ids else None


@dataclass(slots=True)
class Streams:
    """The live streams that are open in this process, by caller; one that nobody holds any more is gone."""

    most: int = STREAMS_MAX
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    look_again_seconds: float = LOOK_AGAIN_SECONDS
    open: dict[str, WeakSet["_Stream"]] = field(default_factory=dict)

    def check(self, name: str) -> None:
        """Let a caller open one more.

        :raises TooManyStreams: if that is too many
        """
        if len(self.open.get(name, ())) >= self.most:
            raise TooManyStreams(f"at most {self.most} live streams at a time: end one first")

    def enter(self, name: str, stream: "_Stream") -> None:
        """Count a stream."""
        self.open.setdefault(name, WeakSet()).add(stream)

    def leave(self, name: str, stream: "_Stream") -> None:
        """Count it no more."""
        found = self.open.get(name)
        if found is not None:
            found.discard(stream)
            if not found:
                del self.open[name]


class HintStream(StreamingResponse):
    """Server-sent events of hints."""

    media_type = "text/event-stream"


router = APIRouter(tags=["process"])
STREAMS = "streams"
_EVENT = (
    'id: 01930000-0000-7000-8000-000000000001\ndata: {"type": "balance.low", "estate_id": 1, "ids": [7]}\n\n'
)


@router.get(
    "/events",
    operation_id="stream_events",
    summary="Stream hints of what changed",
    response_class=HintStream,
    responses={
        200: {
            "description": "Server-sent events until the caller goes",
            "content": {HintStream.media_type: {"example": _EVENT}},
        },
        **refusals(TooManyStreams, Invalid),
    },
)
@needs(Permission.ESTATES_READ, or_own=True)
async def stream_events(
    request: Request,
    types: Annotated[
        list[HintType] | None, Query(max_length=20, description="Only these; without it all")
    ] = None,
    last_event_id: Annotated[
        str | None, Header(max_length=100, description="The id of the last event that came; browsers send it")
    ] = None,
) -> Response:
    """Hints of what the caller may see: what to read again, never money. A `reset` says: read all again."""
    parts = edge(request).parts
    live: LiveHub | None = parts["live"]
    if live is None or not live.is_listening.is_set():
        return unavailable(request.url.path)
    asking, streams, sessions = caller(request), parts[STREAMS], parts["sessions"]
    assert isinstance(streams, Streams)
    assert isinstance(sessions, Sessions)

    async def look() -> Sight | None:
        found = await sessions.principal(request)
        return None if found is None else await sight_of(edge(request).database, found)

    streams.check(asking.actor)
    sight = await sight_of(edge(request).database, asking)
    streams.check(asking.actor)
    stream = _Stream(live, live.subscribe(), sight, look, frozenset(types or PERMISSIONS), streams)
    streams.enter(asking.actor, stream)
    return HintStream(
        stream.events(name=asking.actor, last_event_id=last_event_id), headers={"X-Accel-Buffering": "no"}
    )


async def sight_of(database: Database, caller: Caller) -> Sight:
    """Return what a caller may be told of now."""
    if caller.person_id is None:
        return Sight(caller)
    async with database.unit_of_work(estates=[]) as session:
        await see_estates(session, estates=await estates.platform_estate_ids(session))
        return Sight(caller, await wallets.units_of_person(session, person_id=caller.person_id))


@dataclass(slots=True, eq=False, weakref_slot=True)
class _Stream:
    """One open stream; between looks it holds no database session."""

    live: LiveHub
    queue: Subscription
    sight: Sight
    look: Callable[[], Awaitable[Sight | None]]
    types: frozenset[str]
    streams: Streams

    async def events(self, *, name: str, last_event_id: str | None) -> AsyncIterator[bytes]:
        """Yield events: what was missed, or a reset, then what happens; a comment when nothing does."""
        try:
            for event in self._missed(last_event_id):
                yield event
            yield self._still("hello")
            async for event in self._following():
                yield event
        finally:
            self.live.leave(self.queue)
            self.streams.leave(name, self)

    def _missed(self, last_event_id: str | None) -> list[bytes]:
        if not last_event_id:
            return []
        followed = self.live.since(last_event_id)
        if followed is None:
            return [_RESET]
        queued = self.queue.qsize()
        # those that came since the queue was opened are in both
        followed = followed[: len(followed) - queued] if queued else followed
        return [shown for hint in followed if (shown := self._shown(hint)) is not None]

    async def _following(self) -> AsyncIterator[bytes]:
        looked = time.monotonic()
        while True:
            wait_s = min(
                self.streams.heartbeat_seconds, looked + self.streams.look_again_seconds - time.monotonic()
            )
            try:
                hint = await asyncio.wait_for(self.queue.get(), max(wait_s, 0))
            except TimeoutError:
                hint = _NOTHING
            if hint is None:
                return
            is_time = time.monotonic() >= looked + self.streams.look_again_seconds
            if is_time or self._is_of_access(hint):
                found = await self.look()
                if found is None:
                    # the token was revoked, or the session is over
                    return
                self.sight, looked = found, time.monotonic()
            if hint is _NOTHING:
                yield self._still("still here")
            elif hint.topic == "reset":
                yield _RESET
            elif (shown := self._shown(hint)) is not None:
                yield shown

    def _is_of_access(self, hint: Hint) -> bool:
        return hint.topic == ACCESS_TOPIC and self.sight.caller.person_id in hint.ids

    def _still(self, word: str) -> bytes:
        """Return a comment; where nothing is queued, with the id to come back to."""
        newest = self.live.newest_id if self.queue.empty() else ""
        return f": {word}\nid: {newest}\n\n".encode() if newest else f": {word}\n\n".encode()

    def _shown(self, hint: Hint) -> bytes | None:
        if hint.topic not in self.types:
            return None
        seen = self.sight.seen(hint)
        if seen is None:
            return None
        told = json.dumps({"type": seen.topic, "estate_id": seen.estate_id, "ids": list(seen.ids)})
        return f"id: {seen.hint_id}\ndata: {told}\n\n".encode()


_NOTHING = Hint("", "", None, ())
# an empty id: from here on there is nothing to come back to
_RESET = b'id\ndata: {"type": "reset"}\n\n'
