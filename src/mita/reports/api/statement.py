"""The route of a wallet's statement: as JSON, or as a CSV file."""

from fastapi import APIRouter, Request, Response

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.clock import from_us
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id
from mita.kit.web import Asking, EstateId, Session, needs, refusals
from mita.kit.zones import zone
from mita.reports import queries
from mita.reports.api.sheet import SHEET, sheet, wants_sheet
from mita.reports.queries import TooManyEntries
from mita.reports.schemas.asked import First, Until, asked_steps
from mita.reports.schemas.statement import (
    SHEET_COLUMNS,
    WalletStatementOut,
    statement_cells,
    statement_out,
)
from mita.wallets.domain import Right
from mita.wallets.operations import RightMissing, require_right

router = APIRouter()


@router.get(
    "/estates/{estate_id}/wallets/{wallet_id}/statements",
    operation_id="get_wallet_statement",
    summary="Get the statement of a wallet over local dates",
    response_model=WalletStatementOut,
    responses={**SHEET, **refusals(NotFound, RightMissing, Invalid)},
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_wallet_statement(
    request: Request,
    session: Session,
    asking: Asking,
    estate_id: EstateId,
    wallet_id: Id,
    first: First,
    until: Until,
) -> Response | WalletStatementOut:
    """Show opening, what moved by utility and kind, closing: what was booked from midnight to midnight.

    What was used and not posted yet is in none of it. With ``Accept: text/csv`` the answer is a file.
    """
    await require_right(session, estate_id=estate_id, wallet_id=wallet_id, caller=asking, right=Right.VIEW)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    days = asked_steps("day", first=first, until=until, zone=zone(estate.time_zone))
    since, before = (from_us(days.borders_s[at] * 1_000_000) for at in (0, -1))
    try:
        found = await queries.wallet_statement(
            session, estate_id=estate_id, wallet_id=wallet_id, since=since, until=before
        )
    except TooManyEntries as error:
        message = str(error)
        raise Invalid(f"to {message}", problems=[{"path": "query.to", "message": message}]) from error
    shown = statement_out(
        found,
        wallet_id=wallet_id,
        currency=estate.currency,
        time_zone=estate.time_zone,
        span=(first, until),
    )
    if wants_sheet(request):
        return sheet(f"statement-{wallet_id}", SHEET_COLUMNS, statement_cells(shown))
    return shown
