"""Routes of readings: they come in, held ones are accepted, charges are posted and reversed."""

from datetime import datetime
from typing import Annotated, Protocol, cast

import numpy as np
from fastapi import APIRouter, Path, Query, Request, status
from sqlalchemy.ext.asyncio import AsyncSession

from mita.charging import operations, queries
from mita.charging.domain.outcome import Outcome
from mita.charging.operations.release import NotHeld
from mita.charging.schemas.readings import (
    SOURCE,
    AcceptedOut,
    ChargingRuleBody,
    EstateReadingsIn,
    Item,
    ReadingsIn,
    ReadingsOut,
    ReversalIn,
    ReversalOut,
    accepted_out,
    read_item,
    readings_out,
)
from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.clock import to_us
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Instant, money
from mita.kit.web import (
    Asking,
    EstateId,
    Now,
    Session,
    caller,
    edge,
    need_of,
    needs,
    refusals,
    repeat_on_contention,
)
from mita.kit.zones import local_month, zone
from mita.ledger import operations as ledger
from mita.ledger.operations import AlreadyReversed, NotReversible
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingBatch, ReadingClass, Rejection, truncated

router = APIRouter()

LANES = "lanes"


class Charger(Protocol):
    """Charges batches durably, one at a time for each estate; the process lends it under ``LANES``."""

    async def charge(self, batch: ReadingBatch, *, estate_id: int, now: datetime) -> Outcome:
        """Charge a batch of one estate."""


@router.post(
    "/estates/{estate_id}/readings",
    operation_id="send_readings",
    summary="Send readings of an estate",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.READINGS_SEND)
async def send_readings(request: Request, estate_id: EstateId, body: ReadingsIn, now: Now) -> ReadingsOut:
    """Charge readings; when this answers, their money has moved. Sent again, nothing is charged twice.

    Each ends in one class. One that cannot be a reading is ``rejected`` with a code and a reason; the others
    go on.
    """
    if body.estate_id not in (None, estate_id):
        message = "is another estate than the path names"
        raise Invalid(f"estate_id {message}", problems=[{"path": "body.estate_id", "message": message}])
    return await _charge(request, estate_id=estate_id, raw=body.readings, now=now)


@router.post(
    "/readings",
    operation_id="send_readings_of_estate",
    summary="Send readings; the body names the estate",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.READINGS_SEND, for_devices=True, estate_in_body=True)
async def send_readings_of_estate(request: Request, body: EstateReadingsIn, now: Now) -> ReadingsOut:
    """Charge readings as ``send_readings`` does; with a device token, those of the device's own meters."""
    return await _charge(request, estate_id=body.estate_id, raw=body.readings, now=now)


async def _charge(request: Request, *, estate_id: int, raw: list[object], now: datetime) -> ReadingsOut:
    lent = edge(request)
    async with lent.database.unit_of_work(estates=[estate_id]) as session:
        await lent.admit(session, caller(request), estate_id, need=need_of(request))
        own = await _own_meters(session, device=caller(request).device, estate_id=estate_id)
    read = [_if_own(read_item(each), own=own) for each in raw]
    items = [each for each in read if isinstance(each, Item)]
    rejections = [each for each in read if isinstance(each, Rejection)]
    outcome = None
    if items:
        charger = cast("Charger", lent.parts[LANES])
        outcome = await charger.charge(_batch(items, now=now), estate_id=estate_id, now=now)
    if rejections:
        # after the charge: a request that fails half way and is sent again records them once
        async with lent.database.unit_of_work(estates=[estate_id]) as session:
            await metering.record_rejections(
                session, estate_id=estate_id, rejections=rejections, received_us=to_us(now)
            )
    return readings_out(read, outcome=outcome)


async def _own_meters(session: AsyncSession, *, device: str | None, estate_id: int) -> set[str] | None:
    """Return the serials that a device speaks for; None is any, for whoever is no device."""
    if device is None:
        return None
    found = await metering_queries.meters_of_devices(session, estate_id=estate_id, devices=[device])
    return {serial for serial, _ in found.get(device, ())}


def _if_own(read: Item | Rejection, *, own: set[str] | None) -> Item | Rejection:
    """Return what was read, or a rejection if the device speaks for a meter that is not its own."""
    if own is None or isinstance(read, Rejection) or read.key[0] in own:
        return read
    serial, register, _ = read.key
    detail = f"the device has no meter {serial[:100]!r}"
    return Rejection(SOURCE, serial, register, truncated(serial.encode()), "unknown_meter", detail)


def _batch(items: list[Item], *, now: datetime) -> ReadingBatch:
    return ReadingBatch(
        key=[each.key for each in items],
        taken_s=np.array([each.taken_s for each in items], dtype=np.int64),
        value_micro=np.array([each.value_micro for each in items], dtype=np.int64),
        source=SOURCE,
        received_us=to_us(now),
        temperature_centi={
            row: each.temperature_centi
            for row, each in enumerate(items)
            if each.temperature_centi is not None
        },
    )


class _TakenBack(Exception):
    """Rolls a dry run back."""

    def __init__(self, accepted: AcceptedOut) -> None:
        super().__init__("a dry run")
        self.accepted = accepted


@router.post(
    "/estates/{estate_id}/registers/{register_id}/readings/{taken_at}/accept",
    operation_id="accept_held_reading",
    summary="Accept a held reading",
    responses=refusals(NotFound, NotHeld, Invalid),
)
@needs(Permission.READINGS_JUDGE)
async def accept_held_reading(
    request: Request,
    asking: Asking,
    estate_id: EstateId,
    register_id: Id,
    taken_at: Annotated[Instant, Path(examples=["2026-01-31T06:30:00Z"])],
    now: Now,
    dry_run: Annotated[bool, Query(description="Say what it would charge, and charge nothing")] = False,  # noqa: FBT002 - a parameter of the query
) -> AcceptedOut:
    """Charge it and everything after it as if it had been plausible; only the difference is posted."""

    async def work(session: AsyncSession) -> AcceptedOut:
        # all of it below a savepoint, so that a dry run is the same code
        try:
            async with session.begin_nested():
                accepted = await accept(session)
                if dry_run:
                    raise _TakenBack(accepted)  # noqa: TRY301 - it must leave the savepoint
        except _TakenBack as tried:
            return tried.accepted
        return accepted

    async def accept(session: AsyncSession) -> AcceptedOut:
        info = await metering_queries.register(session, estate_id=estate_id, register_id=register_id)
        estate = await estate_queries.estate(session, estate_id=estate_id)
        await ledger.ensure_entry_partition(session, period=local_month(now, local=zone(estate.time_zone)))
        settled = await operations.accept_held_reading(
            session,
            estate_id=estate_id,
            register_id=register_id,
            taken_at=taken_at,
            actor=asking.actor,
            now=now,
        )
        currency = estate.currency
        session.expire_all()
        stored = await metering_queries.reading(
            session, estate_id=estate_id, register_id=register_id, taken_at=taken_at
        )
        class_ = ReadingClass(stored.class_).shown
        return accepted_out(settled, info=info, taken_at=taken_at, class_=class_, currency=currency)

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.post(
    "/estates/{estate_id}/ledger/reversals",
    operation_id="reverse_entry",
    summary="Reverse one entry",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, AlreadyReversed, NotReversible, Invalid),
)
@needs(Permission.LEDGER_WRITE)
async def reverse_entry(request: Request, estate_id: EstateId, body: ReversalIn, now: Now) -> ReversalOut:
    """Mirror it in a journal of its own, at most once. In a journal of two, both entries count as reversed.

    The reading of a reversed charge stays as it is: what it measured is not in doubt, its price was waived.
    """
    actor = caller(request).actor

    async def work(session: AsyncSession) -> ReversalOut:
        booked = await operations.reverse(
            session,
            estate_id=estate_id,
            account_id=body.account_id,
            seq=body.seq,
            reason=body.reason,
            actor=actor,
            now=now,
        )
        estate = await estate_queries.estate(session, estate_id=estate_id)
        balance = money(booked.balances_micro[body.account_id], currency=estate.currency)
        return ReversalOut(journal_id=booked.journal_id, account_id=body.account_id, balance=balance)

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.get(
    "/estates/{estate_id}/charging-rule",
    operation_id="get_charging_rule",
    summary="Get how often an estate's charges are posted",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_READ)
async def get_charging_rule(session: Session, estate_id: EstateId) -> ChargingRuleBody:
    """``each`` reading, unless the estate has set otherwise."""
    return ChargingRuleBody(cadence=await queries.cadence(session, estate_id=estate_id))


@router.put(
    "/estates/{estate_id}/charging-rule",
    operation_id="set_charging_rule",
    summary="Set how often an estate's charges are posted",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.ESTATES_WRITE)
async def set_charging_rule(
    request: Request, estate_id: EstateId, body: ChargingRuleBody, now: Now
) -> ChargingRuleBody:
    """Set it; what has accrued so far is posted at once. Balances and supplies follow each reading anyway."""

    async def work(session: AsyncSession) -> ChargingRuleBody:
        await operations.set_cadence(session, estate_id=estate_id, cadence=body.cadence, now=now)
        return body

    return await repeat_on_contention(request, estate_id=estate_id, work=work)
