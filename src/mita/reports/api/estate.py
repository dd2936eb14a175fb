"""The route of what an estate used: as JSON, or whole as a CSV file."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.clock import from_us
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import format_micro
from mita.kit.shapes import AfterId, Limit, UtilityWord
from mita.kit.web import Asking, EstateId, Session, needs, refusals
from mita.kit.zones import zone
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT
from mita.reports import queries
from mita.reports.api.sheet import SHEET, sheet, unit_names, wants_sheet
from mita.reports.domain import (
    Known,
    Use,
    total_use,
)
from mita.reports.queries import UseKey
from mita.reports.schemas.asked import First, Until, asked_steps, too_many_values
from mita.reports.schemas.consumption import known_out, values_out
from mita.reports.schemas.estate import (
    EstateConsumption,
    EstateUse,
    UnitUseRow,
)

router = APIRouter()
_VALUES_MAX = 60_000


@router.get(
    "/estates/{estate_id}/reports/consumption",
    operation_id="get_estate_consumption",
    summary="Get what an estate used, together and by unit",
    response_model=EstateConsumption,
    responses={**SHEET, **refusals(NotFound, Invalid)},
)
@needs(Permission.REPORTS_READ)
async def get_estate_consumption(
    request: Request,
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    first: First,
    until: Until,
    step: Annotated[
        Literal["day", "week", "month"], Query(description="What one label stands for")
    ] = "month",
    utility: Annotated[UtilityWord | None, Query()] = None,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Response | EstateConsumption:
    """Single units for who may read their readings; continue with ``after_id`` = ``next``.

    What bulk meters measure is measured again behind them: they are left out.

    With ``Accept: text/csv`` the answer is a file with all that you may see.
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    steps = asked_steps(step, first=first, until=until, zone=zone(estate.time_zone))
    placed = [
        each
        for each in await metering_queries.placed_registers(
            session, estate_id=estate_id, since=from_us(steps.borders_s[0] * 1_000_000)
        )
        if utility in (None, each.utility)
    ]
    if len(placed) * len(steps.borders_s) > _VALUES_MAX:
        raise too_many_values(f"asks for more than {_VALUES_MAX} values: take longer steps or fewer of them")
    again = await metering_queries.meters_that_were_bulk(
        session, estate_id=estate_id, first=steps.first, until=steps.until
    )
    placed = [each for each in placed if each.meter_id not in again]
    found = await queries.probed_uses(
        session, estate_id=estate_id, placed=placed, borders_s=steps.borders_s, longest_s=steps.longest_s
    )
    names = await unit_names(session, estate_id=estate_id)
    rows, totals = _used(found, names=names, borders_s=steps.borders_s)
    is_totals_only = not asking.may(Permission.READINGS_READ, estate_id=estate_id)
    if is_totals_only:
        rows = []
    if wants_sheet(request):
        return _used_sheet(rows, totals, labels=steps.labels)
    units = sorted({each.unit_id for each in rows if each.unit_id > after_id})
    shown = set(units[:limit])
    return EstateConsumption(
        step=step,
        first=steps.first,
        until=steps.until,
        labels=list(steps.labels),
        totals=totals,
        is_totals_only=is_totals_only,
        items=[each for each in rows if each.unit_id in shown],
        next=units[limit - 1] if len(units) > limit else None,
    )


def _used(
    found: Mapping[UseKey, list[Use]], *, names: Mapping[int, str], borders_s: Sequence[int]
) -> tuple[list[UnitUseRow], list[EstateUse]]:
    """Return what each unit used, and all of them together."""
    borders = np.array(borders_s, dtype=np.int64)
    rows, sums = list[UnitUseRow](), dict[tuple[str, str], tuple[list[int], list[int]]]()
    for (unit_id, utility, register), uses in found.items():
        amounts, known = total_use(uses, borders_s=borders)
        total, gaps = sums.setdefault((utility, register), ([0] * len(known), [0] * len(known)))
        for at, (amount, state) in enumerate(zip(amounts, known, strict=True)):
            total[at] += amount or 0
            gaps[at] += state in (Known.MISSING, Known.PARTIAL)
        rows.append(
            UnitUseRow(
                unit_id=unit_id,
                name=names.get(unit_id, str(unit_id)),
                utility=utility,
                register_=register,
                unit=BASE_UNIT[utility],
                values=values_out(amounts),
                known=known_out(known),
            )
        )
    totals = [
        EstateUse(
            utility=utility,
            register_=register,
            unit=BASE_UNIT[utility],
            values=[format_micro(each) for each in total],
            incomplete=gaps,
            total=format_micro(sum(total)),
        )
        for (utility, register), (total, gaps) in sorted(sums.items())
    ]
    return rows, totals


def _used_sheet(rows: list[UnitUseRow], totals: list[EstateUse], *, labels: Sequence[str]) -> Response:
    lines = [
        [
            each.name,
            each.utility,
            each.register_,
            each.unit,
            *(value or "" for value in each.values),
        ]
        for each in rows
    ]
    lines += [["", each.utility, each.register_, each.unit, *each.values] for each in totals]
    return sheet("consumption", ["name", "utility", "register", "unit", *labels], lines)
