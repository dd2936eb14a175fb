"""Routes of credit control: rules, supply commands, supplies."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncSession

from mita.credit import operations, queries
from mita.credit.schemas import (
    CommandOut,
    CommandState,
    RuleIn,
    RuleOut,
    Rules,
    Supplies,
    command_out,
    rule_out,
    supply_out,
)
from mita.estates import queries as estate_queries
from mita.kit.errors import Invalid, NotFound
from mita.kit.shapes import Id, Limit, Page, UtilityWord
from mita.kit.web import EstateId, Now, Session, refusals, repeat_on_contention
from mita.metering.domain import UTILITIES

router = APIRouter(tags=["credit"])


@router.get(
    "/estates/{estate_id}/credit-rules",
    operation_id="list_credit_rules",
    summary="List an estate's credit rules",
    responses=refusals(NotFound, Invalid),
)
async def list_credit_rules(session: Session, estate_id: EstateId) -> Rules:
    """List one for each utility; those that the estate has not set are the default, which cuts nothing."""
    return Rules(items=[await _rule(session, estate_id=estate_id, utility=utility) for utility in UTILITIES])


async def _rule(session: AsyncSession, *, estate_id: int, utility: str) -> RuleOut:
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rule = await queries.rule(session, estate_id=estate_id, utility=utility)
    is_set = await queries.has_rule(session, estate_id=estate_id, utility=utility)
    return rule_out(rule, currency=estate.currency, is_default=not is_set)


@router.put(
    "/estates/{estate_id}/credit-rules/{utility}",
    operation_id="set_credit_rule",
    summary="Set an estate's credit rule for a utility",
    responses=refusals(NotFound, Invalid),
)
async def set_credit_rule(
    request: Request, estate_id: EstateId, utility: UtilityWord, body: RuleIn, now: Now
) -> RuleOut:
    """Set the lines; balances that now stand elsewhere are acted on at once, supplies cut or restored."""

    async def work(session: AsyncSession) -> RuleOut:
        await operations.set_rule(session, estate_id=estate_id, rule=body.rule(utility), now=now)
        return await _rule(session, estate_id=estate_id, utility=utility)

    return await repeat_on_contention(request, estate_id=estate_id, work=work)


@router.get(
    "/estates/{estate_id}/supply-commands",
    operation_id="list_supply_commands",
    summary="List an estate's supply commands",
    responses=refusals(NotFound, Invalid),
)
async def list_supply_commands(
    session: Session,
    estate_id: EstateId,
    state: Annotated[CommandState | None, Query()] = None,
    unit_id: Annotated[Id | None, Query()] = None,
    before: Annotated[UUID | None, Query(description="The `next` of an earlier answer")] = None,
    limit: Annotated[Limit, Query()] = 100,
) -> Page[CommandOut]:
    """Newest first."""
    estate = await estate_queries.estate(session, estate_id=estate_id)
    rows = await queries.commands(
        session,
        estate_id=estate_id,
        states=[state] if state else [],
        unit_id=unit_id,
        before=before,
        limit=limit + 1,
    )
    items = [command_out(row, currency=estate.currency) for row in rows[:limit]]
    return Page(items=items, next=str(items[-1].command_id) if len(rows) > limit else None)


@router.get(
    "/estates/{estate_id}/supplies",
    operation_id="list_supplies",
    summary="List the supplies that devices have spoken of",
    responses=refusals(NotFound, Invalid),
)
async def list_supplies(session: Session, estate_id: EstateId) -> Supplies:
    """On or off by the device's own word; a supply that is not listed was never switched and is on."""
    found = await queries.supplies(session, estate_id=estate_id)
    return Supplies(items=[supply_out(found[key]) for key in sorted(found)])
