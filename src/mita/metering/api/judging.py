"""Routes of held readings that are wrong."""

from typing import Annotated

from fastapi import APIRouter, Path

from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Instant
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.metering import operations
from mita.metering.operations import NotWaiting
from mita.metering.schemas import SetAsideIn, SetAsideOut, set_aside_out

router = APIRouter()


@router.post(
    "/estates/{estate_id}/registers/{register_id}/readings/{taken_at}/set-aside",
    operation_id="set_aside_held_reading",
    summary="Set a held reading aside that is wrong",
    responses=refusals(NotFound, NotWaiting, Invalid),
)
@needs(Permission.READINGS_JUDGE)
async def set_aside_held_reading(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    register_id: Id,
    taken_at: Annotated[Instant, Path(examples=["2026-01-31T06:30:00Z"])],
    body: SetAsideIn,
    now: Now,
) -> SetAsideOut:
    """Nobody has to look at it again. It moves no money, as before, and can still be accepted."""
    row = await operations.set_aside_held_reading(
        session,
        estate_id=estate_id,
        register_id=register_id,
        taken_at=taken_at,
        reason=body.reason,
        actor=asking.actor,
        now=now,
    )
    return set_aside_out(row)
