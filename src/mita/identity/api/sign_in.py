"""Routes that anybody may ask: signing in, by password, code, passkey; staying signed in; signing out."""

import asyncio
from datetime import datetime

from fastapi import APIRouter, Request, Response, status

from mita.identity import operations, queries
from mita.identity.api.asking import (
    CrossOrigin,
    SignInFailed,
    answer,
    cookie_token,
    drop_cookie,
    keep_cookie,
    language_asked,
    limit_address,
    limit_codes,
    locked,
    page_of,
    where_of,
)
from mita.identity.domain.identifiers import SignInName, hint_of, read_identifier
from mita.identity.domain.passwords import hash_password, is_outdated, is_password
from mita.identity.domain.sessions import jwk_of
from mita.identity.models import OneTimeCode
from mita.identity.operations import PasswordRefused
from mita.identity.schemas.sign_in import (
    CodeAsked,
    CodeSent,
    CodeShown,
    FactorShown,
    KeyOut,
    KeysOut,
    NewPasswordIn,
    PasskeyShown,
    QuestionOut,
    RefreshIn,
    SignedOut,
    SignInIn,
    SignInOut,
    TokensOut,
    code_sent,
    question_out,
    tokens_out,
)
from mita.kit.errors import Invalid, RateLimited
from mita.kit.web import Now, edge, public, refusals

router = APIRouter(prefix="/auth", tags=["sign-in"])
_WRONG = "what was shown does not prove who you are"


def _of(typed: str, name: SignInName | None) -> str:
    return f"typed:{typed.strip().lower()}" if name is None else f"{name.kind}:{name.value}"


@router.post(
    "/sign-in",
    operation_id="sign_in",
    summary="Sign in with a password",
    responses=refusals(SignInFailed, RateLimited, Invalid),
)
@public
async def sign_in(request: Request, response: Response, body: SignInIn, now: Now) -> SignInOut:
    """Answer with tokens, or with a ticket for the second factor; an unknown address is a wrong password."""
    await limit_address(request, now=now)
    name = read_identifier(body.identifier)
    of = _of(body.identifier, name)
    database = edge(request).database
    async with database.unit_of_work(estates=[]) as session:
        closed_for = await operations.count_attempt(session, of=of, now=now)
        person_id, stored = (None, None) if name is None else await queries.password_of(session, name=name)
    if closed_for is not None:
        raise locked(closed_for)
    # outside of any transaction: it takes long on purpose; and as long for an address that nobody has
    fits = await asyncio.to_thread(is_password, body.password, stored=stored)
    if not fits or person_id is None or stored is None:
        async with database.unit_of_work(estates=[]) as session:
            hint = "?" if name is None else hint_of(name.value)
            await operations.record_failure(session, hint=hint, way="pwd", now=now)
        raise SignInFailed(_WRONG)
    renewed = await asyncio.to_thread(hash_password, body.password) if is_outdated(stored) else None
    async with database.unit_of_work(estates=[]) as session:
        await operations.forget_attempts(session, of=of)
        if renewed is not None:
            await operations.store_password(session, person_id=person_id, hashed=renewed, now=now)
        done = await operations.finish_sign_in(
            session, person_id=person_id, amr=("pwd",), where=where_of(request), now=now
        )
    return answer(request, response, done, keep=body.keep)


@router.post(
    "/codes",
    operation_id="send_sign_in_code",
    summary="Send a code to sign in with",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(RateLimited, Invalid),
)
@public
async def send_sign_in_code(request: Request, body: CodeAsked, now: Now) -> CodeSent:
    """By mail or text message; the answer is the same where nobody has the address."""
    return await _send(request, body, purpose="sign_in", now=now)


@router.post(
    "/password-resets",
    operation_id="send_reset_code",
    summary="Send a code for a new password",
    status_code=status.HTTP_202_ACCEPTED,
    responses=refusals(RateLimited, Invalid),
)
@public
async def send_reset_code(request: Request, body: CodeAsked, now: Now) -> CodeSent:
    """By mail or text message; the answer is the same where nobody has the address."""
    return await _send(request, body, purpose="reset", now=now)


async def _send(request: Request, body: CodeAsked, *, purpose: str, now: datetime) -> CodeSent:
    await limit_address(request, now=now)
    name = read_identifier(body.identifier)
    if name is None:
        raise Invalid("identifier: neither an email address nor a phone number with its country")
    await limit_codes(request, of=_of(body.identifier, name), now=now)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        person_id = await operations.reachable_person(session, name=name)
        row = await operations.send_code(
            session,
            purpose=purpose,
            template=f"{purpose}_code",
            name=name,
            person_id=person_id,
            is_sent=person_id is not None,
            language=language_asked(request),
            now=now,
        )
        return code_sent(row)


@router.post(
    "/codes/verify",
    operation_id="sign_in_with_code",
    summary="Sign in with a code that was sent",
    responses=refusals(SignInFailed, RateLimited, Invalid),
)
@public
async def sign_in_with_code(request: Request, response: Response, body: CodeShown, now: Now) -> SignInOut:
    """Answer with tokens, or with a ticket for the second factor; a code works once, five tries end it."""
    await limit_address(request, now=now)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        closed_for, row = await operations.try_code(
            session, code_id=body.code_id, code=body.code, purpose="sign_in", now=now
        )
        if row is not None and row.person_id is not None:
            await operations.verify_identifier(session, row=row, now=now)
            done = await operations.finish_sign_in(
                session, person_id=row.person_id, amr=(_way(row),), where=where_of(request), now=now
            )
    if closed_for is not None:
        raise locked(closed_for)
    if row is None or row.person_id is None:
        raise SignInFailed(_WRONG)
    return answer(request, response, done, keep=body.keep)


def _way(row: OneTimeCode) -> str:
    return "sms" if row.kind == "phone" else "email"


@router.post(
    "/password-resets/confirm",
    operation_id="reset_password",
    summary="Set a new password with a code that was sent",
    responses=refusals(SignInFailed, PasswordRefused, RateLimited, Invalid),
)
@public
async def reset_password(request: Request, response: Response, body: NewPasswordIn, now: Now) -> SignInOut:
    """End all sessions and begin one, with the second factor as ever; a refused password keeps the code."""
    await limit_address(request, now=now)
    hashed = await asyncio.to_thread(hash_password, body.password)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        closed_for, row = await operations.try_code(
            session, code_id=body.code_id, code=body.code, purpose="reset", now=now
        )
        if row is not None and row.person_id is not None:
            person_id = row.person_id
            await operations.check_password_of(session, person_id=person_id, password=body.password)
            await operations.verify_identifier(session, row=row, now=now)
            await operations.set_password(session, person_id=person_id, hashed=hashed, kept=None, now=now)
            done = await operations.finish_sign_in(
                session, person_id=person_id, amr=(_way(row),), where=where_of(request), now=now
            )
    if closed_for is not None:
        raise locked(closed_for)
    if row is None or row.person_id is None:
        raise SignInFailed(_WRONG)
    return answer(request, response, done, keep=body.keep)


@router.post(
    "/second-factor",
    operation_id="show_second_factor",
    summary="Finish a sign-in with the second factor",
    responses=refusals(SignInFailed, RateLimited, Invalid),
)
@public
async def show_second_factor(request: Request, response: Response, body: FactorShown, now: Now) -> SignInOut:
    """With a code of the authenticator app, or a backup code; each works once."""
    await limit_address(request, now=now)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        person_id = await operations.ticket_person(session, ticket=body.ticket, now=now)
        of = f"factor:{person_id}"
        closed_for = None if person_id is None else await operations.count_attempt(session, of=of, now=now)
        done = None
        if closed_for is None:
            done = await operations.pass_second_factor(
                session, ticket=body.ticket, code=body.code, where=where_of(request), now=now
            )
        if done is not None:
            await operations.forget_attempts(session, of=of)
    if closed_for is not None:
        raise locked(closed_for)
    if done is None:
        raise SignInFailed(_WRONG)
    return answer(request, response, done, keep=body.keep)


@router.post(
    "/passkeys/options",
    operation_id="ask_for_passkey",
    summary="Begin a sign-in with a passkey",
    responses=refusals(RateLimited, Invalid),
)
@public
async def ask_for_passkey(request: Request, now: Now) -> QuestionOut:
    """Answer what to give to ``navigator.credentials.get``; whose passkey it is shows in the browser."""
    await limit_address(request, now=now)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        return question_out(await operations.ask_passkey(session, page=page_of(request), now=now))


@router.post(
    "/passkeys/verify",
    operation_id="sign_in_with_passkey",
    summary="Finish a sign-in with a passkey",
    responses=refusals(SignInFailed, RateLimited, Invalid),
)
@public
async def sign_in_with_passkey(
    request: Request, response: Response, body: PasskeyShown, now: Now
) -> SignInOut:
    """Answer with tokens: a passkey verifies its user and is two factors. It answers a question once."""
    await limit_address(request, now=now)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        person_id = await operations.check_passkey(
            session,
            challenge_id=body.challenge_id,
            credential=body.credential,
            page=page_of(request),
            now=now,
        )
        if person_id is not None:
            done = await operations.finish_sign_in(
                session, person_id=person_id, amr=("passkey",), where=where_of(request), now=now
            )
    if person_id is None:
        raise SignInFailed(_WRONG)
    return answer(request, response, done, keep=body.keep)


@router.post(
    "/refresh",
    operation_id="refresh_session",
    summary="Get a new access token",
    responses=refusals(SignInFailed, CrossOrigin, RateLimited, Invalid),
)
@public
async def refresh_session(request: Request, response: Response, body: RefreshIn, now: Now) -> TokensOut:
    """With the refresh token in the body or in the cookie; it is used up, and another takes its place."""
    await limit_address(request, now=now)
    token = body.refresh_token or cookie_token(request)
    done = None
    if token is not None:
        async with edge(request).database.unit_of_work(estates=[]) as session:
            done = await operations.refresh_session(session, token=token, where=where_of(request), now=now)
    if done is None:
        raise SignInFailed("the session is over: sign in again")
    if body.refresh_token is not None:
        return tokens_out(done, keep="body")
    keep_cookie(request, response, done)
    return tokens_out(done, keep="cookie")


@router.post(
    "/sign-out",
    operation_id="sign_out",
    summary="Sign out on this device",
    status_code=status.HTTP_200_OK,
    responses=refusals(CrossOrigin, RateLimited, Invalid),
)
@public
async def sign_out(request: Request, response: Response, body: RefreshIn, now: Now) -> SignedOut:
    """End the session of the refresh token in the body or in the cookie; again changes nothing."""
    await limit_address(request, now=now)
    token = body.refresh_token or cookie_token(request)
    if token is not None:
        async with edge(request).database.unit_of_work(estates=[]) as session:
            await operations.sign_out(session, token=token, now=now)
    drop_cookie(request, response)
    return SignedOut()


@router.get(
    "/keys",
    operation_id="list_signing_keys",
    summary="List the keys that sign access tokens",
    responses=refusals(Invalid),
)
@public
async def list_signing_keys(request: Request) -> KeysOut:
    """Public keys (JWKS); a token names its own as ``kid``."""
    async with edge(request).database.unit_of_work(estates=[]) as session:
        rows = await queries.signing_keys(session)
    return KeysOut(keys=[KeyOut(**jwk_of(row.kid, bytes(row.public_key))) for row in rows])
