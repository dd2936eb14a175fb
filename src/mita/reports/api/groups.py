"""The route of what a group's wallets hold, lack and spend."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession

from mita.estates import queries as estate_queries
from mita.identity.domain import Permission
from mita.kit.errors import Invalid, NotFound
from mita.kit.money import BIGINT_MAX
from mita.kit.shapes import money
from mita.kit.web import Asking, EstateId, Now, Session, needs, refusals
from mita.ledger import queries as ledger_queries
from mita.reports import queries
from mita.reports.domain import LOOKED_BACK_DAYS, days_together
from mita.reports.schemas.groups import GroupSummary, GroupTotal, lacking_micro, wallet_out
from mita.wallets import queries as wallet_queries

router = APIRouter()
GroupId = Annotated[int, Path(ge=1, le=BIGINT_MAX, description="The group", examples=[1])]


@router.get(
    "/estates/{estate_id}/wallet-groups/{group_id}/summary",
    operation_id="get_group_summary",
    summary="Get what a group's wallets hold, lack and spend",
    responses=refusals(NotFound, Invalid),
)
@needs(Permission.WALLETS_READ, or_own=True)
async def get_group_summary(
    session: Session, asking: Asking, estate_id: EstateId, group_id: GroupId, now: Now
) -> GroupSummary:
    """For the group's owner, and for whoever may read the estate's wallets."""
    group = await wallet_queries.group(session, estate_id=estate_id, group_id=group_id)
    is_own = asking.person_id is not None and group.owner_person_id == asking.person_id
    if not is_own and not asking.may(Permission.WALLETS_READ, estate_id=estate_id):
        raise NotFound(f"group {group_id} does not exist in estate {estate_id}")
    estate = await estate_queries.estate(session, estate_id=estate_id)
    wallet_ids = await wallet_queries.members(session, estate_id=estate_id, group_id=group_id)
    found = await queries.how_long(
        session, estate_id=estate_id, wallet_ids=wallet_ids, now=now, time_zone=estate.time_zone
    )
    targets = await _targets(session, estate_id=estate_id, group_id=group_id, wallet_ids=wallet_ids)
    units = await _units(session, estate_id=estate_id, wallet_ids=wallet_ids)
    lacking = sum(lacking_micro(found[each], target_micro=targets.get(each)) for each in wallet_ids)
    balances = await ledger_queries.balances(session, estate_id=estate_id, account_ids=[group.account_id])
    held, _ = await ledger_queries.held_and_accrued(
        session, estate_id=estate_id, account_ids=[group.account_id]
    )
    available = balances[group.account_id] - held
    currency = estate.currency
    return GroupSummary(
        group_id=group_id,
        name=group.name,
        days_counted=LOOKED_BACK_DAYS,
        available=money(available, currency=currency),
        is_enough=available >= lacking,
        wallets=[
            wallet_out(
                found[each],
                wallet_id=each,
                unit=units[each],
                target_micro=targets.get(each),
                currency=currency,
            )
            for each in wallet_ids
        ],
        total=GroupTotal(
            balance=money(sum(each.balance_micro for each in found.values()), currency=currency),
            lacking=money(lacking, currency=currency),
            spent=money(sum(each.charged_micro for each in found.values()), currency=currency),
            days_left=days_together(found.values()),
        ),
    )


async def _targets(
    session: AsyncSession, *, estate_id: int, group_id: int, wallet_ids: list[int]
) -> dict[int, int]:
    """Return the target of each wallet that has one: its own, or that of the group's rule."""
    rule = await wallet_queries.standing_order(session, estate_id=estate_id, group_id=group_id)
    own = await wallet_queries.watched_targets(session, estate_id=estate_id, wallet_ids=wallet_ids)
    of_rule = dict.fromkeys(wallet_ids, rule.target_micro) if rule is not None and rule.is_on else {}
    return of_rule | {wallet_id: target.target_micro for wallet_id, target in own.items()}


async def _units(
    session: AsyncSession, *, estate_id: int, wallet_ids: list[int]
) -> dict[int, tuple[int, str]]:
    """Return the unit of each wallet, with its name."""
    rows = await wallet_queries.wallets(session, estate_id=estate_id, wallet_ids=wallet_ids)
    units = {row.wallet_id: row.unit_id for row in rows}
    names = {
        unit_id: (await estate_queries.unit(session, estate_id=estate_id, unit_id=unit_id)).name
        for unit_id in set(units.values())
    }
    return {wallet_id: (unit_id, names[unit_id]) for wallet_id, unit_id in units.items()}
