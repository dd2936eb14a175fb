"""The route of a unit's consumption over time."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.clock import from_us
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import format_micro
from mita.kit.shapes import Id
from mita.kit.web import Asking, Caller, EstateId, Session, needs, refusals
from mita.kit.zones import zone
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT
from mita.reports import queries
from mita.reports.domain import Known, Steps, Use, dates_before, percent_text, total_use
from mita.reports.queries import UseKey
from mita.reports.schemas.asked import First, StepWord, Until, asked_steps
from mita.reports.schemas.consumption import (
    ChargedLine,
    ConsumptionHistory,
    SpanBefore,
    UseLine,
    charged_out,
    known_out,
    step_out,
    values_out,
)
from mita.tariffs.domain import local_midnight_s
from mita.wallets import queries as wallet_queries

router = APIRouter()


@router.get(
    "/estates/{estate_id}/units/{unit_id}/consumption-history",
    operation_id="get_consumption_history",
    summary="Get what a unit used and was charged, by hour, day, week or month",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.READINGS_READ, or_own=True)
async def get_consumption_history(
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    unit_id: Id,
    first: First,
    until: Until,
    step: Annotated[StepWord, Query(description="What one label stands for")] = "day",
) -> ConsumptionHistory:
    """In the estate's zone. From stored readings, also those that were taken before or after the span.

    Where readings lie further apart than a label, what was used between them is spread and said so; where no
    reading tells, there is no value. The wallet's money is shown to who may see the wallet.
    """
    await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    steps = asked_steps(step, first=first, until=until, zone=zone(estate.time_zone))
    wallet_ids = await _wallets(session, asking, estate_id=estate_id, unit_id=unit_id)
    shown = None
    if wallet_ids:
        shown = await _charged(
            session, estate_id=estate_id, wallet_ids=wallet_ids, steps=steps, currency=estate.currency
        )
    return ConsumptionHistory(
        unit_id=unit_id,
        step=step_out(steps.step),
        time_zone=estate.time_zone,
        first=steps.first,
        until=steps.until,
        labels=list(steps.labels),
        lines=await _lines(
            session, estate_id=estate_id, unit_id=unit_id, steps=steps, time_zone=estate.time_zone
        ),
        charged=shown,
    )


async def _wallets(session: AsyncSession, asking: Caller, *, estate_id: int, unit_id: int) -> list[int]:
    """Return the unit's wallet, if the caller may see it."""
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    found = {each.wallet_id for each in accounts}
    if not asking.may(Permission.WALLETS_READ, estate_id=estate_id):
        mine: list[int] = []
        if asking.person_id is not None:
            mine = await wallet_queries.wallets_of_person(
                session, estate_id=estate_id, person_id=asking.person_id
            )
        found &= set(mine)
    return sorted(found)


async def _charged(
    session: AsyncSession, *, estate_id: int, wallet_ids: list[int], steps: Steps, currency: str
) -> ChargedLine:
    found = await queries.charged(
        session, estate_id=estate_id, wallet_ids=wallet_ids, borders_s=steps.borders_s
    )
    amounts = found.by_step(count=len(steps.labels))
    return charged_out(amounts, accrued_micro=found.accrued_micro, currency=currency)


async def _lines(
    session: AsyncSession, *, estate_id: int, unit_id: int, steps: Steps, time_zone: str
) -> list[UseLine]:
    """Return what the unit used, by utility and register, beside what it used before."""
    days_before = dates_before(steps)
    start_s, end_s = (local_midnight_s(day, zone=zone(time_zone)) for day in days_before)
    placed = await metering_queries.placed_registers(
        session, estate_id=estate_id, unit_ids=[unit_id], since=from_us(start_s * 1_000_000)
    )
    found = await queries.uses(
        session, estate_id=estate_id, placed=placed, borders_s=steps.borders_s, longest_s=steps.longest_s
    )
    before: dict[UseKey, int | None] = {}
    ends = {key: _end_before(uses, steps=steps, start_s=start_s, end_s=end_s) for key, uses in found.items()}
    for until_s in sorted(set(ends.values()) - {start_s}):
        some = [each for each in placed if ends[each.unit_id, each.utility, each.register] == until_s]
        borders_s = np.array([start_s, until_s], dtype=np.int64)
        earlier = await queries.probed_uses(
            session, estate_id=estate_id, placed=some, borders_s=[start_s, until_s], longest_s=steps.longest_s
        )
        for key, uses in earlier.items():
            (amount,), (known,) = total_use(uses, borders_s=borders_s)
            before[key] = amount if known in (Known.MEASURED, Known.SPREAD) else None
    return [_line(key, uses, earlier_micro=before.get(key), steps=steps) for key, uses in found.items()]


def _end_before(uses: list[Use], *, steps: Steps, start_s: int, end_s: int) -> int:
    """Return the end of as much of the span before as is known of this one."""
    covered_s = sum(int(use.covered_s.sum()) for use in uses)
    if covered_s >= steps.borders_s[-1] - steps.borders_s[0]:
        return end_s
    return min(start_s + covered_s, end_s)


def _line(key: UseKey, uses: list[Use], *, earlier_micro: int | None, steps: Steps) -> UseLine:
    _, utility, register = key
    values, known = total_use(uses, borders_s=np.array(steps.borders_s, dtype=np.int64))
    total_micro = sum(value for value in values if value is not None)
    first, until = dates_before(steps)
    change = None
    if earlier_micro is not None:
        change = percent_text(total_micro - earlier_micro, of_micro=earlier_micro)
    return UseLine(
        utility=utility,
        register_=register,
        unit=BASE_UNIT[utility],
        values=values_out(values),
        known=known_out(known),
        total=format_micro(total_micro),
        before=SpanBefore(
            first=first,
            until=until,
            total=None if earlier_micro is None else format_micro(earlier_micro),
            change_percent=change,
        ),
    )
