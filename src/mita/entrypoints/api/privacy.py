"""Routes of data protection: what is known of a person, across all features, and how it is forgotten."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estates
from mita.estates.queries import Of
from mita.identity import operations, queries
from mita.identity.api.asking import own_person
from mita.identity.domain import Permission
from mita.identity.operations import (
    PLATFORM,
    ErasureAsked,
    ErasureBlocked,
    LastPlatformAdmin,
    PersonIsErased,
    PersonsOnly,
)
from mita.identity.schemas.privacy import (
    ConsentIn,
    ConsentOut,
    ConsentsOut,
    ErasureAskIn,
    ErasureIn,
    ErasureOut,
    PersonalDataOut,
    RetentionIn,
    RetentionOut,
    consent_out,
    erasure_out,
)
from mita.kit.db import see_estates
from mita.kit.errors import Invalid, NotFound, ReadOnly
from mita.kit.money import BIGINT_MAX
from mita.kit.personal import rows_of_person
from mita.kit.shapes import Limit, Page, page_of
from mita.kit.web import Asking, Now, edge, needs, platform_work, refusals
from mita.ledger import queries as ledger
from mita.wallets import queries as wallets

router = APIRouter(tags=["data protection"])
PersonId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The person", examples=[1])]
_OF_ONESELF = needs(Permission.WALLETS_READ, or_own=True)


def _oneself(request: Request) -> int:
    """Return the person who asks, not support in their place.

    :raises PersonsOnly: if it is no person
    :raises ReadOnly: if it is support
    """
    caller = own_person(request)
    if caller.impersonated_by is not None:
        raise ReadOnly("this is the person's own to ask for")
    assert caller.person_id is not None, "a person"
    return caller.person_id


async def _personal_data(request: Request, *, person_id: int, actor: str, now: datetime) -> PersonalDataOut:
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await queries.person(session, person_id=person_id)
        everyone = await estates.platform_estate_ids(session)
        await see_estates(session, estates=[PLATFORM, *everyone])
        tables = await rows_of_person(session, person_id=person_id)
        await operations.record_audit(
            session,
            estate_id=PLATFORM,
            actor=actor,
            action="export_personal_data",
            subject=f"person:{person_id}",
            now=now,
        )
    return PersonalDataOut(person_id=person_id, made_at=now, tables=tables)


@router.get(
    "/persons/{person_id}/data",
    operation_id="export_personal_data",
    summary="Export everything that names a person",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def export_personal_data(
    request: Request, asking: Asking, person_id: PersonId, now: Now
) -> PersonalDataOut:
    """All rows of all tables that name the person; hashes and sealed secrets are left out."""
    return await _personal_data(request, person_id=person_id, actor=asking.actor, now=now)


@router.get(
    "/me/data",
    operation_id="export_own_data",
    summary="Export everything that names oneself",
    responses=refusals(PersonsOnly, Invalid),
)
@_OF_ONESELF
async def export_own_data(request: Request, asking: Asking, now: Now) -> PersonalDataOut:
    """All rows of all tables that name the person who asks."""
    return await _personal_data(request, person_id=_oneself(request), actor=asking.actor, now=now)


@router.post(
    "/me/data/erasure",
    operation_id="ask_own_erasure",
    summary="Ask to be forgotten",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(PersonsOnly, ErasureAsked, PersonIsErased, Invalid),
)
@_OF_ONESELF
async def ask_own_erasure(request: Request, asking: Asking, body: ErasureAskIn, now: Now) -> ErasureOut:
    """Staff decides; the books stay whole in any case."""
    async with platform_work(request) as session:
        row = await operations.ask_erasure(
            session, person_id=_oneself(request), reason=body.reason, actor=asking.actor, now=now
        )
        return erasure_out(row)


@router.get(
    "/erasures",
    operation_id="list_erasures",
    summary="List who asked to be forgotten",
    responses=refusals(Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def list_erasures(
    request: Request,
    before: Annotated[UUID | None, Query(description="Continue with the value of next")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ErasureOut]:
    """Those asked for, done and refused, newest first; continue with ``before`` = ``next``."""
    async with edge(request).database.unit_of_work(estates=[]) as session:
        rows = await queries.erasures(session, before=before, limit=limit + 1)
    return page_of(rows, limit=limit, shown=erasure_out, cursor=lambda item: str(item.erasure_id))


@router.post(
    "/persons/{person_id}/erasure",
    operation_id="erase_person",
    summary="Forget a person",
    responses=refusals(NotFound, PersonIsErased, ErasureBlocked, LastPlatformAdmin, Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def erase_person(
    request: Request, asking: Asking, person_id: PersonId, body: ErasureIn, now: Now
) -> ErasureOut:
    """Name, addresses, proofs, sessions, roles and access go; the id stays, and with it the books.

    Refused while the person lives in a unit, or a wallet they have access to owes something, unless forced.
    """
    async with platform_work(request) as session:
        await queries.person(session, person_id=person_id)
        if not body.is_forced and (against := await _against(session, person_id=person_id, today=now.date())):
            problems: list[dict[str, object]] = [{"path": "person_id", "message": each} for each in against]
            raise ErasureBlocked(against[0], problems=problems)
        row = await operations.erase_person(
            session,
            person_id=person_id,
            reason=body.reason,
            is_forced=body.is_forced,
            actor=asking.actor,
            now=now,
            estate_id=PLATFORM,
        )
        return erasure_out(row)


async def _against(session: AsyncSession, *, person_id: int, today: date) -> Sequence[str]:
    """Return what stands against forgetting a person, in the words that staff reads."""
    found: list[str] = []
    for estate_id in await estates.platform_estate_ids(session):
        await see_estates(session, estates=[estate_id])
        found += await against_in(session, estate_id=estate_id, person_id=person_id, today=today)
    await see_estates(session, estates=[])
    return found


async def against_in(session: AsyncSession, *, estate_id: int, person_id: int, today: date) -> Sequence[str]:
    """Return what stands against forgetting a person in one estate, in the words that staff reads."""
    found = []
    lived = await estates.occupancies(session, estate_id=estate_id, of=Of(person_id=person_id))
    if any(each.until_on is None or each.until_on > today for each in lived):
        found.append(f"the person lives in a unit of estate {estate_id}")
    of_person = set(await wallets.wallets_of_person(session, estate_id=estate_id, person_id=person_id))
    accounts = await wallets.accounts(session, estate_id=estate_id) if of_person else []
    own = [each.account_id for each in accounts if each.wallet_id in of_person]
    balances = await ledger.balances(session, estate_id=estate_id, account_ids=own)
    if any(balance < 0 for balance in balances.values()):
        found.append(f"a wallet of the person in estate {estate_id} owes something")
    return found


@router.delete(
    "/persons/{person_id}/erasure",
    operation_id="refuse_erasure",
    summary="Refuse to forget a person who asked for it",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def refuse_erasure(request: Request, person_id: PersonId, now: Now) -> ErasureOut:
    """Close what was asked for; the person may ask again."""
    async with platform_work(request) as session:
        return erasure_out(await operations.refuse_erasure(session, person_id=person_id, now=now))


@router.get(
    "/persons/{person_id}/consents",
    operation_id="list_consents",
    summary="List a person's consents",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def list_consents(request: Request, person_id: PersonId) -> ConsentsOut:
    """Answer what they agreed to and took back, newest first."""
    return await _consents(request, person_id=person_id)


@router.post(
    "/persons/{person_id}/consents",
    operation_id="record_consent",
    summary="Record a person's consent",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def record_consent(
    request: Request, asking: Asking, person_id: PersonId, body: ConsentIn, now: Now
) -> ConsentOut:
    """Write down what was given or taken back on paper or on the phone; nothing is ever changed."""
    return await _record(request, person_id=person_id, actor=asking.actor, body=body, now=now)


@router.get(
    "/me/consents",
    operation_id="list_own_consents",
    summary="List one's own consents",
    responses=refusals(PersonsOnly, Invalid),
)
@_OF_ONESELF
async def list_own_consents(request: Request) -> ConsentsOut:
    """Answer what one agreed to and took back, newest first."""
    return await _consents(request, person_id=_oneself(request))


@router.post(
    "/me/consents",
    operation_id="give_consent",
    summary="Give or take back one's own consent",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(PersonsOnly, Invalid),
)
@_OF_ONESELF
async def give_consent(request: Request, asking: Asking, body: ConsentIn, now: Now) -> ConsentOut:
    """Say yes or no to a text for a purpose; the newest counts."""
    return await _record(request, person_id=_oneself(request), actor=asking.actor, body=body, now=now)


async def _consents(request: Request, *, person_id: int) -> ConsentsOut:
    async with edge(request).database.unit_of_work(estates=[]) as session:
        await queries.person(session, person_id=person_id)
        rows = await queries.consents(session, person_id=person_id)
    return ConsentsOut(items=[consent_out(row) for row in rows])


async def _record(
    request: Request, *, person_id: int, actor: str, body: ConsentIn, now: datetime
) -> ConsentOut:
    async with platform_work(request) as session:
        row = await operations.record_consent(
            session,
            person_id=person_id,
            purpose=body.purpose,
            text_version=body.text_version,
            is_given=body.is_given,
            way=body.way,
            actor=actor,
            now=now,
        )
        return consent_out(row)


@router.get(
    "/retention-rules",
    operation_id="list_retention_rules",
    summary="List how long data is kept",
    responses=refusals(Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def list_retention_rules(request: Request) -> RetentionOut:
    """Days after its end, by kind of data. The ledger, the audit log and consents are kept for good."""
    async with edge(request).database.unit_of_work(estates=[]) as session:
        return RetentionOut(days=await queries.retention_days(session))


@router.put(
    "/retention-rules/{kind}",
    operation_id="set_retention_rule",
    summary="Set how long a kind of data is kept",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def set_retention_rule(
    request: Request,
    asking: Asking,
    kind: Annotated[str, Path(max_length=60, description="The kind of data", examples=["api_keys"])],
    body: RetentionIn,
    now: Now,
) -> RetentionOut:
    """Set it; what is older goes in the next night."""
    async with platform_work(request) as session:
        await operations.set_retention(session, kind=kind, days=body.days, actor=asking.actor, now=now)
        return RetentionOut(days=await queries.retention_days(session))
