"""Routes of pulse counters and factors: how a register comes about."""

from fastapi import APIRouter, status

from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.metering import operations, queries
from mita.metering.operations import ReadSince
from mita.metering.schemas import (
    FactorIn,
    FactorOut,
    Factors,
    PulseCounterIn,
    PulseCounterOut,
    PulseCounterRestart,
    PulseCounterSpan,
    factor_out,
    span_out,
    unit_of,
)

router = APIRouter()
_COUNTER = "/estates/{estate_id}/registers/{register_id}/pulse-counter"
_FACTORS = "/estates/{estate_id}/registers/{register_id}/factors"


@router.get(
    _COUNTER,
    operation_id="get_pulse_counter",
    summary="Get what a register's pulses are worth",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def get_pulse_counter(session: Session, estate_id: EstateId, register_id: Id) -> PulseCounterOut:
    """All spans, also those that rollovers and resets began; none where the register counts no pulses."""
    info = await queries.register(session, estate_id=estate_id, register_id=register_id)
    rows = await queries.pulse_counters(session, estate_id=estate_id, register_ids=[register_id])
    spans = [span_out(row, unit=unit_of(info)) for row in reversed(rows)]
    return PulseCounterOut(register_id=register_id, spans=spans)


@router.post(
    _COUNTER,
    operation_id="set_pulse_counter",
    summary="Say what a register's pulses are worth",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, ReadSince, Invalid),
)
@needs(Permission.METERS_WRITE)
async def set_pulse_counter(
    session: Session, asking: Asking, estate_id: EstateId, register_id: Id, body: PulseCounterIn, now: Now
) -> PulseCounterSpan:
    """Set it from an instant after all readings on; the register goes on from where it stands."""
    row = await operations.set_pulse_counter(
        session, estate_id=estate_id, register_id=register_id, new=body.new(), actor=asking.actor, now=now
    )
    info = await queries.register(session, estate_id=estate_id, register_id=register_id)
    return span_out(row, unit=unit_of(info))


@router.post(
    _COUNTER + "/restarts",
    operation_id="restart_pulse_counter",
    summary="Say that a pulse counter began again",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, ReadSince, Invalid),
)
@needs(Permission.METERS_WRITE)
async def restart_pulse_counter(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    register_id: Id,
    body: PulseCounterRestart,
    now: Now,
) -> PulseCounterSpan:
    """Let a counter that fell go on: the next count is added to where the register stands."""
    row = await operations.begin_counter_again(
        session, estate_id=estate_id, register_id=register_id, cause=body.cause, actor=asking.actor, now=now
    )
    info = await queries.register(session, estate_id=estate_id, register_id=register_id)
    return span_out(row, unit=unit_of(info))


@router.delete(
    _COUNTER,
    operation_id="remove_pulse_counter",
    summary="Take back what was said last of a pulse counter",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(NotFound, ReadSince, Invalid),
)
@needs(Permission.METERS_WRITE)
async def remove_pulse_counter(session: Session, estate_id: EstateId, register_id: Id, now: Now) -> None:
    """Take the newest span back, as long as nothing was read by it."""
    await operations.remove_pulse_counter(session, estate_id=estate_id, register_id=register_id, now=now)


@router.get(
    _FACTORS,
    operation_id="list_factors",
    summary="List what a register's source is multiplied by",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def list_factors(session: Session, estate_id: EstateId, register_id: Id) -> Factors:
    """All factors over time; none where the register shows what the meter shows."""
    info = await queries.register(session, estate_id=estate_id, register_id=register_id)
    rows = await queries.register_factors(session, estate_id=estate_id, register_ids=[register_id])
    found = [factor_out(row, unit=unit_of(info)) for row in reversed(rows)]
    return Factors(register_id=register_id, factors=found)


@router.post(
    _FACTORS,
    operation_id="set_factor",
    summary="Multiply what a meter shows",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, ReadSince, Invalid),
)
@needs(Permission.METERS_WRITE)
async def set_factor(
    session: Session, asking: Asking, estate_id: EstateId, register_id: Id, body: FactorIn, now: Now
) -> FactorOut:
    """Set a transformer ratio or a calibration factor from an instant after all readings on.

    The register does not jump. On one that nobody read yet it holds from the beginning.
    """
    carry_out = operations.preview_factor if body.dry_run else operations.set_factor
    row = await carry_out(
        session, estate_id=estate_id, register_id=register_id, new=body.new(), actor=asking.actor, now=now
    )
    info = await queries.register(session, estate_id=estate_id, register_id=register_id)
    return factor_out(row, unit=unit_of(info))


@router.delete(
    _FACTORS,
    operation_id="remove_factor",
    summary="Take a register's newest factor back",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=refusals(NotFound, ReadSince, Invalid),
)
@needs(Permission.METERS_WRITE)
async def remove_factor(session: Session, estate_id: EstateId, register_id: Id, now: Now) -> None:
    """Take it back as long as nothing was read by it; later, factor 1 ends it."""
    await operations.remove_factor(session, estate_id=estate_id, register_id=register_id, now=now)
