"""The route of explanations: why an entry has its amount."""

from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import PlainTextResponse
from sqlalchemy.ext.asyncio import AsyncSession

from mita.charging import operations
from mita.charging.domain.explained import Explained
from mita.charging.schemas.explanation import AccountWord, ExplanationOut, explanation_out
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import Id
from mita.kit.web import Asking, EstateId, Session, edge, needs, refusals
from mita.wallets.domain import Right
from mita.wallets.operations import require_right

router = APIRouter()
_TEXT = "text/plain"
# the part of the edge that knows, by kind of entry, what features say of entries that are theirs
EXPLAINERS = "explainers"


class Explainer(Protocol):
    """Adds to an explanation what the feature knows that made the entry."""

    async def __call__(
        self, session: AsyncSession, *, estate_id: int, wallet_id: int, utility: str, told: Explained
    ) -> Explained:
        """Return the explanation with it."""


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/entries/{utility}/{seq}/explanation",
    operation_id="explain_entry",
    summary="Explain an entry: the lines that made it, and in words",
    response_model=ExplanationOut,
    responses={
        200: {"content": {_TEXT: {"schema": {"type": "string"}}}, "description": "The explanation"},
        **refusals(NotFound, Invalid),
    },
)
@needs(Permission.WALLETS_READ, or_own=True)
async def explain_entry(
    request: Request,
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    utility: Annotated[AccountWord, Path()],
    seq: Annotated[int, Path(ge=1, le=BIGINT_MAX, examples=[1])],
) -> Response | ExplanationOut:
    """Put together what was known when it was booked; the lines add up to the amount, to the millionth.

    With ``Accept: text/plain`` the answer is the text alone.
    """
    await require_right(session, estate_id=estate_id, wallet_id=wallet_id, caller=caller, right=Right.VIEW)
    asked: dict[str, Any] = {"estate_id": estate_id, "wallet_id": wallet_id, "utility": utility, "seq": seq}
    if caller.may(Permission.WALLETS_READ, estate_id=estate_id):
        told = await operations.explain_entry(session, **asked)
    else:
        async with edge(request).database.unit_of_work(estates=[estate_id]) as whole:
            told = await operations.explain_entry(session, **asked, whole=whole)
    explainers: dict[str, Explainer] = edge(request).parts.get(EXPLAINERS, {})
    if told.kind in explainers:
        told = await explainers[told.kind](
            session, estate_id=estate_id, wallet_id=wallet_id, utility=utility, told=told
        )
    shown = explanation_out(told)
    if request.headers.get("accept", "").split(";")[0].strip().lower() == _TEXT:
        return PlainTextResponse(shown.text)
    return shown
