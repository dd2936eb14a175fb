"""Routes of solar installations."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, status
from pydantic import StringConstraints

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.clock import month_named
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Limit, Page, page_of
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.solar import operations, queries
from mita.solar.operations import InstallationEnded
from mita.solar.schemas import (
    SolarCreditOut,
    SolarEndIn,
    SolarInstallationIn,
    SolarInstallationOut,
    SolarSharesIn,
    credit_out,
    installation_out,
)

router = APIRouter(tags=["solar"])
InstallationId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The solar installation", examples=[1])]
Month = Annotated[
    str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$"), Query(examples=["2025-01"])
]


async def _shown(session: Session, *, estate_id: int, solar_installation_id: int) -> SolarInstallationOut:
    row = await queries.installation(
        session, estate_id=estate_id, solar_installation_id=solar_installation_id
    )
    (panels,) = await queries.panels(session, estate_id=estate_id, rows=[row])
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    return installation_out(panels, currency=currency)


@router.post(
    "/estates/{estate_id}/solar-installations",
    operation_id="create_solar_installation",
    summary="Add panels whose capacity is credited to homes each month",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SHARING_WRITE)
async def create_solar_installation(
    session: Session, caller: Asking, estate_id: EstateId, body: SolarInstallationIn, now: Now
) -> SolarInstallationOut:
    """Months that are over already are credited within the hour."""
    row = await operations.create_installation(
        session, estate_id=estate_id, new=body.new(), actor=caller.actor, now=now
    )
    return await _shown(session, estate_id=estate_id, solar_installation_id=row.solar_installation_id)


@router.get(
    "/estates/{estate_id}/solar-installations",
    operation_id="list_solar_installations",
    summary="List an estate's solar installations",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SHARING_READ)
async def list_solar_installations(
    session: Session, estate_id: EstateId, after_id: AfterId = 0, limit: Limit = 100
) -> Page[SolarInstallationOut]:
    """By id, with their shares."""
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    rows = await queries.installations(session, estate_id=estate_id, after_id=after_id, limit=limit)
    panels = await queries.panels(session, estate_id=estate_id, rows=rows)
    return Page(
        items=[installation_out(each, currency=currency) for each in panels],
        next=rows[-1].solar_installation_id if len(rows) == limit else None,
    )


@router.post(
    "/estates/{estate_id}/solar-installations/{solar_installation_id}/shares",
    operation_id="set_solar_shares",
    summary="Set the shares of homes in an installation from a date on",
    responses=refusals(NotFound, InstallationEnded, Invalid),
)
@needs(Permission.SHARING_WRITE)
async def set_solar_shares(
    session: Session,
    caller: Asking,
    estate_id: EstateId,
    solar_installation_id: InstallationId,
    body: SolarSharesIn,
    now: Now,
) -> SolarInstallationOut:
    """All homes' shares; months that are over are credited again, and only differences are booked."""
    key = {"estate_id": estate_id, "solar_installation_id": solar_installation_id}
    await operations.set_shares(
        session, **key, shares=body.by_unit(), from_on=body.from_on, actor=caller.actor, now=now
    )
    return await _shown(session, **key)


@router.post(
    "/estates/{estate_id}/solar-installations/{solar_installation_id}/end",
    operation_id="end_solar_installation",
    summary="End a solar installation",
    responses=refusals(NotFound, InstallationEnded, Invalid),
)
@needs(Permission.SHARING_WRITE)
async def end_solar_installation(
    session: Session, estate_id: EstateId, solar_installation_id: InstallationId, body: SolarEndIn
) -> SolarInstallationOut:
    """Once, and for good; what was credited beyond its end is taken back."""
    key = {"estate_id": estate_id, "solar_installation_id": solar_installation_id}
    await operations.end_installation(session, **key, until_on=body.until_on)
    return await _shown(session, **key)


@router.get(
    "/estates/{estate_id}/solar-credits",
    operation_id="list_solar_credits",
    summary="List what homes are credited for a month",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.SHARING_READ, or_own=True)
async def list_solar_credits(
    session: Session,
    estate_id: EstateId,
    month: Month,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[SolarCreditOut]:
    """As it is booked, by unit; continue with ``after_id`` = ``next``. A person sees their own homes only."""
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    rows = await queries.credits_of_month(
        session, estate_id=estate_id, month=month_named(month), after_id=after_id, limit=limit + 1
    )
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: credit_out(row, currency=currency),
        cursor=lambda item: item.unit_id,
    )
