"""Routes of who has little credit and who owes: each as JSON, or whole as a CSV file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import AfterId, Limit, money
from mita.kit.web import Asking, Caller, EstateId, Now, Session, needs, refusals
from mita.ledger import queries as ledger_queries
from mita.reports import queries
from mita.reports.api.sheet import SHEET, sheet, unit_names, wants_sheet
from mita.reports.domain import AGE_WORDS, age_of
from mita.reports.schemas.estate import (
    ARREARS_COLUMNS,
    LOW_CREDIT_COLUMNS,
    AgedSum,
    ArrearsReport,
    ArrearsRow,
    LowCreditReport,
    LowCreditRow,
    arrears_cells,
    low_credit_cells,
)
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Standing
from mita.wallets.queries import AccountInfo

router = APIRouter()


@dataclass(frozen=True, slots=True)
class _Listed:
    """The accounts that an answer shows: a page of them, or all in a sheet; none to who sees totals only."""

    accounts: list[AccountInfo]
    next: int | None
    is_totals_only: bool


def _listed(
    accounts: Sequence[AccountInfo],
    *,
    asking: Caller,
    estate_id: int,
    after_id: int,
    limit: int | None,
) -> _Listed:
    """Return some accounts by id after ``after_id``; None is all of them."""
    if not asking.may(Permission.WALLETS_READ, estate_id=estate_id):
        return _Listed([], None, is_totals_only=True)
    rest = [each for each in accounts if each.account_id > after_id]
    page = rest[:limit]
    return _Listed(page, page[-1].account_id if len(rest) > len(page) else None, is_totals_only=False)


@router.get(
    "/estates/{estate_id}/reports/low-credit",
    operation_id="get_low_credit",
    summary="Get the accounts that are low or out, and for how long their money lasts",
    response_model=LowCreditReport,
    responses={**SHEET, **refusals(NotFound, Invalid)},
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
    is_sheet = wants_sheet(request)
    listed = _listed(
        poor, asking=asking, estate_id=estate_id, after_id=after_id, limit=None if is_sheet else limit
    )
    estate = await estate_queries.estate(session, estate_id=estate_id)
    items = await _low_rows(
        session, estate=(estate_id, estate.currency, estate.time_zone), page=listed.accounts, now=now
    )
    if is_sheet:
        return sheet("low-credit", LOW_CREDIT_COLUMNS, map(low_credit_cells, items))
    return LowCreditReport(
        low=sum(each.standing is Standing.LOW for each in poor),
        out=sum(each.standing is Standing.OUT for each in poor),
        is_totals_only=listed.is_totals_only,
        items=items,
        next=listed.next,
    )


async def _low_rows(
    session: AsyncSession, *, estate: tuple[int, str, str], page: Sequence[AccountInfo], now: datetime
) -> list[LowCreditRow]:
    """Return accounts with their balance and how long their wallet lasts; ``estate``: id, currency, zone."""
    estate_id, currency, time_zone = estate
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in page]
    )
    names = await unit_names(session, estate_id=estate_id)
    lasts = await queries.how_long(
        session,
        estate_id=estate_id,
        wallet_ids=sorted({each.wallet_id for each in page}),
        now=now,
        time_zone=time_zone,
    )
    items = []
    for each in page:
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
                days_left=lasts[each.wallet_id].days,
            )
        )
    return items


@router.get(
    "/estates/{estate_id}/reports/arrears",
    operation_id="get_arrears",
    summary="Get what wallets owe, by how long their balance is below nothing",
    response_model=ArrearsReport,
    responses={**SHEET, **refusals(NotFound, Invalid)},
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
    is_sheet = wants_sheet(request)
    listed = _listed(
        owing, asking=asking, estate_id=estate_id, after_id=after_id, limit=None if is_sheet else limit
    )
    names = await unit_names(session, estate_id=estate_id)
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
        for each in listed.accounts
    ]
    if is_sheet:
        return sheet("arrears", ARREARS_COLUMNS, map(arrears_cells, items))
    owed = [(age_of(since[each.account_id], now=now), -balances[each.account_id]) for each in owing]
    return ArrearsReport(
        ages=[_aged(word, owed, currency=currency) for word in AGE_WORDS],
        total=money(sum(amount for _, amount in owed), currency=currency),
        set_aside=money(sum(aside.values()), currency=currency),
        is_totals_only=listed.is_totals_only,
        items=items,
        next=listed.next,
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
