"""An answer held back until it is known whether it stands; a body that is read before its route does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers
from starlette.requests import Request

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# what a router leaves in the scope of a request that it has served
_LEFT = ("route", "endpoint", "path_params")


@dataclass(slots=True)
class Captured:
    """An answer, message by message, that nobody has been sent yet."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return int(self.messages[0]["status"])

    @property
    def headers(self) -> Headers:
        """The headers."""
        return Headers(raw=self.messages[0]["headers"])

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    async def hold(self, message: Message) -> None:
        """Take a message in the place of a ``send``."""
        self.messages.append(message)

    async def release(self, send: Send) -> None:
        """Send everything."""
        for message in self.messages:
            await send(message)


async def captured(
    app: ASGIApp, scope: Scope, receive: Receive, *, lent: Any, key: str, asking: Scope | None = None
) -> Captured:
    """Let ``app`` answer a request, with ``lent`` in its state, and hold the answer back.

    ``asking`` is another request to be answered in the place of the scope's own.
    """
    inner = {**(scope if asking is None else asking), "state": {**scope.get("state", {}), key: lent}}
    found = Captured()
    await app(inner, receive, found.hold)
    if asking is None:
        scope.update({name: inner[name] for name in _LEFT if name in inner})
    return found


async def body_of(scope: Scope, receive: Receive) -> bytes:
    """Read a request's whole body.

    :raises HTTPException: if it is too large
    """
    return await Request(scope, receive).body()


def telling(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that tells a body that was read already, and then what ``receive`` does."""
    is_told = False

    async def tell() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return tell


async def no_body() -> Message:
    """Tell a request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}
