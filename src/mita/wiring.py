"""The table "event -> handlers": the only sideways coupling between features."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mita import outgoing
from mita.charging import operations as charging
from mita.charging.events import HeldReadingAccepted, ReadingsCharged, ReadingsStored
from mita.credit import operations as credit
from mita.credit.domain import LIMITING
from mita.credit.events import CreditRuleChanged, CutDeferred, SupplyChanged, SupplyLimited, SupplyUnchanged
from mita.devices import operations as devices
from mita.devices.events import IssuesClosed, IssuesOpened
from mita.estates import queries as estates
from mita.estates.events import EstateArchived, EstateCreated, ResidentCame
from mita.flexibility import operations as flexibility
from mita.flexibility.events import FlexibilityEnded, FlexibilityStarted
from mita.identity import queries as identity
from mita.identity.events import MessageAsked, PersonErased, PersonImpersonated
from mita.imports.events import ImportFinished
from mita.kit.db import see_estates
from mita.kit.enqueue import enqueue
from mita.kit.events import subscribe
from mita.kit.live import hint
from mita.kit.money import format_cents
from mita.ledger.events import (
    AvailableChanged,
    ClearingChecked,
    EntryMonthsChecked,
    JournalBooked,
    MonthClosing,
    MonthLocked,
)
from mita.metering import operations as metering
from mita.metering.events import (
    CountersRead,
    MeterRemoved,
    MetersHeard,
    MetersInstalled,
    MetersSilent,
    MeterSwapped,
    ReadingMonthsChecked,
    RegistersDerived,
)
from mita.notifications import operations as notifications
from mita.notifications.domain import AlertKind, language_of
from mita.rounds import operations as rounds
from mita.tariffs.events import RateTableAssigned
from mita.tenancies.events import Offboarded, Onboarded
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.events import BalanceCrossed, SpendCutChanged, SpendLimitChanged, TopUpReceived
from mita.webhooks.events import EndpointSwitched

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


async def _forget_estate(
    session: AsyncSession,
    event: EstateArchived | MeterRemoved,
    now: datetime,  # noqa: ARG001 - a handler
) -> None:
    await charging.bump_lane(session, estate_id=event.estate_id)


async def _forget_registers(session: AsyncSession, event: RegistersDerived, now: datetime) -> None:  # noqa: ARG001 - a handler
    await charging.bump_lane(session, estate_id=event.estate_id)
    if event.is_virtual:
        await enqueue(session, task=charging.VIRTUAL_JOB, estate_id=event.estate_id)


async def _forget_limits(session: AsyncSession, event: SpendLimitChanged, now: datetime) -> None:  # noqa: ARG001 - a handler
    await charging.bump_lane(session, estate_id=event.estate_id)


async def _limit_sight(session: AsyncSession, event: ResidentCame, now: datetime) -> None:
    await wallets.limit_sight(
        session,
        estate_id=event.estate_id,
        unit_id=event.unit_id,
        person_id=event.person_id,
        since=event.since,
        now=now,
    )


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


async def _hear_meters(session: AsyncSession, event: ReadingsStored, now: datetime) -> None:
    await metering.end_silences(
        session,
        estate_id=event.estate_id,
        register_ids=event.register_ids,
        taken_s=event.taken_s,
        now=now,
    )


async def _tell_of_silence(session: AsyncSession, event: MetersSilent, now: datetime) -> None:
    for meter in event.meters:
        await notifications.raise_alert(
            session,
            estate_id=event.estate_id,
            kind=AlertKind.METER_SILENT,
            subject=f"meter:{meter.meter_id}",
            person_ids=[None],
            detail={"meter": meter.serial, "since": f"{meter.silent_since:%Y-%m-%d %H:%M} UTC"},
            now=now,
        )
    units = [meter.unit_id for meter in event.meters]
    await hint(session, estate_id=event.estate_id, topic="meter.offline", ids=units)


async def _end_alerts_of_silence(session: AsyncSession, event: MetersHeard, now: datetime) -> None:
    for meter in event.meters:
        await notifications.resolve_alerts(
            session,
            estate_id=event.estate_id,
            kind=AlertKind.METER_SILENT,
            subject=f"meter:{meter.meter_id}",
            now=now,
        )
    units = [meter.unit_id for meter in event.meters]
    await hint(session, estate_id=event.estate_id, topic="meter.online", ids=units)


async def _tell_of_endpoint(session: AsyncSession, event: EndpointSwitched, now: datetime) -> None:
    subject = f"webhook:{event.endpoint_id}"
    if event.reason is None:
        await notifications.resolve_alerts(
            session, estate_id=event.estate_id, kind=AlertKind.WEBHOOK_OFF, subject=subject, now=now
        )
        return
    await notifications.raise_alert(
        session,
        estate_id=event.estate_id,
        kind=AlertKind.WEBHOOK_OFF,
        subject=subject,
        person_ids=[None],
        detail={"host": urlsplit(event.url).hostname or "", "reason": event.reason},
        now=now,
    )


def _wire_webhooks() -> None:
    subscribe(ReadingsStored, _hear_meters)
    subscribe(ReadingsStored, outgoing.tell_readings)
    subscribe(MetersInstalled, outgoing.tell_installed)
    subscribe(MeterSwapped, outgoing.tell_swapped)
    subscribe(MetersSilent, _tell_of_silence)
    subscribe(MetersSilent, outgoing.tell_silent)
    subscribe(MetersHeard, _end_alerts_of_silence)
    subscribe(MetersHeard, outgoing.tell_heard)
    subscribe(IssuesOpened, outgoing.tell_opened)
    subscribe(IssuesClosed, outgoing.tell_closed)
    subscribe(TopUpReceived, outgoing.tell_top_up)
    subscribe(BalanceCrossed, outgoing.tell_crossing)
    subscribe(SupplyChanged, outgoing.tell_supply)
    subscribe(SupplyLimited, outgoing.tell_limit)
    subscribe(FlexibilityStarted, outgoing.tell_flexibility)
    subscribe(FlexibilityEnded, outgoing.tell_flexibility)
    subscribe(RateTableAssigned, outgoing.tell_rate)
    subscribe(MonthLocked, outgoing.tell_locked)
    subscribe(EndpointSwitched, _tell_of_endpoint)
    subscribe(Onboarded, outgoing.tell_onboarded)
    subscribe(Offboarded, outgoing.tell_offboarded)
    subscribe(ImportFinished, outgoing.tell_import)


async def _tell_of_impersonation(session: AsyncSession, event: PersonImpersonated, now: datetime) -> None:
    """Tell the person, in each estate where something is theirs, that support looked through their eyes."""
    person = await identity.person(session, person_id=event.person_id)
    roles = await identity.principal_of_person(session, person_id=event.person_id, name=person.name)
    everyone = await estates.platform_estate_ids(session)
    await see_estates(session, estates=everyone)
    own = await wallet_queries.estates_of_person(session, person_id=event.person_id)
    for estate_id in sorted(set(own) | ((roles.estate_ids() or frozenset()) & set(everyone))):
        await notifications.raise_alert(
            session,
            estate_id=estate_id,
            kind=AlertKind.IMPERSONATED,
            subject=f"impersonation:{event.impersonation_id}",
            person_ids=[event.person_id],
            detail={"by": event.by, "reason": event.reason},
            now=now,
        )
    await see_estates(session, estates=[])


async def _withdraw_access(session: AsyncSession, event: PersonErased, now: datetime) -> None:
    """End every access grant of a person who is forgotten, and write to them no more."""
    await notifications.forget_browsers(session, person_id=event.person_id)
    for estate_id in await estates.platform_estate_ids(session):
        await see_estates(session, estates=[estate_id])
        await wallets.end_access_of_person(
            session, estate_id=estate_id, person_id=event.person_id, actor=event.actor, now=now
        )
    await see_estates(session, estates=[])


async def _write_message(session: AsyncSession, event: MessageAsked, now: datetime) -> None:
    await notifications.queue_message(
        session,
        channel=event.channel,
        address=event.address,
        template=event.template,
        language=language_of(event.language),
        values=event.values,
        person_id=event.person_id,
        expires_at=event.expires_at,
        now=now,
    )


_WANTED = {
    "off": "switch off",
    "on": "switch on",
    "limit": "limit its supply",
    "lift": "lift the limit of its supply",
}


async def _note_disobedience(session: AsyncSession, event: SupplyUnchanged, now: datetime) -> None:
    is_limit = event.action in LIMITING
    await devices.note_switching(
        session,
        estate_id=event.estate_id,
        unit_id=event.unit_id,
        utility=event.utility,
        detail=f"it was to {_WANTED[event.action]}: {event.reason or 'it did not say that it did'}",
        kind="limit_contradicts" if is_limit else "switch_contradicts",
        now=now,
    )


async def _note_obedience(session: AsyncSession, event: SupplyChanged, now: datetime) -> None:
    await devices.note_switching(
        session,
        estate_id=event.estate_id,
        unit_id=event.unit_id,
        utility=event.utility,
        detail=None,
        now=now,
    )


async def _note_limit(session: AsyncSession, event: SupplyLimited, now: datetime) -> None:
    if event.command_id is not None:
        await devices.note_switching(
            session,
            estate_id=event.estate_id,
            unit_id=event.unit_id,
            utility=event.utility,
            detail=None,
            kind="limit_contradicts",
            now=now,
        )


async def _forget_consent(session: AsyncSession, event: Offboarded, now: datetime) -> None:
    await flexibility.forget_consent(session, estate_id=event.estate_id, unit_id=event.unit_id, now=now)


def wire() -> None:
    """Connect the features; every entrypoint calls this once."""
    subscribe(PersonImpersonated, _tell_of_impersonation)
    subscribe(PersonErased, _withdraw_access)
    subscribe(MessageAsked, _write_message)
    subscribe(EstateCreated, charging.open_lane)
    subscribe(EstateArchived, _forget_estate)
    subscribe(ResidentCame, _limit_sight)
    subscribe(MeterRemoved, _forget_estate)
    subscribe(RegistersDerived, _forget_registers)
    subscribe(CountersRead, devices.follow_counters)
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
    subscribe(HeldReadingAccepted, rounds.tell_of_acceptance)
    subscribe(AvailableChanged, wallets.check_hold)
    subscribe(SpendLimitChanged, _forget_limits)
    subscribe(SpendCutChanged, credit.react_to_spending)
    subscribe(CutDeferred, credit.tell_of_deferral)
    subscribe(SupplyUnchanged, _note_disobedience)
    subscribe(SupplyChanged, _note_obedience)
    subscribe(SupplyChanged, credit.renew_limit)
    subscribe(SupplyLimited, _note_limit)
    subscribe(SupplyLimited, flexibility.follow_supply)
    subscribe(SupplyChanged, flexibility.follow_supply)
    subscribe(SupplyUnchanged, flexibility.follow_supply)
    subscribe(Offboarded, _forget_consent)
    _wire_webhooks()
