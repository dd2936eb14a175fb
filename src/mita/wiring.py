"""The table "event -> handlers": the only sideways coupling between features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.charging import operations as charging
from mita.credit import operations as credit
from mita.credit.events import CreditRuleChanged
from mita.estates.events import EstateCreated
from mita.kit.events import subscribe
from mita.metering.events import MetersInstalled
from mita.tariffs.events import RateTableAssigned
from mita.wallets import operations as wallets
from mita.wallets.events import BalanceCrossed

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def _watch_new_accounts(session: AsyncSession, event: MetersInstalled, now: datetime) -> None:
    for utility in sorted({utility for _, utility in event.unit_utilities}):
        await credit.watch_new_accounts(session, estate_id=event.estate_id, utility=utility, now=now)


async def _forget_lines(session: AsyncSession, event: CreditRuleChanged, now: datetime) -> None:  # noqa: ARG001 - a handler
    await charging.bump_lane(session, estate_id=event.estate_id)


async def _price_what_waited(session: AsyncSession, event: RateTableAssigned, now: datetime) -> None:
    # the lane first: nobody charges between the look at the past and the end of the transaction
    await charging.bump_lane(session, estate_id=event.estate_id)
    await charging.refuse_charged_past(
        session, estate_id=event.estate_id, utility=event.utility, effective_from=event.effective_from
    )
    await charging.price_unpriced_readings(session, estate_id=event.estate_id, utility=event.utility, now=now)


def wire() -> None:
    """Connect the features; every entrypoint calls this once."""
    subscribe(EstateCreated, charging.open_lane)
    subscribe(MetersInstalled, wallets.open_wallets)
    subscribe(MetersInstalled, _watch_new_accounts)
    subscribe(RateTableAssigned, _price_what_waited)
    subscribe(BalanceCrossed, credit.react_to_crossing)
    subscribe(CreditRuleChanged, _forget_lines)
