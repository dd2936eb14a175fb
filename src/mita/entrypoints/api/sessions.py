"""Who is asking: whom a bearer token belongs to."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import HTTPConnection

from mita.identity import operations, queries
from mita.identity.domain import Principal, token_hash
from mita.identity.queries import Proof
from mita.kit.clock import EPOCH, now_utc
from mita.kit.db import Database
from mita.kit.reads import ReadsAway
from mita.kit.web import bearer_of

_NOTED_EVERY = timedelta(minutes=1)
_TOKEN_CHARS_MAX = 200
# an access token is a JWT; no other token has a dot
_DOTS_OF_ACCESS, _ACCESS_CHARS_MAX = 2, 1000
_KNOWN_MAX = 20_000


@dataclass(frozen=True, slots=True)
class Known:
    """A caller, how to ask what the caller was derived from, and what that was."""

    principal: Principal
    proof: Proof
    text: bytes


class Sessions:
    """Checks tokens, and remembers whose they are."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # when the last use of an API key was written down, by its id: once a minute is enough
        self._noted: dict[int, datetime] = {}
        # by the hash of the token, the one that came last at the end
        self._known: OrderedDict[bytes, Known] = OrderedDict()

    async def principal_of_token(self, token: str) -> Principal | None:
        """Return who a bearer token belongs to, or None.

        Who was known before is known again only if the database says, at this very request, that nothing of
        what that was derived from has changed: token, session, roles, the estates of organisations.
        """
        if not _may_be_token(token):
            return None
        digest = token_hash(token)
        known = self._known.get(digest)
        if known is not None:
            if await self._is_still_so(known):
                return known.principal
            self._known.pop(digest, None)
        return await self._looked_up(token, digest=digest)

    def known(self, authorization: str) -> Known | None:
        """Return who showed the bearer token of this header before; whether it still holds is to be asked."""
        token = bearer_of(authorization)
        if token is None or not _may_be_token(token):
            return None
        return self._known.get(token_hash(token))

    async def _is_still_so(self, known: Known) -> bool:
        try:
            return await known.proof.text(self._database.reads, now=now_utc()) == known.text
        except ReadsAway:
            return False

    async def _looked_up(self, token: str, *, digest: bytes) -> Principal | None:
        now, proof = now_utc(), queries.proof_of(token)
        # a caller and their proof are of the same instant
        async with self._database.unit_of_work(estates=[], is_repeatable=proof is not None) as session:
            if token.count(".") == _DOTS_OF_ACCESS:
                found = await queries.principal_of_access(session, token=token, now=now)
            else:
                found = await queries.principal_of_token(session, token=token)
            if found is not None and found.key_id is not None:
                await self._note_use(session, api_key_id=found.key_id)
            if found is not None and proof is not None:
                text = await proof.text_in(session, now=now)
                if text is not None:
                    self._remember(digest, Known(found, proof, text))
            return found

    def _remember(self, digest: bytes, known: Known) -> None:
        self._known[digest] = known
        while len(self._known) > _KNOWN_MAX:
            self._known.popitem(last=False)

    async def _note_use(self, session: AsyncSession, *, api_key_id: int) -> None:
        now = now_utc()
        if now - self._noted.get(api_key_id, EPOCH) >= _NOTED_EVERY:
            await operations.note_key_use(session, api_key_id=api_key_id, now=now)
            self._noted[api_key_id] = now

    async def principal(self, connection: HTTPConnection) -> Principal | None:
        """Return who is asking, by the bearer token of the request."""
        token = bearer_of(connection.headers.get("authorization", ""))
        return None if token is None else await self.principal_of_token(token)


def _may_be_token(text: str) -> bool:
    if not text.isascii() or not text.isprintable():
        return False
    is_access = text.count(".") == _DOTS_OF_ACCESS
    return 0 < len(text) <= (_ACCESS_CHARS_MAX if is_access else _TOKEN_CHARS_MAX)
