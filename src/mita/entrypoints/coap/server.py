"""``POST /m/<device>/up``: the same posts as over HTTP, answered in the acknowledgement."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from aiocoap import Context, Message, error  # type: ignore[import-untyped]  # it ships no types
from aiocoap.numbers import codes  # type: ignore[import-untyped]  # likewise
from aiocoap.numbers.contentformat import ContentFormat  # type: ignore[import-untyped]  # likewise
from aiocoap.resource import PathCapable, Resource  # type: ignore[import-untyped]  # likewise

from mita.drivers.cbor import BadCbor, json_of
from mita.entrypoints.coap.oscore import Sender
from mita.entrypoints.ingest.faults import is_database_away
from mita.entrypoints.posts import BadPost, NotTaken, read_signed, signer
from mita.identity import queries
from mita.identity.domain import DEVICE_PREFIX
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mita.entrypoints.api.key_limits import KeyLimits
    from mita.entrypoints.posts import Answer, Posts
    from mita.identity.domain import Principal
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

BODY_BYTES_MAX = 64 * 1024
# bodies in blocks are kept until they are whole: strangers must not fill the memory with them
SPOOLED_MAX = 1_000
RETRY_S = 5
# the name of its logger, which would tell what is in a message
_LIBRARY = "coap-server"
_TOKEN, _SENT, _SIGNATURE = "t", "ts", "s"
_TOKEN_MAX = 200
_JSON = (None, ContentFormat.JSON, ContentFormat.TEXT, ContentFormat.OCTETSTREAM)
_LEVELS = 3


class Uplinks(Resource, PathCapable):  # type: ignore[misc]  # likewise
    """Everything below the root; the only thing there is ``/m/<device>/up``."""

    def __init__(self, database: Database, *, posts: Posts, limits: KeyLimits) -> None:
        super().__init__()
        self._database = database
        self._posts = posts
        self._limits = limits
        self.taken = 0

    async def needs_blockwise_assembly(self, request: Any) -> bool:
        """Let a body come in blocks, if it is not too large and few others do."""
        block = request.opt.block1
        if len(request.payload) > BODY_BYTES_MAX:
            raise error.RequestEntityTooLarge
        if block is not None:
            if block.start + len(request.payload) > BODY_BYTES_MAX:
                raise error.RequestEntityTooLarge
            # the library drops what is not continued, after a minute and a half
            if block.block_number == 0 and len(self._block1._assemblies._items) >= SPOOLED_MAX:  # noqa: SLF001 - it has no limit
                raise error.ServiceUnavailable
        return True

    async def render(self, request: Any) -> Any:
        """Answer a request; never with what went wrong inside."""
        try:
            return await self._answered(request)
        except error.RenderableError:
            raise
        except BadPost as bad:
            return Message(code=codes.BAD_REQUEST, payload=bad.detail.encode())
        except NotTaken:
            return Message(code=codes.SERVICE_UNAVAILABLE, max_age=RETRY_S)
        except Exception as fault:
            if is_database_away(fault):
                return Message(code=codes.SERVICE_UNAVAILABLE, max_age=RETRY_S)
            logger.exception("a post over CoAP failed")
            return Message(code=codes.INTERNAL_SERVER_ERROR)

    async def _answered(self, request: Any) -> Any:
        path = request.opt.uri_path
        if len(path) != _LEVELS or path[0] != "m" or path[2] != "up":
            raise error.NotFound
        if request.code != codes.POST:
            raise error.UnallowedMethod
        principal = await self._principal(path[1], request)
        estate_ids = None if principal is None else principal.estate_ids()
        if principal is None or principal.device is None or estate_ids is None:
            raise error.Unauthorized
        _, is_let_in = await self._limits.headers(principal)
        if not is_let_in:
            return Message(code=codes.TOO_MANY_REQUESTS, max_age=RETRY_S)
        body = _body(request)
        (estate_id,) = estate_ids
        answer = await self._posts.take(
            body, device=principal.device, estate_id=estate_id, default=path[1], now=now_utc()
        )
        self.taken += 1
        return Message(code=codes.CHANGED, payload=_document(answer), content_format=ContentFormat.JSON)

    async def _principal(self, device: str, request: Any) -> Principal | None:
        """Return who proves to post: by OSCORE, by a token, or by a signature with the token as its key."""
        if isinstance(request.remote, Sender):
            return request.remote.principal
        said = _query(request.opt.uri_query)
        if _TOKEN in said:
            token = said[_TOKEN]
            if not token.startswith(DEVICE_PREFIX) or not token.isascii() or len(token) > _TOKEN_MAX:
                return None
            async with self._database.unit_of_work(estates=[]) as session:
                return await queries.principal_of_device_token(session, token=token)
        signed = read_signed(
            device=said.get("d", device),
            sent=said.get(_SENT, ""),
            signature=said.get(_SIGNATURE, ""),
            body=request.payload,
        )
        return None if signed is None else await signer(self._database, signed, now=now_utc())


def _body(request: Any) -> bytes:
    """Return the body as JSON; a signature is of what was sent."""
    if request.opt.content_format == ContentFormat.CBOR:
        try:
            return json_of(request.payload)
        except BadCbor as bad:
            raise BadPost(f"the body is no CBOR that is read here: {bad}") from bad
    if request.opt.content_format not in _JSON:
        raise error.UnsupportedContentFormat
    return bytes(request.payload)


def _query(parts: tuple[str, ...]) -> Mapping[str, str]:
    return {name: value for name, _, value in (part.partition("=") for part in parts)}


def _document(answer: Answer) -> bytes:
    """Return what is answered, as small as it can be: empty lists are left out."""
    said = {
        "accepted": answer.accepted,
        "rejected": answer.rejected,
        "rejections": [
            {"item": each.item, "code": each.code, "reason": each.detail} for each in answer.refusals
        ],
        "commands": answer.commands,
    }
    kept = {name: value for name, value in said.items() if value != []}
    return json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode()


async def listen(root: Resource, *, bind: tuple[str, int]) -> Context:
    """Listen on UDP; the context's ``shutdown`` ends it.

    :raises OSError: if the address cannot be listened on
    """
    # nothing of what it logs below this says less than what was sent, a token in the query too
    logging.getLogger(_LIBRARY).setLevel(logging.ERROR)
    return await Context.create_server_context(root, bind=bind, loggername=_LIBRARY, transports=["udp6"])
