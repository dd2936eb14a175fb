"""What happens inside becomes what webhooks tell: from the features' events to payloads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mita.devices.domain import REMEDIES, severity
from mita.estates import queries as estates
from mita.flexibility import queries as flexibility
from mita.flexibility.events import FlexibilityStarted
from mita.kit.clock import from_us
from mita.kit.money import format_micro
from mita.kit.shapes import show_instant
from mita.metering import queries as metering
from mita.metering.domain import ReadingClass
from mita.wallets.domain import Standing
from mita.webhooks import operations as webhooks
from mita.webhooks import queries as webhook_queries
from mita.webhooks.domain import Topic

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.events import ReadingsStored
    from mita.credit.events import SupplyChanged, SupplyLimited
    from mita.devices.events import IssuesClosed, IssuesOpened
    from mita.flexibility.events import FlexibilityEnded
    from mita.imports.events import ImportFinished
    from mita.ledger.events import MonthLocked
    from mita.metering.events import MetersHeard, MetersInstalled, MetersSilent, MeterSwapped
    from mita.tariffs.events import RateTableAssigned
    from mita.tenancies.events import Offboarded, Onboarded
    from mita.wallets.events import BalanceCrossed, TopUpReceived

# so many meters or readings in one payload at most; the rest follows in others
TOLD_MAX = 100
_HELD = (int(ReadingClass.UNPRICED), int(ReadingClass.HELD))


async def _money(session: AsyncSession, *, estate_id: int, amount_micro: int) -> dict[str, str]:
    estate = await estates.estate(session, estate_id=estate_id)
    return {"amount": format_micro(amount_micro), "currency": estate.currency}


async def _is_wanted(session: AsyncSession, topic: Topic, *, estate_id: int) -> bool:
    return topic.value in await webhook_queries.wanted_topics(session, estate_id=estate_id)


async def tell_top_up(session: AsyncSession, event: TopUpReceived, now: datetime) -> None:
    """Tell that a wallet was topped up."""
    if not await _is_wanted(session, Topic.TOP_UP, estate_id=event.estate_id):
        return
    data = {
        "wallet_id": event.wallet_id,
        "unit_id": event.unit_id,
        "journal_id": str(event.journal_id),
        "method": event.method,
        "received": await _money(session, estate_id=event.estate_id, amount_micro=event.amount_micro),
    }
    await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.TOP_UP, data=data, now=now)


def topic_of_crossing(*, before: Standing, after: Standing) -> Topic | None:
    """Return what a change of standing is told as; from low back to credit by itself is nothing."""
    if after is Standing.OUT:
        return Topic.BALANCE_OUT
    if before is Standing.OUT:
        return Topic.BALANCE_BACK
    return Topic.LOW_BALANCE if after is Standing.LOW else None


async def tell_crossing(session: AsyncSession, event: BalanceCrossed, now: datetime) -> None:
    """Tell that a balance is low, used up or back."""
    topic = topic_of_crossing(before=event.before, after=event.after)
    if topic is None or not await _is_wanted(session, topic, estate_id=event.estate_id):
        return
    data = {
        "wallet_id": event.wallet_id,
        "unit_id": event.unit_id,
        "utility": event.utility,
        "balance": await _money(session, estate_id=event.estate_id, amount_micro=event.balance_micro),
    }
    await webhooks.tell(session, estate_id=event.estate_id, topic=topic, data=data, now=now)


async def tell_readings(session: AsyncSession, event: ReadingsStored, now: datetime) -> None:
    """Tell of the newest reading of each register in a batch, and of every one that is held.

    One webhook for a batch, or for each hundred of them: never one for each reading.
    """
    wanted = await webhook_queries.wanted_topics(session, estate_id=event.estate_id)
    if Topic.READING.value in wanted:
        await _tell_some(session, event, Topic.READING, _newest(event), now=now)
    if Topic.READING_HELD.value in wanted:
        held = np.flatnonzero(np.isin(event.classes, _HELD))
        await _tell_some(session, event, Topic.READING_HELD, held, now=now)


def _newest(event: ReadingsStored) -> NDArray[np.int64]:
    """Return the places of each register's newest reading."""
    order = np.lexsort((event.taken_s, event.register_ids))
    register = event.register_ids[order]
    return order[np.r_[register[1:] != register[:-1], True]]


async def _tell_some(
    session: AsyncSession, event: ReadingsStored, topic: Topic, places: NDArray[np.int64], *, now: datetime
) -> None:
    for start in range(0, len(places), TOLD_MAX):
        some = places[start : start + TOLD_MAX]
        register_ids = sorted({int(each) for each in event.register_ids[some]})
        infos = await metering.registers(session, estate_id=event.estate_id, register_ids=register_ids)
        known = {info.register_id: info for info in infos}
        readings = []
        for place in some.tolist():
            info = known[int(event.register_ids[place])]
            readings.append(
                {
                    "meter_id": info.meter_id,
                    "meter": info.meter,
                    "unit_id": info.unit_id,
                    "register": info.register,
                    "taken_at": show_instant(from_us(int(event.taken_s[place]) * 1_000_000)),
                    "value": {"amount": format_micro(int(event.values_micro[place])), "unit": info.key[2]},
                    "class": ReadingClass(int(event.classes[place])).shown,
                }
            )
        data = {"readings": readings}
        await webhooks.tell(session, estate_id=event.estate_id, topic=topic, data=data, now=now)


async def tell_installed(session: AsyncSession, event: MetersInstalled, now: datetime) -> None:
    """Tell that meters were installed."""
    meters = [
        {"meter_id": meter_id, "unit_id": unit_id, "utility": utility}
        for meter_id, unit_id, utility in event.meters
    ]
    await _tell_chunks(session, event.estate_id, Topic.METER_INSTALLED, meters, now=now)


async def tell_swapped(session: AsyncSession, event: MeterSwapped, now: datetime) -> None:
    """Tell that a meter took another's place."""
    data = {
        "swap_id": str(event.swap_id),
        "old_meter_id": event.old_meter_id,
        "new_meter_id": event.new_meter_id,
        "unit_id": event.unit_id,
        "utility": event.utility,
        "swapped_at": show_instant(event.swapped_at),
    }
    await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.METER_SWAPPED, data=data, now=now)


async def _tell_chunks(
    session: AsyncSession, estate_id: int, topic: Topic, meters: Sequence[dict[str, Any]], *, now: datetime
) -> None:
    for start in range(0, len(meters), TOLD_MAX):
        data = {"meters": list(meters[start : start + TOLD_MAX])}
        await webhooks.tell(session, estate_id=estate_id, topic=topic, data=data, now=now)


async def tell_silent(session: AsyncSession, event: MetersSilent, now: datetime) -> None:
    """Tell of each meter that has fallen silent."""
    await _tell_silence(session, event, Topic.METER_OFFLINE, now=now)


async def tell_heard(session: AsyncSession, event: MetersHeard, now: datetime) -> None:
    """Tell of each meter that is heard again."""
    await _tell_silence(session, event, Topic.METER_ONLINE, now=now)


async def _tell_silence(
    session: AsyncSession, event: MetersSilent | MetersHeard, topic: Topic, *, now: datetime
) -> None:
    if not await _is_wanted(session, topic, estate_id=event.estate_id):
        return
    for meter in event.meters:
        data = {
            "meter_id": meter.meter_id,
            "meter": meter.serial,
            "unit_id": meter.unit_id,
            "silent_since": show_instant(meter.silent_since),
        }
        await webhooks.tell(session, estate_id=event.estate_id, topic=topic, data=data, now=now)


async def tell_opened(session: AsyncSession, event: IssuesOpened, now: datetime) -> None:
    """Tell of each thing that is to be looked after."""
    await _tell_issues(session, event, "open", now=now)


async def tell_closed(session: AsyncSession, event: IssuesClosed, now: datetime) -> None:
    """Tell of each thing that is over."""
    await _tell_issues(session, event, "over", now=now)


async def _tell_issues(
    session: AsyncSession, event: IssuesOpened | IssuesClosed, state: str, *, now: datetime
) -> None:
    if not await _is_wanted(session, Topic.METER_ISSUE, estate_id=event.estate_id):
        return
    for issue in event.issues:
        data = {
            "issue_id": str(issue.issue_id),
            "state": state,
            "kind": issue.kind,
            "severity": severity(issue.kind),
            "detail": issue.detail,
            "remedy": REMEDIES[issue.kind],
            "since": show_instant(issue.since),
            "name": issue.name,
            "meter_id": issue.meter_id,
            "device_id": issue.device_id,
        }
        await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.METER_ISSUE, data=data, now=now)


async def tell_supply(session: AsyncSession, event: SupplyChanged, now: datetime) -> None:
    """Tell that a device switched a supply."""
    data = {
        "unit_id": event.unit_id,
        "utility": event.utility,
        "is_on": event.is_on,
        "command_id": str(event.command_id),
    }
    await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.SUPPLY_CHANGED, data=data, now=now)


async def tell_limit(session: AsyncSession, event: SupplyLimited, now: datetime) -> None:
    """Tell that a device holds a supply to another power than before."""
    data = {
        "unit_id": event.unit_id,
        "utility": event.utility,
        "limit_w": event.limit_w,
        "command_id": None if event.command_id is None else str(event.command_id),
    }
    await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.SUPPLY_LIMITED, data=data, now=now)


async def tell_flexibility(
    session: AsyncSession, event: FlexibilityStarted | FlexibilityEnded, now: datetime
) -> None:
    """Tell that a flexibility event began or ended, and how many units got how far."""
    is_start = isinstance(event, FlexibilityStarted)
    topic = Topic.FLEXIBILITY_STARTED if is_start else Topic.FLEXIBILITY_ENDED
    if not await _is_wanted(session, topic, estate_id=event.estate_id):
        return
    event_id = event.flexibility_event_id
    row = await flexibility.event(session, estate_id=event.estate_id, event_id=event_id)
    counts = await flexibility.counts(session, estate_id=event.estate_id, event_ids=[event_id])
    data = {
        "flexibility_event_id": str(event_id),
        "title": row.title,
        "kind": row.kind,
        "limit_w": row.limit_w,
        "from_at": show_instant(row.from_at),
        "until_at": show_instant(row.until_at),
        "state": row.state,
        "units": counts.get(event_id, {}),
    }
    await webhooks.tell(session, estate_id=event.estate_id, topic=topic, data=data, now=now)


async def tell_rate(session: AsyncSession, event: RateTableAssigned, now: datetime) -> None:
    """Tell that a rate table was put in force."""
    found = event.assignment
    until = found.effective_until
    data = {
        "utility": event.utility,
        "role": found.role,
        "rate_table_id": found.rate_table_id,
        "effective_from": found.effective_from.isoformat(),
        "effective_until": None if until is None else until.isoformat(),
    }
    await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.RATE_ASSIGNED, data=data, now=now)


async def tell_locked(session: AsyncSession, event: MonthLocked, now: datetime) -> None:
    """Tell that a month is closed."""
    if not await _is_wanted(session, Topic.PERIOD_CLOSED, estate_id=event.estate_id):
        return
    data = {
        "period": f"{event.period:%Y-%m}",
        "entries": event.entries,
        "turnover": await _money(session, estate_id=event.estate_id, amount_micro=event.turnover_micro),
    }
    await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.PERIOD_CLOSED, data=data, now=now)


async def tell_onboarded(session: AsyncSession, event: Onboarded, now: datetime) -> None:
    """Tell that somebody moved into a unit."""
    data = _handover(event)
    await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.ONBOARDED, data=data, now=now)


async def tell_offboarded(session: AsyncSession, event: Offboarded, now: datetime) -> None:
    """Tell that somebody moved out of a unit, and what was left."""
    if not await _is_wanted(session, Topic.OFFBOARDED, estate_id=event.estate_id):
        return
    left = await _money(session, estate_id=event.estate_id, amount_micro=event.balance_micro)
    data = {**_handover(event), "balance": left}
    await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.OFFBOARDED, data=data, now=now)


async def tell_import(session: AsyncSession, event: ImportFinished, now: datetime) -> None:
    """Tell that an import came to its end."""
    if not await _is_wanted(session, Topic.IMPORT_FINISHED, estate_id=event.estate_id):
        return
    data = {
        "import_id": str(event.import_id),
        "kind": event.kind,
        "state": event.state.value,
        "rows": event.rows,
        "failed": event.failed,
    }
    await webhooks.tell(session, estate_id=event.estate_id, topic=Topic.IMPORT_FINISHED, data=data, now=now)


def _handover(event: Onboarded | Offboarded) -> dict[str, str | int]:
    return {
        "handover_id": str(event.handover_id),
        "unit_id": event.unit_id,
        "occupancy_id": event.occupancy_id,
        "person_id": event.person_id,
        "wallet_id": event.wallet_id,
    }
