"""The route that says what putting a rate table in force would charge again."""

from fastapi import APIRouter

from mita.charging import operations
from mita.charging.schemas.assignment import AssignmentPreview, assignment_preview
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.web import Asking, EstateId, Session, needs, refusals
from mita.tariffs.operations import AlreadyInForce
from mita.tariffs.schemas import RateAssignmentIn, order_of

router = APIRouter()


@router.post(
    "/estates/{estate_id}/rate-assignments/preview",
    operation_id="preview_rate_assignment",
    summary="Show what an assignment would charge again; nothing is kept",
    responses=refusals(NotFound, AlreadyInForce, Invalid),
)
@needs(Permission.RATES_WRITE)
async def preview_rate_assignment(
    session: Session, caller: Asking, estate_id: EstateId, body: RateAssignmentIn
) -> AssignmentPreview:
    """Which registers it names, and since when those are charged again whose past was charged otherwise."""
    found = await operations.assignment_effect(
        session, estate_id=estate_id, order=order_of(body, actor=caller.actor)
    )
    return assignment_preview(found)
