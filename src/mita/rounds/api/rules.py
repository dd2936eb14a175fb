"""Routes of the rule when residents read their meters, and of reading rounds."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Limit
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.rounds import operations, queries
from mita.rounds.domain import sheet_text
from mita.rounds.schemas.rounds import ReadingRoundOut, round_meter_out, round_rows
from mita.rounds.schemas.rules import ReadingWindowIn, ReadingWindowOut, reading_window_out

router = APIRouter()
_CSV = "text/csv"
_SHEET: dict[int | str, dict[str, Any]] = {
    200: {"content": {_CSV: {"schema": {"type": "string"}}}, "description": "The round"}
}


@router.get(
    "/estates/{estate_id}/reading-window",
    operation_id="get_reading_window",
    summary="Get when residents read their meters",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_READ, or_own=True)
async def get_reading_window(session: Session, estate_id: EstateId, now: Now) -> ReadingWindowOut:
    """Return the rule of today, those to come, and the window that is open or next."""
    return reading_window_out(await queries.today(session, estate_id=estate_id, now=now))


@router.put(
    "/estates/{estate_id}/reading-window",
    operation_id="set_reading_window",
    summary="Set when residents read their meters",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def set_reading_window(
    session: Session, asking: Asking, estate_id: EstateId, body: ReadingWindowIn, now: Now
) -> ReadingWindowOut:
    """Add a version of the rule, from today or a later date on; earlier versions stay as they were."""
    today = await queries.today(session, estate_id=estate_id, now=now)
    await operations.set_window_rule(
        session, estate_id=estate_id, rule=body.rule(today=today.day), actor=asking.actor, now=now
    )
    return reading_window_out(await queries.today(session, estate_id=estate_id, now=now))


@router.get(
    "/estates/{estate_id}/reading-rounds",
    operation_id="get_reading_round",
    summary="Get the meters to read, in walking order",
    response_model=ReadingRoundOut,
    responses={**_SHEET, **refusals(NotFound, Invalid)},
)
@needs(Permission.READINGS_READ)
async def get_reading_round(
    request: Request,
    session: Session,
    estate_id: EstateId,
    now: Now,
    is_done: Annotated[bool | None, Query(description="Only those that are done, or are not")] = None,
    after_id: Annotated[AfterId, Query(description="The `next` of an earlier answer")] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Response | ReadingRoundOut:
    """List the meters that people read, by the natural order of their units' names, with what is expected.

    With ``Accept: text/csv`` the answer is a file of all of them, a row for each register.
    """
    walk = await queries.walk(session, estate_id=estate_id, now=now)
    behind = [each for each in walk.after(after_id) if is_done in (None, each.is_done)]
    if request.headers.get("accept", "").split(";")[0].strip().lower() == _CSV:
        known = await queries.with_values(session, estate_id=estate_id, meters=behind, now=now)
        return Response(
            sheet_text(row for each in known for row in round_rows(each)),
            media_type=f"{_CSV}; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="reading-round.csv"'},
        )
    known = await queries.with_values(session, estate_id=estate_id, meters=behind[:limit], now=now)
    return ReadingRoundOut(
        from_on=walk.window.from_on,
        last_on=walk.window.last_on,
        meters=len(walk.meters),
        done=walk.done,
        items=[round_meter_out(each) for each in known],
        next=behind[limit - 1].meter_id if len(behind) > limit else None,
    )
