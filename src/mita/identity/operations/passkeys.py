"""Passkeys (WebAuthn): made on a device, asked for when somebody signs in."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import webauthn
from sqlalchemy import delete
from webauthn.helpers import parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from mita.identity import queries
from mita.identity.models import Challenge, Passkey
from mita.identity.operations.audit import PLATFORM, record_audit
from mita.identity.operations.factors import CHALLENGE_LIFE
from mita.kit.errors import Conflict, NotFound
from mita.kit.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_PASSKEYS_MAX = 20
_SIGN_IN, _NEW = "passkey_sign_in", "passkey_new"


class TooManyPasskeys(Conflict):
    """A person has at most twenty passkeys."""

    code = "too_many_passkeys"
    title = "There are too many passkeys"


class PasskeyTaken(Conflict):
    """The passkey is registered already."""

    code = "passkey_taken"
    title = "The passkey is registered already"


@dataclass(frozen=True, slots=True)
class PageOrigin:
    """Where a browser must have been: the address of its page, and the domain that passkeys belong to."""

    origin: str
    domain: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a browser is asked with (``options`` as WebAuthn has them), and the name of the question."""

    challenge_id: UUID
    options: dict[str, Any]
    expires_at: datetime


async def _ask(session: AsyncSession, *, purpose: str, person_id: int | None, now: datetime) -> Challenge:
    row = Challenge(
        challenge_id=new_id(),
        purpose=purpose,
        person_id=person_id,
        secret=secrets.token_bytes(32),
        amr=[],
        tries=0,
        created_at=now,
        expires_at=now + CHALLENGE_LIFE,
    )
    session.add(row)
    await session.flush()
    return row


async def _take(
    session: AsyncSession, *, challenge_id: UUID, purpose: str, person_id: int | None, now: datetime
) -> Challenge | None:
    """Return an open question and use it up: it is answered once, right or wrong."""
    row = await session.get(Challenge, challenge_id, populate_existing=True, with_for_update=True)
    if row is None or row.purpose != purpose or row.person_id != person_id:
        return None
    if row.used_at is not None or row.expires_at <= now:
        return None
    row.used_at = now
    await session.flush()
    return row


async def ask_new_passkey(
    session: AsyncSession, *, person_id: int, page: PageOrigin, now: datetime
) -> Question:
    """Ask a person's browser to make a passkey.

    :raises TooManyPasskeys: if the person has twenty
    """
    person = await queries.person(session, person_id=person_id)
    known = await queries.passkeys(session, person_id=person_id)
    if len(known) >= _PASSKEYS_MAX:
        raise TooManyPasskeys(f"a person has at most {_PASSKEYS_MAX} passkeys")
    names = await queries.identifiers(session, person_id=person_id)
    asked = await _ask(session, purpose=_NEW, person_id=person_id, now=now)
    options = webauthn.generate_registration_options(
        rp_id=page.domain,
        rp_name="Mita",
        user_id=str(person_id).encode(),
        user_name=names[0].value if names else person.name,
        user_display_name=person.name,
        challenge=bytes(asked.secret),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(each.credential_id)) for each in known],
    )
    return Question(asked.challenge_id, json.loads(webauthn.options_to_json(options)), asked.expires_at)


async def add_passkey(
    session: AsyncSession,
    *,
    person_id: int,
    challenge_id: UUID,
    credential: dict[str, Any],
    name: str,
    page: PageOrigin,
    now: datetime,
) -> Passkey | None:
    """Keep the passkey that a browser has made; None if its answer is not to the question.

    :raises PasskeyTaken: if it is registered already
    """
    asked = await _take(session, challenge_id=challenge_id, purpose=_NEW, person_id=person_id, now=now)
    if asked is None:
        return None
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=bytes(asked.secret),
            expected_rp_id=page.domain,
            expected_origin=page.origin,
            require_user_verification=True,
        )
    except _UNREADABLE:
        return None
    if await queries.passkey_of(session, credential_id=made.credential_id) is not None:
        raise PasskeyTaken("this passkey is registered already")
    row = Passkey(
        passkey_id=new_id(),
        person_id=person_id,
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        name=name,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await _record(session, row, verb="added", now=now)
    return row


# what the library raises for answers that are malformed beyond its own errors
_UNREADABLE = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError, OverflowError)


async def ask_passkey(session: AsyncSession, *, page: PageOrigin, now: datetime) -> Question:
    """Ask a browser for any passkey that it has for this site."""
    asked = await _ask(session, purpose=_SIGN_IN, person_id=None, now=now)
    options = webauthn.generate_authentication_options(
        rp_id=page.domain,
        challenge=bytes(asked.secret),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return Question(asked.challenge_id, json.loads(webauthn.options_to_json(options)), asked.expires_at)


async def check_passkey(
    session: AsyncSession, *, challenge_id: UUID, credential: dict[str, Any], page: PageOrigin, now: datetime
) -> int | None:
    """Return who has signed the question with their passkey, or None.

    A counter of signatures that does not rise means a copied passkey: it is refused (WebAuthn, 6.1.1).
    """
    asked = await _take(session, challenge_id=challenge_id, purpose=_SIGN_IN, person_id=None, now=now)
    if asked is None:
        return None
    try:
        read = parse_authentication_credential_json(credential)
        row = await queries.passkey_of(session, credential_id=read.raw_id)
        if row is None or read.response.user_handle not in (None, str(row.person_id).encode()):
            return None
        signed = webauthn.verify_authentication_response(
            credential=read,
            expected_challenge=bytes(asked.secret),
            expected_rp_id=page.domain,
            expected_origin=page.origin,
            credential_public_key=bytes(row.public_key),
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except _UNREADABLE:
        return None
    row.sign_count, row.last_used_at = signed.new_sign_count, now
    await session.flush()
    return row.person_id


async def _own(session: AsyncSession, *, person_id: int, passkey_id: UUID) -> Passkey:
    row = await session.get(Passkey, passkey_id, populate_existing=True, with_for_update=True)
    if row is None or row.person_id != person_id:
        raise NotFound(f"passkey {passkey_id} does not exist")
    return row


async def rename_passkey(session: AsyncSession, *, person_id: int, passkey_id: UUID, name: str) -> Passkey:
    """Give a passkey another name.

    :raises mita.kit.errors.NotFound: if the person has no such passkey
    """
    row = await _own(session, person_id=person_id, passkey_id=passkey_id)
    row.name = name
    await session.flush()
    return row


async def remove_passkey(session: AsyncSession, *, person_id: int, passkey_id: UUID, now: datetime) -> None:
    """Take a passkey away; it opens nothing from now on.

    :raises mita.kit.errors.NotFound: if the person has no such passkey
    """
    row = await _own(session, person_id=person_id, passkey_id=passkey_id)
    await session.execute(delete(Passkey).where(Passkey.passkey_id == passkey_id))
    await _record(session, row, verb="removed", now=now)


async def _record(session: AsyncSession, row: Passkey, *, verb: str, now: datetime) -> None:
    await record_audit(
        session,
        estate_id=PLATFORM,
        actor=f"person:{row.person_id}",
        action=f"identity.passkey.{verb}",
        subject=f"passkey:{row.passkey_id}",
        new={"name": row.name},
        now=now,
    )
