"""Routes of the books: chart of accounts, trial balance, journals, statements."""

from typing import Annotated, Protocol, cast
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import AfterId, Id, Instant, Limit, Page, page_of
from mita.kit.web import EstateId, Session, edge, needs, refusals
from mita.ledger import queries
from mita.ledger.domain import JournalKind
from mita.ledger.domain.chart import Names
from mita.ledger.queries import MonthArchived
from mita.ledger.schemas.books import (
    AccountOut,
    JournalDetail,
    JournalOut,
    Month,
    StatementOut,
    TrialBalanceOut,
    account_out,
    first_day,
    journal_detail,
    journal_out,
    statement_out,
    trial_balance_out,
)
from mita.ledger.schemas.links import ChainPieceOut, chain_piece_out

router = APIRouter(tags=["ledger"])
# the part of the edge that knows what people call wallets and groups
ACCOUNT_NAMES = "account_names"


class AccountNames(Protocol):
    """Tells the names of what account codes number."""

    async def __call__(self, session: AsyncSession, *, estate_id: int, codes: list[str]) -> Names:
        """Return the names that these codes need."""


async def _names(request: Request, session: AsyncSession, estate_id: int, codes: list[str]) -> Names:
    ask = cast("AccountNames", edge(request).parts[ACCOUNT_NAMES])
    return await ask(session, estate_id=estate_id, codes=codes)


@router.get(
    "/estates/{estate_id}/ledger/accounts",
    operation_id="list_accounts",
    summary="List an estate's chart of accounts",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def list_accounts(
    request: Request,
    session: Session,
    estate_id: EstateId,
    after_id: Annotated[AfterId, Query()] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[AccountOut]:
    """Accounts by id; continue with ``after_id`` = ``next``."""
    rows = await queries.chart(session, estate_id=estate_id, after_id=after_id, limit=limit + 1)
    names = await _names(request, session, estate_id, [row.code for row in rows])
    return page_of(
        rows,
        limit=limit,
        shown=lambda row: account_out(row, names=names),
        cursor=lambda item: item.account_id,
    )


@router.get(
    "/estates/{estate_id}/ledger/accounts/{account_id}/statement",
    operation_id="get_statement",
    summary="Get the statement of an account between two times",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def get_statement(
    request: Request,
    session: Session,
    estate_id: EstateId,
    account_id: Id,
    since: Annotated[Instant, Query(alias="from", description="Entries booked then or later")],
    until: Annotated[Instant, Query(alias="to", description="Entries booked before then")],
    cursor: Annotated[int, Query(ge=0, le=BIGINT_MAX)] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> StatementOut:
    """Get opening balance, entries oldest first, closing balance; continue with ``cursor`` = ``next``."""
    if until < since:
        message = "must not be before from"
        raise Invalid(f"query.to: {message}", problems=[{"path": "query.to", "message": message}])
    found = await queries.statement(
        session,
        estate_id=estate_id,
        account_id=account_id,
        since=since,
        until=until,
        after_seq=cursor,
        limit=limit,
    )
    names = await _names(request, session, estate_id, [found.account.code])
    return statement_out(found, since=since, until=until, names=names)


@router.get(
    "/estates/{estate_id}/ledger/accounts/{account_id}/chain",
    operation_id="get_chain",
    summary="Get the links of an account's chain",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def get_chain(
    session: Session,
    estate_id: EstateId,
    account_id: Id,
    after_seq: Annotated[int, Query(ge=0, le=BIGINT_MAX)] = 0,
    limit: Annotated[Limit, Query()] = 100,
) -> ChainPieceOut:
    """Entries with everything that their hashes are made of, so that anybody derives them again.

    Oldest first; continue with ``after_seq`` = ``next``.
    """
    found = await queries.chain_piece(
        session, estate_id=estate_id, account_id=account_id, after_seq=after_seq, limit=limit
    )
    return chain_piece_out(found)


@router.get(
    "/estates/{estate_id}/ledger/trial-balance",
    operation_id="get_trial_balance",
    summary="Get the trial balance of a month, or as of now",
    responses=refusals(NotFound, MonthArchived, Invalid),
)
@needs(Permission.LEDGER_READ)
async def get_trial_balance(
    request: Request,
    session: Session,
    estate_id: EstateId,
    period: Annotated[
        Month | None, Query(description="A month; without it every balance as of now", examples=["2026-10"])
    ] = None,
) -> TrialBalanceOut:
    """Every account with its opening balance, debits, credits and closing balance; they come whole."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    if period is None:
        lines = await queries.trial_balance_now(session, estate_id=estate_id)
    else:
        lines = await queries.trial_balance(session, estate_id=estate_id, period=first_day(period))
    names = await _names(request, session, estate_id, [line.code for line in lines])
    return trial_balance_out(lines, period=period, currency=estate.currency, names=names)


@router.get(
    "/estates/{estate_id}/ledger/journals",
    operation_id="list_journals",
    summary="List an estate's journals",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.LEDGER_READ)
async def list_journals(
    session: Session,
    estate_id: EstateId,
    kind: Annotated[str | None, Query(max_length=40, examples=["top_up"])] = None,
    period: Annotated[Month | None, Query(examples=["2026-10"])] = None,
    before: Annotated[UUID | None, Query(description="A journal; those older than it follow")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[JournalOut]:
    """Newest first; continue with ``before`` = ``next``."""
    older_than = None
    if before is not None:
        last = await queries.journal(session, estate_id=estate_id, journal_id=before)
        older_than = (last.booked_at, last.journal_id)
    rows = await queries.journals(
        session,
        estate_id=estate_id,
        kind=None if kind is None else _journal_kind(kind),
        period=None if period is None else first_day(period),
        before=older_than,
        limit=limit + 1,
    )
    return page_of(rows, limit=limit, shown=journal_out, cursor=lambda item: str(item.journal_id))


def _journal_kind(word: str) -> JournalKind:
    known = {kind.shown: kind for kind in JournalKind}
    if word not in known:
        message = f"must be one of {', '.join(known)}"
        raise Invalid(f"query.kind: {message}", problems=[{"path": "query.kind", "message": message}])
    return known[word]


@router.get(
    "/estates/{estate_id}/ledger/journals/{journal_id}",
    operation_id="get_journal",
    summary="Get a journal with its entries",
    responses=refusals(NotFound, MonthArchived, Invalid),
)
@needs(Permission.LEDGER_READ)
async def get_journal(
    request: Request,
    session: Session,
    estate_id: EstateId,
    journal_id: UUID,
    after_line: Annotated[int, Query(ge=-1, le=BIGINT_MAX)] = -1,
    limit: Annotated[Limit, Query()] = 100,
) -> JournalDetail:
    """Its lines in their order, a page of them; continue with ``after_line`` = ``next``.

    Reads the estate's entries of that month: seconds where a month has tens of millions.
    """
    row = await queries.journal(session, estate_id=estate_id, journal_id=journal_id)
    found = await queries.journal_entries(session, of=row, after_line=after_line, limit=limit + 1)
    names = await _names(request, session, estate_id, [each.code for each in found])
    next_line = found[limit - 1].line if len(found) > limit else None
    return journal_detail(row, entries=found[:limit], names=names, next_line=next_line)
