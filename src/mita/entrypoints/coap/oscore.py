"""OSCORE (RFC 8613): messages that a device protects with its token, opened and answered likewise.

The context is the device's token: Master Secret its text, no Master Salt, no ID Context, AES-CCM-16-64-128
and HKDF SHA-256. The device's Sender ID is the first seven bytes of the token's SHA-256, ours is empty. An
answer has the nonce of its request, so that nothing is to be counted here but the requests that were taken.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Any

from aiocoap import Message, error, interfaces, oscore  # type: ignore[import-untyped]  # it ships no types
from aiocoap import pipe as pipes
from aiocoap.numbers import codes  # type: ignore[import-untyped]  # likewise

from mita.entrypoints.ingest.faults import is_database_away
from mita.identity import operations, queries
from mita.kit.seal import KeyGone, NotSealable

if TYPE_CHECKING:
    from mita.identity.domain import Principal
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

WINDOW = 32
RETRY_S = 5
_KID = oscore.COSE_KID


class NotOpened(Exception):
    """A message that no device of ours protected, or that was taken already; ``code`` is the answer's."""

    def __init__(self, code: Any, why: str) -> None:
        super().__init__(why)
        self.code = code


class TokenContext(oscore.CanProtect, oscore.CanUnprotect, oscore.SecurityContextUtils):  # type: ignore[misc]  # likewise
    """The security context of a device token: our end of it, or the device's."""

    alg_aead = oscore.algorithms["AES-CCM-16-64-128"]
    hashfun = oscore.hashfunctions["sha256"]
    id_context = None
    is_signing = False
    responses_send_kid = False

    def __init__(self, token: str, *, is_device: bool, first_number: int = oscore.MAX_SEQNO) -> None:
        kid = hashlib.sha256(token.encode()).digest()[: operations.KID_BYTES]
        self.sender_id, self.recipient_id = (kid, b"") if is_device else (b"", kid)
        self.derive_keys(b"", token.encode())
        self.recipient_replay_window = oscore.ReplayWindow(WINDOW, lambda: None)
        self.recipient_replay_window.initialize_empty()
        # what was taken is known for certain: nobody has to prove that a request is fresh
        self.echo_recovery = None
        # our end has none to give: its answers have their requests' nonces
        self.sender_sequence_number = first_number

    def post_seqnoincrease(self) -> None:
        """Whoever sends of its own accord remembers the number; our end never does."""


class Sender(interfaces.EndpointAddress):  # type: ignore[misc]  # likewise
    """Where a protected request came from, and which device proved to have sent it."""

    def __init__(self, address: Any, *, principal: Principal, kid: bytes) -> None:
        self._address, self._kid = address, kid
        self.principal = principal

    hostinfo = property(lambda self: self._address.hostinfo)
    hostinfo_local = property(lambda self: self._address.hostinfo_local)
    uri_base = property(lambda self: self._address.uri_base)
    uri_base_local = property(lambda self: self._address.uri_base_local)
    scheme = property(lambda self: self._address.scheme)
    maximum_block_size_exp = property(lambda self: self._address.maximum_block_size_exp)
    maximum_payload_size = property(lambda self: self._address.maximum_payload_size)
    is_multicast = is_multicast_locally = False

    @property
    def blockwise_key(self) -> Any:
        """What blocks of one body have in common: the device, whatever its address becomes meanwhile."""
        return "oscore", self._kid


class Shield(interfaces.Resource):  # type: ignore[misc]  # likewise
    """Before the uplinks: opens protected requests and protects their answers.

    What is plain is let through only if ``takes_plain``.
    """

    def __init__(self, uplinks: Any, *, database: Database, takes_plain: bool) -> None:
        super().__init__()
        self._uplinks, self._database, self._takes_plain = uplinks, database, takes_plain

    async def needs_blockwise_assembly(self, request: Any) -> bool:  # noqa: ARG002 - the library asks
        """Say no: a protected message comes whole, its blocks are inside."""
        return False

    async def render(self, request: Any) -> Any:
        """Everything goes through ``render_to_pipe``."""
        raise NotImplementedError

    async def render_to_pipe(self, pipe: Any) -> None:
        """Answer a request."""
        request = pipe.request
        if request.opt.oscore is None:
            if not self._takes_plain:
                raise error.Unauthorized("only what OSCORE protects is taken here")
            await self._uplinks.render_to_pipe(pipe)
            return
        try:
            context, opened, number = await self._opened(request)
        except NotOpened as refused:
            pipe.add_response(Message(code=refused.code, payload=str(refused).encode()), is_last=True)
            return
        except Exception as fault:
            if not is_database_away(fault):
                raise
            pipe.add_response(Message(code=codes.SERVICE_UNAVAILABLE, max_age=RETRY_S), is_last=True)
            return
        inner = pipes.IterablePipe(opened)
        pipes.run_driving_pipe(
            pipes.error_to_message(inner, logger), self._uplinks.render_to_pipe(inner), name="protected post"
        )
        async for event in inner:
            answer = event.message
            if event.exception is not None:
                logger.error("a protected post failed error=%r", event.exception)
                answer = Message(code=codes.INTERNAL_SERVER_ERROR)
            # nothing here is observed: the first answer is the only one, and has the request's nonce
            protected, _ = context.protect(answer, number)
            pipe.add_response(protected, is_last=True)
            return

    async def _opened(self, request: Any) -> tuple[TokenContext, Any, Any]:
        """Return the context, the plain request and what its answer is bound to.

        The number is taken with the commit, before anything is done: what comes again is refused, by every
        process, and after a crash as well.

        :raises NotOpened: if the request is not let in
        """
        try:
            kid = oscore.verify_start(request).get(_KID) or b""
        except oscore.DecodeError as bad:
            raise NotOpened(codes.BAD_OPTION, "the OSCORE option cannot be read") from bad
        async with self._database.unit_of_work(estates=[]) as session:
            found = await operations.token_of_kid(session, kid=kid)
        if found is None:
            raise NotOpened(codes.UNAUTHORIZED, "Security context not found")
        estate_id, device_token_id = found
        async with self._database.unit_of_work(estates=[estate_id]) as session:
            try:
                held = await operations.hold_shielded(
                    session, estate_id=estate_id, device_token_id=device_token_id
                )
            except (KeyGone, NotSealable) as gone:
                raise NotOpened(codes.UNAUTHORIZED, "Security context not found") from gone
            if held is None:
                raise NotOpened(codes.UNAUTHORIZED, "Security context not found")
            context = TokenContext(held.token, is_device=False)
            window, replay = context.recipient_replay_window, held.replay
            window.initialize_from_persisted({"index": replay.seen_from, "bitfield": replay.seen_bits})
            opened, number = _unprotected(context, request)
            seen = window.persist()
            replay.seen_from, replay.seen_bits = seen["index"], seen["bitfield"]
        principal = queries.device_principal(estate_id=estate_id, device=held.device)
        opened.remote = Sender(request.remote, principal=principal, kid=kid)
        return context, opened, number


def _unprotected(context: TokenContext, request: Any) -> tuple[Any, Any]:
    try:
        opened, number = context.unprotect(request)
    except oscore.ReplayError as again:
        raise NotOpened(codes.UNAUTHORIZED, "Replay detected") from again
    except oscore.DecodeError as bad:
        raise NotOpened(codes.BAD_OPTION, "the OSCORE option cannot be read") from bad
    except (oscore.ProtectionInvalid, error.UnparsableMessage) as bad:
        raise NotOpened(codes.BAD_REQUEST, "Decryption failed") from bad
    if not opened.code.is_request():
        raise NotOpened(codes.BAD_REQUEST, "no request is inside")
    return opened, number
