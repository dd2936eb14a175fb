"""Routes of meters, and the lists of readings by class."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Id, Limit, Page, UtilityWord, page_of
from mita.kit.web import Asking, EstateId, Now, Session, edge, missing, needs, refusals
from mita.metering import operations, queries
from mita.metering.domain import ClassWord, ReadingClass
from mita.metering.operations import SerialTaken
from mita.metering.schemas import (
    Cursor,
    MeterIn,
    MeterOut,
    MeterWithRegisters,
    ReadingOut,
    SilenceRuleIn,
    SilenceRuleOut,
    SilentMeterOut,
    meter_out,
    meter_with_registers,
    parse_cursor,
    rejected_cursor,
    rejected_out,
    repeat_out,
    stored_out,
)

router = APIRouter()

_REPEATS = {"duplicate": ReadingClass.DUPLICATE, "conflict": ReadingClass.CONFLICT}


@router.get(
    "/estates/{estate_id}/meters",
    operation_id="list_meters",
    summary="List an estate's meters",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ, or_own=True)
async def list_meters(
    session: Session,
    estate_id: EstateId,
    unit_id: Annotated[Id | None, Query()] = None,
    utility: Annotated[UtilityWord | None, Query()] = None,
    q: Annotated[str, Query(max_length=100, description="A part of the serial")] = "",
    order: Annotated[Literal["id", "serial", "-serial"], Query()] = "id",
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[MeterOut]:
    """Meters by id or by serial; continue with ``after_id`` = ``next`` in the same order."""
    rows = await queries.meters(
        session,
        estate_id=estate_id,
        unit_id=unit_id,
        utility=utility,
        part=q.replace("\x00", ""),
        order=order,
        after_id=after_id,
        limit=limit + 1,
    )
    return page_of(rows, limit=limit, shown=meter_out, cursor=lambda item: item.meter_id)


@router.post(
    "/estates/{estate_id}/meters",
    operation_id="install_meter",
    summary="Install a meter in a unit",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, SerialTaken, Invalid),
)
@needs(Permission.METERS_WRITE)
async def install_meter(session: Session, estate_id: EstateId, body: MeterIn, now: Now) -> MeterWithRegisters:
    """Install one; the unit gets a wallet, and an account for the utility, if it has none yet."""
    await estate_queries.unit(session, estate_id=estate_id, unit_id=body.unit_id)
    (meter_id,) = await operations.install_meters(
        session, estate_id=estate_id, meters=[body.new_meter()], now=now
    )
    return await _meter(session, estate_id=estate_id, meter_id=meter_id)


@router.get(
    "/estates/{estate_id}/meters/{meter_id}",
    operation_id="get_meter",
    summary="Get one meter with its registers",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ, or_own=True)
async def get_meter(session: Session, estate_id: EstateId, meter_id: Id) -> MeterWithRegisters:
    """One meter."""
    return await _meter(session, estate_id=estate_id, meter_id=meter_id)


async def _meter(session: AsyncSession, *, estate_id: int, meter_id: int) -> MeterWithRegisters:
    row = await queries.meter(session, estate_id=estate_id, meter_id=meter_id)
    registers = await queries.registers_of_meter(session, estate_id=estate_id, meter_id=meter_id)
    register_ids = [each.register_id for each in registers]
    made = await queries.derivations(session, estate_id=estate_id, register_ids=register_ids)
    _, virtual = await queries.virtual_register_ids(session, estate_id=estate_id, register_ids=register_ids)
    return meter_with_registers(row, registers=list(registers), derivations=made, virtual=virtual)


@router.get(
    "/estates/{estate_id}/readings",
    operation_id="list_readings",
    summary="List readings by class, with their reasons",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.READINGS_READ, or_own=True)
async def list_readings(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    class_: Annotated[ClassWord | None, Query(alias="class")] = None,
    register_id: Annotated[Id | None, Query(description="Of one register; not for `rejected`")] = None,
    is_set_aside: Annotated[
        bool | None, Query(description="Only held ones that somebody set aside, or only the others")
    ] = None,
    before: Annotated[
        str | None, Query(max_length=80, description="An instant, or the `next` of an earlier answer")
    ] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ReadingOut]:
    """List newest first; without ``class`` all that is stored on the registers, whatever its class.

    Duplicates, conflicts and rejections did not become readings: they are listed by their class only.
    """
    if class_ == "rejected":
        # nobody knows whose it would have been
        if not caller.may(Permission.READINGS_READ, estate_id=estate_id):
            raise missing(Permission.READINGS_READ)
        return await _rejected(session, estate_id=estate_id, before=before, limit=limit)
    place = None if before is None else parse_cursor(before).key
    if class_ in _REPEATS:
        rows = await queries.repeats(
            session,
            estate_id=estate_id,
            class_=_REPEATS[class_],
            register_id=register_id,
            before=place,
            limit=limit + 1,
        )
        repeats = [repeat_out(row) for row in rows[:limit]]
        last = rows[limit - 1][0] if len(rows) > limit else None
        cursor = last and Cursor(last.taken_at, last.register_id, last.value_micro)
        return Page(items=repeats, next=str(cursor) if cursor else None)
    stored = await queries.readings(
        session,
        estate_id=estate_id,
        register_id=register_id,
        classes=[each for each in ReadingClass if each.shown == class_],
        is_set_aside=is_set_aside,
        before=None if place is None else place[:2],
        limit=limit + 1,
    )
    keys = [(row[0].register_id, row[0].taken_at) for row in stored[:limit]]
    known = await queries.temperatures(session, estate_id=estate_id, keys=keys)
    aside = await queries.set_aside(session, estate_id=estate_id, keys=keys)
    items = [
        stored_out(row, temperature_centi=known.get(key), aside=aside.get(key))
        for row, key in zip(stored, keys, strict=False)
    ]
    final = stored[limit - 1][0] if len(stored) > limit else None
    return Page(items=items, next=str(Cursor(final.taken_at, final.register_id)) if final else None)


async def _rejected(
    session: AsyncSession, *, estate_id: int, before: str | None, limit: int
) -> Page[ReadingOut]:
    before_id = None if before is None else min(rejected_cursor(before), BIGINT_MAX)
    rows = await queries.rejections(session, estate_id=estate_id, before_id=before_id, limit=limit + 1)
    last = rows[limit - 1].rejected_reading_id if len(rows) > limit else None
    return Page(items=[rejected_out(row) for row in rows[:limit]], next=None if last is None else str(last))


@router.get(
    "/estates/{estate_id}/silent-meters",
    operation_id="list_silent_meters",
    summary="List the meters that send nothing",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ, or_own=True)
async def list_silent_meters(
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[SilentMeterOut]:
    """Meters by id, only those with a device; continue with ``after_id`` = ``next``."""
    rows = await queries.silent_meters(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    items = [
        SilentMeterOut(
            meter_id=row.meter_id, serial=row.serial, unit_id=row.unit_id, silent_since=row.silent_since
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=items[-1].meter_id if len(rows) > limit else None)


@router.get(
    "/estates/{estate_id}/silence-rule",
    operation_id="get_silence_rule",
    summary="Get after how long meters are silent",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.METERS_READ)
async def get_silence_rule(session: Session, estate_id: EstateId) -> SilenceRuleOut:
    """Where nobody set one, 24 hours."""
    return SilenceRuleOut(silent_hours=await queries.silent_hours(session, estate_id=estate_id))


@router.put(
    "/estates/{estate_id}/silence-rule",
    operation_id="set_silence_rule",
    summary="Set after how long meters are silent",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def set_silence_rule(
    session: Session, estate_id: EstateId, body: SilenceRuleIn, now: Now
) -> SilenceRuleOut:
    """Meters that are silent by the new rule are told of within five minutes."""
    await operations.set_silence_rule(session, estate_id=estate_id, silent_hours=body.silent_hours, now=now)
    return SilenceRuleOut(silent_hours=body.silent_hours)


@router.get(
    "/rejected-readings",
    operation_id="list_rejected_readings",
    summary="List what was rejected and belongs to no estate",
    responses=refusals(Invalid),
)
@needs(Permission.PLATFORM_MANAGE)
async def list_rejected_readings(
    request: Request,
    before: Annotated[str | None, Query(max_length=80, description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[ReadingOut]:
    """List what unknown devices sent, newest first; an estate's own are listed with its readings."""
    async with edge(request).database.unit_of_work(estates=[0]) as session:
        return await _rejected(session, estate_id=0, before=before, limit=limit)
