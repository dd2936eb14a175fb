"""Routes of an estate's reports: each as JSON, or whole as a CSV file."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.clock import from_us
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import format_micro
from mita.kit.shapes import AfterId, Limit, UtilityWord, money
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.kit.zones import zone
from mita.ledger import queries as ledger_queries
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT
from mita.reports import queries
from mita.reports.domain import (
    AGE_WORDS,
    LOOKED_BACK_DAYS,
    Known,
    Use,
    age_of,
    lasting,
    name_cell,
    sheet_text,
    total_use,
)
from mita.reports.queries import UseKey
from mita.reports.schemas.asked import First, Until, asked_steps
from mita.reports.schemas.consumption import known_out, values_out
from mita.reports.schemas.estate import (
    AgedSum,
    ArrearsReport,
    ArrearsRow,
    EstateConsumption,
    EstateUse,
    LowCreditReport,
    LowCreditRow,
    UnitUseRow,
)
from mita.tariffs.domain import local_midnight_s
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Standing
from mita.wallets.queries import AccountInfo

router = APIRouter()
_CSV = "text/csv"
_UNITS_MAX = 100_000
_VALUES_MAX = 60_000
_SHEET: dict[int | str, dict[str, Any]] = {
    200: {"content": {_CSV: {"schema": {"type": "string"}}}, "description": "The report"}
}


def _wants_sheet(request: Request) -> bool:
    return request.headers.get("accept", "").split(";")[0].strip().lower() == _CSV


def _sheet(name: str, columns: Sequence[str], rows: list[list[str]]) -> Response:
    return Response(
        sheet_text(columns, rows),
        media_type=f"{_CSV}; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )


async def _names(session: AsyncSession, *, estate_id: int) -> dict[int, str]:
    units = await estate_queries.units(session, estate_id=estate_id, limit=_UNITS_MAX)
    return {unit.unit_id: unit.name for unit in units}


@router.get(
    "/estates/{estate_id}/reports/consumption",
    operation_id="get_estate_consumption",
    summary="Get what an estate used, together and by unit",
    response_model=EstateConsumption,
    responses={**_SHEET, **refusals(NotFound, Invalid)},
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
        message = f"asks for more than {_VALUES_MAX} values: take longer steps or fewer of them"
        raise Invalid(f"query.step {message}", problems=[{"path": "query.step", "message": message}])
    found = await queries.probed_uses(
        session, estate_id=estate_id, placed=placed, borders_s=steps.borders_s, longest_s=steps.longest_s
    )
    names = await _names(session, estate_id=estate_id)
    rows, totals = _used(found, names=names, borders_s=steps.borders_s)
    is_totals_only = not asking.may(Permission.READINGS_READ, estate_id=estate_id)
    if is_totals_only:
        rows = []
    if _wants_sheet(request):
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
            name_cell(each.name),
            each.utility,
            each.register_,
            each.unit,
            *(value or "" for value in each.values),
        ]
        for each in rows
    ]
    lines += [["", each.utility, each.register_, each.unit, *each.values] for each in totals]
    return _sheet("consumption", ["name", "utility", "register", "unit", *labels], lines)


@router.get(
    "/estates/{estate_id}/reports/low-credit",
    operation_id="get_low_credit",
    summary="Get the accounts that are low or out, and for how long their money lasts",
    response_model=LowCreditReport,
    responses={**_SHEET, **refusals(NotFound, Invalid)},
)
@needs(Permission.REPORTS_READ)
async def get_low_credit(
    request: Request,
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    now: Now,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Response | LowCreditReport:
    """By account; households for who may read wallets. With ``Accept: text/csv``, a file of all of them."""
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, with_general=False)
    poor = [each for each in accounts if each.standing is not Standing.IN_CREDIT]
    is_totals_only = not asking.may(Permission.WALLETS_READ, estate_id=estate_id)
    listed = [] if is_totals_only else [each for each in poor if each.account_id > after_id]
    page = listed if _wants_sheet(request) else listed[:limit]
    estate = await estate_queries.estate(session, estate_id=estate_id)
    items = await _low_rows(
        session, estate=(estate_id, estate.currency, estate.time_zone), page=page, now=now
    )
    if _wants_sheet(request):
        lines = [
            [
                name_cell(each.name),
                each.utility,
                each.standing,
                each.balance.amount,
                each.balance.currency,
                "" if each.days_left is None else str(each.days_left),
            ]
            for each in items
        ]
        columns = ["name", "utility", "standing", "balance", "currency", "days_left"]
        return _sheet("low-credit", columns, lines)
    return LowCreditReport(
        low=sum(each.standing is Standing.LOW for each in poor),
        out=sum(each.standing is Standing.OUT for each in poor),
        is_totals_only=is_totals_only,
        items=items,
        next=page[-1].account_id if len(listed) > len(page) else None,
    )


async def _low_rows(
    session: AsyncSession, *, estate: tuple[int, str, str], page: Sequence[AccountInfo], now: datetime
) -> list[LowCreditRow]:
    """Return accounts with their balance and how long their wallet lasts; ``estate``: id, currency, zone."""
    estate_id, currency, time_zone = estate
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in page]
    )
    names = await _names(session, estate_id=estate_id)
    local = zone(time_zone)
    today = now.astimezone(local).date()
    held = await queries.charged_before(
        session,
        estate_id=estate_id,
        wallet_ids=sorted({each.wallet_id for each in page}),
        borders_s=(
            local_midnight_s(today - timedelta(days=LOOKED_BACK_DAYS), zone=local),
            local_midnight_s(today, zone=local),
        ),
    )
    items = []
    for each in page:
        total_micro, charged_micro = held[each.wallet_id]
        left = lasting(balance_micro=total_micro, charged_micro=charged_micro, days_counted=LOOKED_BACK_DAYS)
        line_micro = each.lines.low_micro
        items.append(
            LowCreditRow(
                wallet_id=each.wallet_id,
                unit_id=each.unit_id,
                name=names.get(each.unit_id, str(each.unit_id)),
                utility=each.utility,
                balance=money(balances[each.account_id], currency=currency),
                low_line=None if line_micro is None else money(line_micro, currency=currency),
                standing=each.standing.shown,
                days_left=left.days,
            )
        )
    return items


@router.get(
    "/estates/{estate_id}/reports/arrears",
    operation_id="get_arrears",
    summary="Get what wallets owe, by how long their balance is below nothing",
    response_model=ArrearsReport,
    responses={**_SHEET, **refusals(NotFound, Invalid)},
)
@needs(Permission.REPORTS_READ)
async def get_arrears(
    request: Request,
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    now: Now,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Response | ArrearsReport:
    """By account, with the debts that were set aside; households for who may read wallets, others see sums.

    With ``Accept: text/csv`` the answer is a file of all of them.
    """
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    accounts = await wallet_queries.accounts(session, estate_id=estate_id)
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
    )
    owing = [each for each in accounts if balances[each.account_id] < 0]
    since = await ledger_queries.below_nothing_since(
        session, estate_id=estate_id, account_ids=[each.account_id for each in owing]
    )
    aside = await _set_aside(session, estate_id=estate_id, accounts=accounts)
    is_totals_only = not asking.may(Permission.WALLETS_READ, estate_id=estate_id)
    listed = [] if is_totals_only else [each for each in owing if each.account_id > after_id]
    page = listed if _wants_sheet(request) else listed[:limit]
    names = await _names(session, estate_id=estate_id)
    items = [
        ArrearsRow(
            wallet_id=each.wallet_id,
            unit_id=each.unit_id,
            name=names.get(each.unit_id, str(each.unit_id)),
            account_id=each.account_id,
            utility=each.utility,
            amount=money(-balances[each.account_id], currency=currency),
            since=since[each.account_id],
            age=age_of(since[each.account_id], now=now),
            set_aside=money(aside.get(each.wallet_id, 0), currency=currency),
            percent_of_top_ups=await _percent(session, estate_id, each.wallet_id, aside=aside),
        )
        for each in page
    ]
    if _wants_sheet(request):
        lines = [
            [
                name_cell(each.name),
                each.utility,
                each.amount.amount,
                currency,
                each.age,
                each.set_aside.amount,
            ]
            for each in items
        ]
        return _sheet("arrears", ["name", "utility", "amount", "currency", "age", "set_aside"], lines)
    owed = [(age_of(since[each.account_id], now=now), -balances[each.account_id]) for each in owing]
    return ArrearsReport(
        ages=[_aged(word, owed, currency=currency) for word in AGE_WORDS],
        total=money(sum(amount for _, amount in owed), currency=currency),
        set_aside=money(sum(aside.values()), currency=currency),
        is_totals_only=is_totals_only,
        items=items,
        next=page[-1].account_id if len(listed) > len(page) else None,
    )


async def _set_aside(
    session: AsyncSession, *, estate_id: int, accounts: Sequence[AccountInfo]
) -> dict[int, int]:
    """Return the debts of wallets that have an account for one, in micro-money."""
    codes = {wallet_queries.debt_code(each.wallet_id): each.wallet_id for each in accounts}
    debts = await ledger_queries.account_codes(session, estate_id=estate_id, codes=list(codes))
    return {codes[code]: max(0, -row.posted_micro) for code, row in debts.items()}


def _aged(word: str, owed: Sequence[tuple[str, int]], *, currency: str) -> AgedSum:
    amounts = [amount for age, amount in owed if age == word]
    return AgedSum(age=word, accounts=len(amounts), amount=money(sum(amounts), currency=currency))


async def _percent(
    session: AsyncSession, estate_id: int, wallet_id: int, *, aside: dict[int, int]
) -> int | None:
    if not aside.get(wallet_id):
        return None
    plan = await wallet_queries.debt_plan(session, estate_id=estate_id, wallet_id=wallet_id)
    return None if plan is None else plan.percent_of_top_ups
