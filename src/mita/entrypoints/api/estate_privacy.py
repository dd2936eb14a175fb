"""Routes of data protection in an estate: of persons whom nobody else knows."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession

from mita.entrypoints.api.privacy import against_in
from mita.estates import queries as estates
from mita.estates.operations import PersonElsewhere
from mita.identity import operations
from mita.identity.domain import Permission
from mita.identity.operations import ErasureBlocked, PersonIsErased
from mita.identity.schemas.privacy import ErasureIn, ErasureOut, PersonalDataOut, erasure_out
from mita.kit.db import see_estates
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.personal import rows_of_person
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals

router = APIRouter(tags=["data protection"])
PersonId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The person", examples=[1])]
_PERSON = "/estates/{estate_id}/people/{person_id}"


async def _require_own(session: AsyncSession, *, estate_id: int, person_id: int) -> None:
    """Let an estate decide about a person whom it alone knows.

    :raises NotFound: if the estate does not know the person
    :raises PersonElsewhere: if another estate, an organisation or the platform knows them too
    """
    if not await estates.is_known(session, estate_id=estate_id, person_id=person_id):
        raise NotFound(f"person {person_id} does not exist in estate {estate_id}")
    if await estates.is_known_elsewhere(session, estate_id=estate_id, person_id=person_id):
        raise PersonElsewhere("they are known elsewhere too: who runs the installation decides")


@router.get(
    f"{_PERSON}/data",
    operation_id="export_data_of_estate_person",
    summary="Export everything that names a person whom only this estate knows",
    responses=refusals(NotFound, PersonElsewhere, Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def export_data_of_estate_person(
    session: Session, asking: Asking, estate_id: EstateId, person_id: PersonId, now: Now
) -> PersonalDataOut:
    """All rows of all tables that name the person; hashes and sealed secrets are left out."""
    await _require_own(session, estate_id=estate_id, person_id=person_id)
    tables = await rows_of_person(session, person_id=person_id)
    await operations.record_audit(
        session,
        estate_id=estate_id,
        actor=asking.actor,
        action="export_data_of_estate_person",
        subject=f"person:{person_id}",
        now=now,
    )
    return PersonalDataOut(person_id=person_id, made_at=now, tables=tables)


@router.post(
    f"{_PERSON}/erasure",
    operation_id="erase_estate_person",
    summary="Forget a person whom only this estate knows",
    responses=refusals(NotFound, PersonElsewhere, PersonIsErased, ErasureBlocked, Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def erase_estate_person(
    session: Session, asking: Asking, estate_id: EstateId, person_id: PersonId, body: ErasureIn, now: Now
) -> ErasureOut:
    """Name, addresses, proofs, sessions, roles and access go; the id stays, and with it the books.

    Refused while the person lives in a unit, or a wallet they have access to owes something, unless forced.
    """
    await _require_own(session, estate_id=estate_id, person_id=person_id)
    against = await against_in(session, estate_id=estate_id, person_id=person_id, today=now.date())
    if against and not body.is_forced:
        problems: list[dict[str, object]] = [{"path": "person_id", "message": each} for each in against]
        raise ErasureBlocked(against[0], problems=problems)
    row = await operations.erase_person(
        session,
        person_id=person_id,
        reason=body.reason,
        is_forced=body.is_forced,
        actor=asking.actor,
        now=now,
        estate_id=estate_id,
    )
    await see_estates(session, estates=[estate_id])
    return erasure_out(row)


@router.delete(
    f"{_PERSON}/erasure",
    operation_id="refuse_erasure_in_estate",
    summary="Refuse to forget a person whom only this estate knows",
    responses=refusals(NotFound, PersonElsewhere, Invalid),
)
@needs(Permission.PRIVACY_MANAGE)
async def refuse_erasure_in_estate(
    session: Session, estate_id: EstateId, person_id: PersonId, now: Now
) -> ErasureOut:
    """Close what was asked for; the person may ask again."""
    await _require_own(session, estate_id=estate_id, person_id=person_id)
    return erasure_out(await operations.refuse_erasure(session, person_id=person_id, now=now))
