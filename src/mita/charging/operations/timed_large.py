"""Timed charges that are too large to be booked: nothing is charged, and the estate's staff is told."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from mita.estates import queries as estate_queries
from mita.kit.clock import from_us
from mita.kit.money import format_cents, format_micro
from mita.notifications import operations as notifications
from mita.notifications import queries as notification_queries
from mita.notifications.domain import AlertKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory
    from mita.charging.domain.payers import Payer
    from mita.charging.domain.timed import ItemKey, TimedItem
    from mita.charging.operations.timed_look import Looked

_KIND = AlertKind.CHARGE_TOO_LARGE


async def tell_of_large(
    session: AsyncSession,
    memory: LaneMemory,
    *,
    accounts: Sequence[Looked],
    due: Mapping[int, Mapping[ItemKey, TimedItem]],
    now: datetime,
) -> None:
    """Raise an alert to staff for each charge that cannot be booked; end those of what can be by now."""
    large = {
        _subject(account, item.key): (account, item)
        for account in accounts
        for item in due[account.info.account_id].values()
        if not item.is_bookable
    }
    told = await notification_queries.open_subjects(session, estate_id=memory.estate_id, kind=_KIND)
    for subject in told - large.keys():
        if any(_is_looked_at(account, subject) for account in accounts):
            await notifications.resolve_alerts(
                session, estate_id=memory.estate_id, kind=_KIND, subject=subject, now=now
            )
    unit_ids = sorted({account.info.unit_id for account, _ in large.values()})
    units = (
        await estate_queries.units(session, estate_id=memory.estate_id, unit_ids=unit_ids) if large else ()
    )
    names = {unit.unit_id: unit.name for unit in units}
    for subject, (account, item) in large.items():
        await notifications.raise_alert(
            session,
            estate_id=memory.estate_id,
            kind=_KIND,
            subject=subject,
            person_ids=[None],
            detail={
                **_detail(item),
                "unit": names[account.info.unit_id],
                "utility": account.info.utility,
                "currency": memory.currency,
            },
            now=now,
        )


def _subject(account: Looked, key: ItemKey) -> str:
    return f"{_payer_subject(account, key.payer, role=key.role)}:{key.kind}:{key.first.isoformat()}"


def _payer_subject(account: Looked, payer: Payer, *, role: str) -> str:
    return f"account:{account.info.account_id}:{role}:{int(payer.scope)}:{payer.target_id}"


def _is_looked_at(account: Looked, subject: str) -> bool:
    """Tell whether a subject is about a part that was looked at, or about nothing that there still is."""
    if not subject.startswith(f"account:{account.info.account_id}:"):
        return False
    payer, _, first = subject.rsplit(":", 2)
    since = account.since
    for prices, parts in zip(account.prices, account.chosen, strict=True):
        if parts and payer == _payer_subject(account, prices.payer, role=prices.role):
            since = parts[0].first
    return date.fromisoformat(first) >= since


def _detail(item: TimedItem) -> dict[str, str]:
    line = item.line
    found = {
        "charge": item.key.charge,
        "since": item.key.first.isoformat(),
        "amount": format_cents(line.net_micro + line.tax_micro),
        "measured": f"{format_micro(line.quantity_micro)} {line.unit}",
        "register": line.register,
    }
    if line.at_s is not None:
        found["peak_at"] = from_us(line.at_s * 1_000_000).isoformat()
    return found
