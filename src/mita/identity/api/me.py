"""Routes of what is the caller's own: who they are, their sessions, password, factors and passkeys."""

import asyncio
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.identity import operations, queries
from mita.identity.api.asking import SignInFailed, limit_address, locked, own_person, own_session, page_of
from mita.identity.domain import Permission, Principal
from mita.identity.domain.codes import enrolment_uri
from mita.identity.domain.passwords import hash_password, is_password
from mita.identity.domain.sessions import FRESH_FOR
from mita.identity.operations import (
    PasskeyTaken,
    PasswordRefused,
    PersonsOnly,
    SecondFactorExists,
    TooManyPasskeys,
)
from mita.identity.schemas.me import (
    BackupCodesOut,
    CodeOfApp,
    EnrolmentOut,
    MeOut,
    PasskeyIn,
    PasskeyName,
    PasskeyOut,
    PasskeysOut,
    PasswordIn,
    SessionsOut,
    identifier_out,
    own_role_out,
    passkey_out,
    session_out,
)
from mita.identity.schemas.sign_in import QuestionOut, question_out
from mita.kit.errors import Forbidden, Invalid, NotFound, RateLimited
from mita.kit.web import Now, edge, needs, refusals

router = APIRouter(prefix="/me", tags=["me"])
# whoever is somebody may ask; the route then answers of nobody else
_OF_ONESELF = needs(Permission.WALLETS_READ, or_own=True)
_WRONG = "what was shown does not prove who you are"


class SignInAgain(Forbidden):
    """How one signs in is changed shortly after signing in."""

    code = "sign_in_again"
    title = "Sign in again first"


async def _check_fresh(session: AsyncSession, *, caller: Principal, now: datetime) -> None:
    assert caller.session_id is not None, "asked of a session"
    row = await queries.live_session(session, session_id=caller.session_id, now=now)
    if row is None or row.created_at < now - FRESH_FOR:
        raise SignInAgain("this is allowed for 30 minutes after signing in")


def _person_id(caller: Principal) -> int:
    assert caller.person_id is not None, "asked of a person"
    return caller.person_id


@router.get("", operation_id="get_me", summary="Get who asks", responses=refusals(PersonsOnly, Invalid))
@_OF_ONESELF
async def get_me(request: Request, now: Now) -> MeOut:
    """Answer what they sign in with, their roles, and the estates in which something is theirs."""
    caller = own_person(request)
    person_id = _person_id(caller)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        person = await queries.person(session, person_id=person_id)
        roles = await queries.roles_of_person(session, person_id=person_id, now=now)
        names = await queries.identifiers(session, person_id=person_id)
        password = await queries.password(session, person_id=person_id)
        has_factor = await queries.has_second_factor(session, person_id=person_id)
        left = await queries.backup_codes_left(session, person_id=person_id)
        own = None
        if caller.session_id is not None:
            own = await queries.live_session(session, session_id=caller.session_id, now=now)
        estate_ids = await edge(request).estates_of(session, caller)
    passed = own is None or own.has_second_factor
    own_roles = [own_role_out(row, with_second_factor=passed) for row in roles]
    return MeOut(
        person_id=person_id,
        name=person.name,
        impersonated_by=caller.impersonated_by,
        identifiers=[identifier_out(row) for row in names],
        roles=own_roles,
        estate_ids=estate_ids,
        has_password=password is not None,
        has_second_factor=has_factor,
        backup_codes_left=left,
        session_has_second_factor=passed,
        needs_second_factor=any(each.needs_second_factor for each in own_roles) and not passed,
    )


@router.get(
    "/sessions",
    operation_id="list_sessions",
    summary="List one's own sessions",
    responses=refusals(PersonsOnly, Invalid),
)
@_OF_ONESELF
async def list_sessions(request: Request, now: Now) -> SessionsOut:
    """Those that are not over, the newest first."""
    caller = own_person(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        rows = await queries.live_sessions(session, person_id=_person_id(caller), now=now)
    return SessionsOut(items=[session_out(row, this=caller.session_id) for row in rows])


@router.delete(
    "/sessions/{session_id}",
    operation_id="end_session",
    summary="End one of one's sessions",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(PersonsOnly, NotFound, Invalid),
)
@_OF_ONESELF
async def end_session(request: Request, session_id: UUID, now: Now) -> Response:
    """At once: its tokens open nothing any more."""
    caller = own_session(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await operations.end_session(session, person_id=_person_id(caller), session_id=session_id, now=now)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/sessions/end-others",
    operation_id="end_other_sessions",
    summary="End all sessions but this one",
    responses=refusals(PersonsOnly, Invalid),
)
@_OF_ONESELF
async def end_other_sessions(request: Request, now: Now) -> SessionsOut:
    """Answer what is left: this one."""
    caller = own_session(request)
    person_id = _person_id(caller)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await operations.end_sessions(
            session, person_id=person_id, because="revoked", kept=caller.session_id, now=now
        )
        rows = await queries.live_sessions(session, person_id=person_id, now=now)
    return SessionsOut(items=[session_out(row, this=caller.session_id) for row in rows])


@router.put(
    "/password",
    operation_id="change_password",
    summary="Set or change one's password",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(PersonsOnly, SignInFailed, PasswordRefused, SignInAgain, RateLimited, Invalid),
)
@_OF_ONESELF
async def change_password(request: Request, body: PasswordIn, now: Now) -> Response:
    """With the current one, or shortly after signing in; all other sessions end."""
    caller = own_session(request)
    await limit_address(request, now=now)
    person_id, database = _person_id(caller), edge(request).database
    of = f"password:{person_id}"
    async with database.unit_of_work(estates=[]) as session:
        stored = await queries.password(session, person_id=person_id)
        closed_for = None
        if body.current_password is None:
            await _check_fresh(session, caller=caller, now=now)
        else:
            closed_for = await operations.count_attempt(session, of=of, now=now)
        await operations.check_password_of(session, person_id=person_id, password=body.password)
    if closed_for is not None:
        raise locked(closed_for)
    if body.current_password is not None:
        kept = None if stored is None else stored.hash
        if not await asyncio.to_thread(is_password, body.current_password, stored=kept):
            raise SignInFailed("the current password is another one")
    hashed = await asyncio.to_thread(hash_password, body.password)
    async with database.unit_of_work(estates=[]) as session:
        await operations.forget_attempts(session, of=of)
        await operations.set_password(
            session, person_id=person_id, hashed=hashed, kept=caller.session_id, now=now
        )
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/second-factor",
    operation_id="enrol_second_factor",
    summary="Set up an authenticator app",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(PersonsOnly, SignInAgain, SecondFactorExists, Invalid),
)
@_OF_ONESELF
async def enrol_second_factor(request: Request, now: Now) -> EnrolmentOut:
    """Answer its secret once; it counts when a code of it has confirmed it."""
    caller = own_session(request)
    person_id = _person_id(caller)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await _check_fresh(session, caller=caller, now=now)
        secret = await operations.enrol_factor(session, person_id=person_id, now=now)
        names = await queries.identifiers(session, person_id=person_id)
    account = names[0].value if names else caller.name
    return EnrolmentOut(secret=secret, uri=enrolment_uri(secret, account=account, issuer="Mita"))


@router.post(
    "/second-factor/confirm",
    operation_id="confirm_second_factor",
    summary="Confirm the authenticator app with a code of it",
    responses=refusals(PersonsOnly, SignInFailed, SecondFactorExists, RateLimited, Invalid),
)
@_OF_ONESELF
async def confirm_second_factor(request: Request, body: CodeOfApp, now: Now) -> BackupCodesOut:
    """Answer backup codes once; this session has its second factor from now on."""
    caller = own_session(request)
    person_id = _person_id(caller)
    assert caller.session_id is not None, "asked of a session"
    codes = None
    async with edge(request).database.unit_of_work(estates=[]) as session:
        closed_for = await operations.count_attempt(session, of=f"factor:{person_id}", now=now)
        if closed_for is None:
            codes = await operations.confirm_factor(
                session, person_id=person_id, session_id=caller.session_id, code=body.code, now=now
            )
        if codes is not None:
            await operations.forget_attempts(session, of=f"factor:{person_id}")
    if closed_for is not None:
        raise locked(closed_for)
    if codes is None:
        raise SignInFailed("this is not a code of that app now")
    return BackupCodesOut(codes=codes)


async def _use_factor(request: Request, session: AsyncSession, *, code: str, now: datetime) -> bool:
    """Tell whether a code of the caller's app or a backup code is right; the attempt is counted."""
    person_id = _person_id(own_session(request))
    of = f"factor:{person_id}"
    closed_for = await operations.count_attempt(session, of=of, now=now)
    if closed_for is not None:
        raise locked(closed_for)
    if await operations.use_factor(session, person_id=person_id, code=code, now=now) is None:
        return False
    await operations.forget_attempts(session, of=of)
    return True


@router.post(
    "/second-factor/remove",
    operation_id="remove_second_factor",
    summary="Remove the authenticator app",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(PersonsOnly, SignInFailed, RateLimited, Invalid),
)
@_OF_ONESELF
async def remove_second_factor(request: Request, body: CodeOfApp, now: Now) -> Response:
    """With a code of it, or a backup code; the backup codes go with it."""
    caller = own_session(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        is_right = await _use_factor(request, session, code=body.code, now=now)
        if is_right:
            await operations.remove_factor(session, person_id=_person_id(caller), actor=caller.actor, now=now)
    if not is_right:
        raise SignInFailed(_WRONG)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.post(
    "/backup-codes",
    operation_id="renew_backup_codes",
    summary="Get new backup codes",
    responses=refusals(PersonsOnly, SignInFailed, RateLimited, Invalid),
)
@_OF_ONESELF
async def renew_backup_codes(request: Request, body: CodeOfApp, now: Now) -> BackupCodesOut:
    """With a code of the app; those from before open nothing any more."""
    caller = own_session(request)
    codes: list[str] = []
    async with edge(request).database.unit_of_work(estates=[]) as session:
        if await _use_factor(request, session, code=body.code, now=now):
            codes = await operations.renew_backup_codes(session, person_id=_person_id(caller), now=now)
    if not codes:
        raise SignInFailed(_WRONG)
    return BackupCodesOut(codes=codes)


@router.get(
    "/passkeys",
    operation_id="list_passkeys",
    summary="List one's own passkeys",
    responses=refusals(PersonsOnly, Invalid),
)
@_OF_ONESELF
async def list_passkeys(request: Request) -> PasskeysOut:
    """Oldest first, whole."""
    caller = own_person(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        rows = await queries.passkeys(session, person_id=_person_id(caller))
    return PasskeysOut(items=[passkey_out(row) for row in rows])


@router.post(
    "/passkeys/options",
    operation_id="ask_for_new_passkey",
    summary="Begin to add a passkey",
    responses=refusals(PersonsOnly, SignInAgain, TooManyPasskeys, Invalid),
)
@_OF_ONESELF
async def ask_for_new_passkey(request: Request, now: Now) -> QuestionOut:
    """Answer what to give to ``navigator.credentials.create``."""
    caller = own_session(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await _check_fresh(session, caller=caller, now=now)
        return question_out(
            await operations.ask_new_passkey(
                session, person_id=_person_id(caller), page=page_of(request), now=now
            )
        )


@router.post(
    "/passkeys",
    operation_id="add_passkey",
    summary="Add a passkey",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(PersonsOnly, SignInFailed, PasskeyTaken, Invalid),
)
@_OF_ONESELF
async def add_passkey(request: Request, body: PasskeyIn, now: Now) -> PasskeyOut:
    """With what the browser has answered; a question is answered once."""
    caller = own_session(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        row = await operations.add_passkey(
            session,
            person_id=_person_id(caller),
            challenge_id=body.challenge_id,
            credential=body.credential,
            name=body.name,
            page=page_of(request),
            now=now,
        )
    if row is None:
        raise SignInFailed("this does not answer the question")
    return passkey_out(row)


@router.put(
    "/passkeys/{passkey_id}",
    operation_id="rename_passkey",
    summary="Give a passkey another name",
    responses=refusals(PersonsOnly, NotFound, Invalid),
)
@_OF_ONESELF
async def rename_passkey(request: Request, passkey_id: UUID, body: PasskeyName) -> PasskeyOut:
    """Change its name, which is for its owner only."""
    caller = own_session(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        row = await operations.rename_passkey(
            session, person_id=_person_id(caller), passkey_id=passkey_id, name=body.name
        )
    return passkey_out(row)


@router.delete(
    "/passkeys/{passkey_id}",
    operation_id="remove_passkey",
    summary="Remove a passkey",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(PersonsOnly, NotFound, SignInAgain, Invalid),
)
@_OF_ONESELF
async def remove_passkey(request: Request, passkey_id: UUID, now: Now) -> Response:
    """Let it open nothing any more."""
    caller = own_session(request)
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await _check_fresh(session, caller=caller, now=now)
        await operations.remove_passkey(session, person_id=_person_id(caller), passkey_id=passkey_id, now=now)
    return Response(status_code=status.HTTP_204_NO_CONTENT)
