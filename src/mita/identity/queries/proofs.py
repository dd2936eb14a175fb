"""What a caller was derived from, as one text: as long as it is the same, so is the caller.

A process that has looked up once who a token belongs to asks for this at each further request instead, in one
small read. Whatever :func:`principal_of_token` and :func:`principal_of_access` read has to be in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.identity.domain import DEVICE_PREFIX, IMPERSONATION_PREFIX, KEY_PREFIX, token_hash
from mita.identity.domain.sessions import ACCESS_LIFE, KEY_SIGNS_FOR, said_of_access
from mita.kit.reads import Read, rows_in

if TYPE_CHECKING:
    from asyncio import Future
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.reads import Reads, Row

# live roles, whole rows of them, and the estates of organisations
_ROLES = """
    (SELECT array_agg(
        ROW(g, CASE WHEN g.organisation_id IS NOT NULL
                    THEN ARRAY(SELECT organisation_estate_ids(g.organisation_id)) END)
        ORDER BY g.role_grant_id)
     FROM role_grant g
     WHERE g.person_id = {person} AND g.revoked_at IS NULL AND (g.until IS NULL OR g.until > now()))
"""
_OF_TOKEN = Read(
    "proof_of_token",
    f"""
    SELECT asked.place, ROW(t.name, t.person_id, {_ROLES.format(person="t.person_id")})::text
    FROM unnest($1::text[]) WITH ORDINALITY AS asked(token_hash, place)
    JOIN api_token t ON t.token_hash = decode(asked.token_hash, 'hex')
    """,  # noqa: S608 - of constants
    of_many=True,
)
_OF_ACCESS = Read(
    "proof_of_access",
    f"""
    SELECT asked.place, ROW(s.person_id, s.has_second_factor, p.name, p.erased_at, k.kid, k.public_key,
               {_ROLES.format(person="s.person_id")})::text
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
        AS asked(session_id, kid, at, made_after, place)
    JOIN person_session s ON s.person_session_id = asked.session_id::uuid
        AND s.ended_at IS NULL AND s.expires_at > asked.at::timestamptz
    JOIN person p ON p.person_id = s.person_id
    JOIN signing_key k ON k.kid = asked.kid AND k.created_at > asked.made_after::timestamptz
    """,  # noqa: S608 - of constants
    of_many=True,
)
_SIGNED_AGO = KEY_SIGNS_FOR + ACCESS_LIFE
_PREFIXED = (KEY_PREFIX, DEVICE_PREFIX, IMPERSONATION_PREFIX)


@dataclass(frozen=True, slots=True)
class Proof:
    """How to ask what a token's caller was derived from; ``until`` is when the token itself ends."""

    read: Read
    values: tuple[str, ...]
    until: datetime | None = None

    def _values(self, now: datetime) -> tuple[str, ...]:
        if self.until is None:
            return self.values
        return (*self.values, now.isoformat(), (now - _SIGNED_AGO).isoformat())

    async def text_in(self, session: AsyncSession, *, now: datetime) -> bytes | None:
        """Return the text as a session's transaction sees it, or None where the token is nobody's."""
        return self.text_of(await rows_in(session, self.read, *self._values(now)))

    async def text(self, reads: Reads, *, now: datetime) -> bytes | None:
        """Return the text as it is now, or None where the token is nobody's, or over.

        :raises mita.kit.reads.ReadsAway: if the connection for small reads is away
        """
        return None if self._is_over(now) else self.text_of(await reads.rows(self.read, *self._values(now)))

    def begin(self, reads: Reads, *, now: datetime) -> Future[list[Row]] | None:
        """Begin to ask what :meth:`text` asks, for :meth:`text_of` to read; None where the token is over.

        :raises mita.kit.reads.ReadsAway: if the connection for small reads is not there now
        """
        return None if self._is_over(now) else reads.begin(self.read, *self._values(now))

    @staticmethod
    def text_of(rows: list[Row]) -> bytes | None:
        """Return the text in what was found, or None where the token is nobody's."""
        return rows[0][0] if rows else None

    def _is_over(self, now: datetime) -> bool:
        return self.until is not None and self.until <= now


def proof_of(token: str) -> Proof | None:
    """Return the proof of a bearer token, or None if there is none for its kind: keys, devices, support."""
    if token.startswith(_PREFIXED):
        return None
    said = said_of_access(token)
    if said is None:
        return Proof(_OF_TOKEN, (token_hash(token).hex(),))
    kid, session_id, expires_at = said
    return Proof(_OF_ACCESS, (str(session_id), kid), expires_at)
