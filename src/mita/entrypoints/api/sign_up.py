"""Signing up: by the code of an invitation to a wallet, or by an estate's join code."""

import asyncio
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response, status
from pydantic import Field, StringConstraints, model_validator
from sqlalchemy.ext.asyncio import AsyncSession

from mita.identity import operations, queries
from mita.identity.api.asking import (
    SignInFailed,
    answer,
    language_asked,
    limit_address,
    limit_codes,
    locked,
    where_of,
)
from mita.identity.domain.codes import read_join_code
from mita.identity.domain.identifiers import IdentifierKind, read_identifier
from mita.identity.domain.passwords import hash_password
from mita.identity.models import OneTimeCode
from mita.identity.operations import PasswordRefused
from mita.identity.schemas.sign_in import CodeSent, CodeShown, Secret, SignInOut, Typed, code_sent
from mita.kit.db import see_estates
from mita.kit.errors import Invalid, NotFound, RateLimited
from mita.kit.shapes import Shape, Text
from mita.kit.web import Now, edge, public, refusals
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import read_code
from mita.wallets.operations import AccessExists, InvitationOver

router = APIRouter(prefix="/auth", tags=["sign-in"])
Invited = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
_NO_CODE = "there is no such invitation or join code"


class SignUpIn(Shape):
    """Somebody new, with the code of an invitation or of an estate."""

    name: Text = Field(examples=["Thandi Mokoena"])
    identifier: Typed
    password: Secret | None = Field(default=None, description="Without one, codes and passkeys open")
    invitation: Invited | None = Field(default=None, examples=[None])
    join_code: Invited | None = Field(default=None, examples=["1-ABCD2345"])
    unit_name: Text | None = Field(default=None, description="For the estate's staff", examples=["A101"])

    @model_validator(mode="after")
    def _has_one_code(self) -> "SignUpIn":
        if (self.invitation is None) == (self.join_code is None):
            raise ValueError("send either an invitation or a join_code")
        return self


@router.post(
    "/sign-up",
    operation_id="sign_up",
    summary="Sign up with an invitation or an estate's code",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(NotFound, InvitationOver, PasswordRefused, RateLimited, Invalid),
)
@public
async def sign_up(request: Request, body: SignUpIn, now: Now) -> CodeSent:
    """Send a code to the address; whoever has an account with it is told so there, and not here."""
    await limit_address(request, now=now)
    name = read_identifier(body.identifier)
    if name is None:
        raise Invalid("identifier: neither an email address nor a phone number with its country")
    await limit_codes(request, of=f"{name.kind}:{name.value}", now=now)
    if body.password is not None:
        operations.check_new_password(body.password, about=[body.name, name.value])
    hashed = None if body.password is None else await asyncio.to_thread(hash_password, body.password)
    kept = {
        "name": body.name,
        "hash": hashed,
        "invitation": body.invitation,
        "join_code": body.join_code,
        "unit_name": body.unit_name,
    }
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await _check_codes(session, invitation=body.invitation, join_code=body.join_code, now=now)
        known = await queries.identifier(session, name=name)
        row = await operations.send_code(
            session,
            purpose="sign_up",
            template="sign_up_code" if known is None else "account_exists",
            name=name,
            person_id=None if known is None else known.person_id,
            is_sent=True,
            language=language_asked(request),
            data=kept,
            now=now,
        )
        return code_sent(row)


async def _check_codes(
    session: AsyncSession, *, invitation: str | None, join_code: str | None, now: datetime
) -> None:
    """Return if a code opens something now.

    :raises NotFound: if there is no such code
    :raises InvitationOver: if it was used, withdrawn, or has expired
    """
    if invitation is not None:
        code = read_code(invitation)
        if code is None:
            raise NotFound(_NO_CODE)
        await see_estates(session, estates=[code.estate_id])
        try:
            found = await wallet_queries.invitation(
                session, estate_id=code.estate_id, invitation_id=code.invitation_id
            )
        except NotFound as error:
            raise NotFound(_NO_CODE) from error
        if not code.opens(bytes(found.code_hash)):
            raise NotFound(_NO_CODE)
        if found.accepted_at is not None or found.withdrawn_at is not None or found.expires_at <= now:
            raise InvitationOver("the invitation was accepted or withdrawn, or has expired")
        return
    read = read_join_code(join_code or "")
    if read is None:
        raise NotFound(_NO_CODE)
    await see_estates(session, estates=[read[0]])
    if not await operations.is_join_code(session, estate_id=read[0], letters=read[1]):
        raise NotFound(_NO_CODE)


@router.post(
    "/sign-up/verify",
    operation_id="verify_sign_up",
    summary="Finish signing up with the code that was sent",
    responses=refusals(SignInFailed, NotFound, InvitationOver, AccessExists, RateLimited, Invalid),
)
@public
async def verify_sign_up(request: Request, response: Response, body: CodeShown, now: Now) -> SignInOut:
    """Make the person, accept the invitation or ask the estate's staff, and sign in."""
    await limit_address(request, now=now)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        closed_for, row = await operations.try_code(
            session, code_id=body.code_id, code=body.code, purpose="sign_up", now=now
        )
        person_id = None if row is None else await _make_person(session, row, now=now)
        if row is not None and person_id is not None:
            way = "sms" if row.kind == "phone" else "email"
            done = await operations.finish_sign_in(
                session, person_id=person_id, amr=(way,), where=where_of(request), now=now
            )
    if closed_for is not None:
        raise locked(closed_for)
    if person_id is None:
        raise SignInFailed("what was shown does not prove who you are")
    return answer(request, response, done, keep=body.keep)


async def _make_person(session: AsyncSession, row: OneTimeCode, *, now: datetime) -> int | None:
    """Make the person that a code was sent to; None if somebody has the address, now or then."""
    name = operations.name_of(row)
    if row.person_id is not None or await queries.identifier(session, name=name) is not None:
        return None
    kept = operations.data_of(session, row=row)
    await _check_codes(session, invitation=kept["invitation"], join_code=kept["join_code"], now=now)
    is_email = name.kind is IdentifierKind.EMAIL
    try:
        person = await operations.create_person(
            session,
            name=str(kept["name"]),
            email=name.value if is_email else None,
            phone=None if is_email else name.value,
            now=now,
        )
    except operations.EmailTaken:
        return None
    person_id = person.person_id
    await operations.verify_identifier(session, row=row, now=now)
    hashed = kept["hash"]
    if hashed is not None:
        await operations.store_password(session, person_id=person_id, hashed=hashed, now=now)
    await _let_in(session, kept, person_id=person_id, now=now)
    return person_id


async def _let_in(
    session: AsyncSession, kept: dict[str, str | None], *, person_id: int, now: datetime
) -> None:
    code = read_code(kept["invitation"] or "")
    if code is not None:
        await wallets.accept_invitation(session, code=code, person_id=person_id, now=now)
        return
    read = read_join_code(kept["join_code"] or "")
    assert read is not None, "it was checked just now"
    await operations.ask_to_join(
        session, estate_id=read[0], person_id=person_id, unit_name=kept["unit_name"], now=now
    )
