"""The table "event -> handlers": the only sideways coupling between features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.charging import operations as charging
from mita.charging.events import ReadingsCharged
from mita.credit import operations as credit
from mita.credit.events import CreditRuleChanged, CutDeferred
from mita.estates import queries as estates
from mita.estates.events import EstateCreated
from mita.kit.db import see_estates
from mita.kit.enqueue import enqueue
from mita.kit.events import subscribe
from mita.kit.money import format_cents
from mita.ledger.events import (
    AvailableChanged,
    ClearingChecked,
    EntryMonthsChecked,
    JournalBooked,
    MonthClosing,
)
from mita.metering.events import MetersInstalled, ReadingMonthsChecked
from mita.notifications import operations as notifications
from mita.notifications.domain import AlertKind
from mita.tariffs.events import RateTableAssigned
from mita.wallets import operations as wallets
from mita.wallets.events import BalanceCrossed, SpendCutChanged, SpendLimitChanged

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession


async def _watch_new_accounts(session: AsyncSession, event: MetersInstalled, now: datetime) -> None:
    for utility in sorted({utility for _, utility in event.unit_utilities}):
        await credit.watch_new_accounts(session, estate_id=event.estate_id, utility=utility, now=now)


async def _forget_lines(session: AsyncSession, event: CreditRuleChanged, now: datetime) -> None:  # noqa: ARG001 - a handler
    await charging.bump_lane(session, estate_id=event.estate_id)


async def _count_spending(session: AsyncSession, event: ReadingsCharged, now: datetime) -> None:
    if event.spent_micro:
        await wallets.count_spending(
            session, estate_id=event.estate_id, spent_micro=event.spent_micro, now=now
        )


async def _forget_limits(session: AsyncSession, event: SpendLimitChanged, now: datetime) -> None:  # noqa: ARG001 - a handler
    await charging.bump_lane(session, estate_id=event.estate_id)


async def _tell_of_clearing(session: AsyncSession, event: ClearingChecked, now: datetime) -> None:
    subject = f"clearing:{event.method}"
    if not event.is_overdue:
        await notifications.resolve_alerts(
            session, estate_id=event.estate_id, kind=AlertKind.CLEARING_OVERDUE, subject=subject, now=now
        )
        return
    await notifications.raise_alert(
        session,
        estate_id=event.estate_id,
        kind=AlertKind.CLEARING_OVERDUE,
        subject=subject,
        person_ids=[None],
        detail={
            "account": event.method,
            "balance": format_cents(abs(event.balance_micro)),
            "currency": (await estates.estate(session, estate_id=event.estate_id)).currency,
        },
        now=now,
    )


async def _tell_of_months(
    session: AsyncSession, event: EntryMonthsChecked | ReadingMonthsChecked, now: datetime
) -> None:
    """Alert the staff of every estate: a month without a partition stops them all."""
    estate_ids = await estates.platform_estate_ids(session)
    await see_estates(session, estates=estate_ids)
    kind, subject = AlertKind.MONTHS_MISSING, event.name
    for estate_id in estate_ids:
        if event.months or event.has_strays:
            named = ", ".join(f"{month:%Y-%m}" for month in event.months)
            await notifications.raise_alert(
                session,
                estate_id=estate_id,
                kind=kind,
                subject=subject,
                person_ids=[None],
                detail={"months": named or "of rows that found none"},
                now=now,
            )
        else:
            await notifications.resolve_alerts(
                session, estate_id=estate_id, kind=kind, subject=subject, now=now
            )


async def _seal_soon(session: AsyncSession, event: MonthClosing, now: datetime) -> None:  # noqa: ARG001 - a handler
    await enqueue(session, task="ledger:seal_closing_months", timestamp=0)


def wire() -> None:
    """Connect the features; every entrypoint calls this once."""
    subscribe(EstateCreated, charging.open_lane)
    subscribe(MetersInstalled, wallets.open_wallets)
    subscribe(MetersInstalled, _watch_new_accounts)
    subscribe(MetersInstalled, charging.watch_new_meters)
    subscribe(RateTableAssigned, charging.react_to_assignment)
    subscribe(MonthClosing, _seal_soon)
    subscribe(ClearingChecked, _tell_of_clearing)
    subscribe(EntryMonthsChecked, _tell_of_months)
    subscribe(ReadingMonthsChecked, _tell_of_months)
    subscribe(JournalBooked, wallets.follow_journal)
    subscribe(BalanceCrossed, credit.react_to_crossing)
    subscribe(BalanceCrossed, wallets.tell_hearers)
    subscribe(BalanceCrossed, wallets.ask_filling_on_crossing)
    subscribe(BalanceCrossed, wallets.follow_crossing)
    subscribe(CreditRuleChanged, _forget_lines)
    subscribe(ReadingsCharged, _count_spending)
    subscribe(AvailableChanged, wallets.check_hold)
    subscribe(SpendLimitChanged, _forget_limits)
    subscribe(SpendCutChanged, credit.react_to_spending)
    subscribe(CutDeferred, credit.tell_of_deferral)
