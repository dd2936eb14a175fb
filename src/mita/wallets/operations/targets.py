"""A wallet asks for a top-up when its total falls below a minimum, and stops asking when one came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates import queries as estate_queries
from mita.kit.errors import Invalid
from mita.kit.ids import new_id
from mita.kit.money import format_cents
from mita.notifications import operations as notifications
from mita.notifications.domain import AlertKind
from mita.wallets import queries
from mita.wallets.models import BalanceTarget, TopUpRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.domain import Target
    from mita.wallets.events import BalanceCrossed


async def set_balance_target(
    session: AsyncSession, *, estate_id: int, wallet_id: int, target: Target, now: datetime
) -> None:
    """Set a wallet's target; what it asks for follows at once.

    :raises Invalid: if the target is below the minimum
    :raises mita.kit.errors.NotFound: if there is no such wallet
    """
    problems = target.problems()
    if problems:
        raise Invalid("; ".join(problems), problems=[{"path": "target", "message": p} for p in problems])
    await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    values = {
        "minimum_micro": target.minimum_micro,
        "target_micro": target.target_micro,
        "is_on": target.is_on,
        "updated_at": now,
    }
    statement = pg_insert(BalanceTarget).values(estate_id=estate_id, wallet_id=wallet_id, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "wallet_id"], set_=values)
    )
    # what was asked for by the target before is withdrawn, and asked for again if it is still wanted
    await _end(session, estate_id=estate_id, wallet_id=wallet_id, state="withdrawn", now=now)
    await check_targets(session, estate_id=estate_id, wallet_ids=[wallet_id], now=now)


async def follow_crossing(session: AsyncSession, event: BalanceCrossed, now: datetime) -> None:
    """Look at the target of a wallet of which a balance crossed a line."""
    await check_targets(session, estate_id=event.estate_id, wallet_ids=[event.wallet_id], now=now)


async def check_targets(
    session: AsyncSession, *, estate_id: int, now: datetime, wallet_ids: Sequence[int] | None = None
) -> int:
    """Ask for a top-up where a total is below its minimum, end what is met; return how many were asked for.

    None looks at every wallet that has a target. A wallet has one open request at most.
    """
    targets = await queries.watched_targets(session, estate_id=estate_id, wallet_ids=wallet_ids)
    if not targets:
        return 0
    totals = await queries.totals(session, estate_id=estate_id, wallet_ids=sorted(targets))
    asking = await queries.open_requests(session, estate_id=estate_id, wallet_ids=sorted(targets))
    asked = 0
    for wallet_id, target in sorted(targets.items()):
        total = totals[wallet_id]
        if wallet_id in asking:
            if target.is_met(total):
                await _end(session, estate_id=estate_id, wallet_id=wallet_id, state="met", now=now)
        elif wanted := target.wanted_micro(total):
            asked += await _ask(
                session, estate_id=estate_id, wallet_id=wallet_id, amount_micro=wanted, now=now
            )
    return asked


async def _ask(
    session: AsyncSession, *, estate_id: int, wallet_id: int, amount_micro: int, now: datetime
) -> bool:
    row = {
        "estate_id": estate_id,
        "request_id": new_id(),
        "wallet_id": wallet_id,
        "amount_micro": amount_micro,
        "state": "open",
        "asked_at": now,
    }
    # somebody else may ask at the same moment: the index lets one of them
    statement = pg_insert(TopUpRequest).values(row).on_conflict_do_nothing()
    if await session.scalar(statement.returning(TopUpRequest.request_id)) is None:
        return False
    estate = await estate_queries.estate(session, estate_id=estate_id)
    wallet = await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    unit = await estate_queries.unit(session, estate_id=estate_id, unit_id=wallet.unit_id)
    hearers = await queries.hearers(
        session, estate_id=estate_id, wallet_id=wallet_id, kind=AlertKind.TOP_UP_WANTED
    )
    await notifications.raise_alert(
        session,
        estate_id=estate_id,
        kind=AlertKind.TOP_UP_WANTED,
        subject=f"wallet:{wallet_id}",
        person_ids=hearers or [None],
        detail={"unit": unit.name, "amount": format_cents(amount_micro), "currency": estate.currency},
        now=now,
    )
    return True


async def _end(session: AsyncSession, *, estate_id: int, wallet_id: int, state: str, now: datetime) -> None:
    await session.execute(
        update(TopUpRequest)
        .where(
            TopUpRequest.estate_id == estate_id,
            TopUpRequest.wallet_id == wallet_id,
            TopUpRequest.state == "open",
        )
        .values(state=state, ended_at=now)
    )
    await notifications.resolve_alerts(
        session,
        estate_id=estate_id,
        kind=AlertKind.TOP_UP_WANTED,
        subject=f"wallet:{wallet_id}",
        now=now,
    )
