"""Residents are told before their prices change, or at once when the past was corrected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.charging import queries
from mita.charging.models import RateNotice
from mita.estates import queries as estate_queries
from mita.metering import queries as metering_queries
from mita.notifications import operations as notifications
from mita.notifications.domain import AlertKind
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import SUPPLY, change_words, changeovers, difference, tables_at
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.tariffs.domain import Assignment, Changeover, RateTable

WALLETS_AT_ONCE = 200
# prices that changed are news for so long
_NEWS_DAYS = 30


@dataclass(frozen=True, slots=True)
class _News:
    """A changeover, and by which rate tables each unit is charged before and after it."""

    changeover: Changeover
    utility: str
    until: date | None
    tables: Mapping[int, RateTable]
    of_unit: Mapping[int, Sequence[tuple[int | None, int | None]]]


async def tell_of_rates(session: AsyncSession, *, estate_id: int, now: datetime) -> bool:
    """Tell some wallets' hearers of the first changeover that is near and not told; say if more wait.

    Whoever hears of ``rate_change`` is told once of each date on which an assignment begins or ends, the
    estate's notice before it, or as soon as possible after that.
    """
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    today = now.astimezone(zone).date()
    await notifications.resolve_outdated(
        session, estate_id=estate_id, kind=AlertKind.RATE_CHANGE, day=today, now=now
    )
    days = await tariff_queries.notice_days(session, estate_id=estate_id)
    rows = await tariff_queries.assignment_rows(session, estate_id=estate_id)
    utility_of = {row.rate_assignment_id: row.utility for row in rows}
    assigned = [(tariff_queries.assignment_of(row), row.created_at.astimezone(zone).date()) for row in rows]
    told = await queries.rate_notices_finished(session, estate_id=estate_id)
    waiting = [
        changeover
        for changeover in changeovers(assigned)
        if (changeover.assignment.assignment_id, changeover.day) not in told
        and changeover.day <= today + timedelta(days=days or 0)
    ]
    if not waiting:
        return False
    changeover = waiting[0]
    notice = await _claimed(session, changeover, estate_id=estate_id)
    if notice.finished_at is not None:
        return True  # another worker was faster
    utility = utility_of[changeover.assignment.assignment_id]
    same = [each for each, _ in assigned if utility_of[each.assignment_id] == utility]
    is_done = days is None
    if not is_done:
        news = await _news(session, changeover, estate_id=estate_id, utility=utility, assignments=same)
        is_done = await _tell_some(session, news, notice, today=today, now=now)
    if is_done:
        notice.finished_at = now
    await session.flush()
    return not is_done or len(waiting) > 1


async def _claimed(session: AsyncSession, changeover: Changeover, *, estate_id: int) -> RateNotice:
    """Return how far a changeover was told, held against other workers until the transaction ends."""
    key = (estate_id, changeover.assignment.assignment_id, changeover.day)
    fresh = pg_insert(RateNotice).values(
        estate_id=key[0], rate_assignment_id=key[1], day=key[2], through_wallet_id=0, told=0
    )
    await session.execute(fresh.on_conflict_do_nothing())
    found = await session.get(RateNotice, key, with_for_update={"key_share": True}, populate_existing=True)
    assert found is not None, "it was inserted, or there before"
    return found


async def _news(
    session: AsyncSession,
    changeover: Changeover,
    *,
    estate_id: int,
    utility: str,
    assignments: Sequence[Assignment],
) -> _News:
    infos = await metering_queries.registers_of_utility(session, estate_id=estate_id, utility=utility)
    of_unit: dict[int, list[tuple[int | None, int | None]]] = {}
    for info in infos:
        found = tables_at(changeover, assignments=assignments, target=queries.target_of(info))
        # the first price of a supply takes the place of none
        is_first = found is not None and found[0] is None and changeover.assignment.role == SUPPLY
        if found is not None and not is_first and found not in of_unit.setdefault(info.unit_id, []):
            of_unit[info.unit_id].append(found)
    ids = {each for pairs in of_unit.values() for pair in pairs for each in pair if each is not None}
    tables = await tariff_queries.tables_by_id(session, estate_id=estate_id, rate_table_ids=ids)
    until = None if changeover.is_end else changeover.assignment.effective_until
    return _News(
        changeover, utility, until, tables, {unit_id: pairs for unit_id, pairs in of_unit.items() if pairs}
    )


async def _tell_some(
    session: AsyncSession, news: _News, notice: RateNotice, *, today: date, now: datetime
) -> bool:
    """Tell the next wallets, by id; say whether that was all of them."""
    accounts = await wallet_queries.accounts(
        session, estate_id=notice.estate_id, unit_ids=sorted(news.of_unit), utility=news.utility
    )
    left = sorted(
        (each for each in accounts if each.wallet_id > notice.through_wallet_id), key=lambda a: a.wallet_id
    )
    chosen = left[:WALLETS_AT_ONCE]
    if not chosen:
        return True
    heard_by = await wallet_queries.hearers_of_wallets(
        session,
        estate_id=notice.estate_id,
        wallet_ids=[each.wallet_id for each in chosen],
        kind=AlertKind.RATE_CHANGE,
    )
    units = await estate_queries.units(
        session, estate_id=notice.estate_id, unit_ids=[each.unit_id for each in chosen]
    )
    names = {unit.unit_id: unit.name for unit in units}
    for each in chosen:
        rates, changes = _said(news, unit_id=each.unit_id)
        # equal prices under another name are no news
        if changes and each.wallet_id in heard_by:
            await notifications.raise_alert(
                session,
                estate_id=notice.estate_id,
                kind=AlertKind.RATE_CHANGE,
                subject=f"wallet:{each.wallet_id}:{news.utility}:{news.changeover.day}",
                person_ids=heard_by[each.wallet_id],
                detail={
                    "unit": names[each.unit_id],
                    "utility": news.utility,
                    "since": _since(news),
                    "rates": rates,
                    "changes": changes,
                    "over_on": (max(news.changeover.day, today) + timedelta(days=_NEWS_DAYS)).isoformat(),
                },
                now=now,
            )
            notice.told += 1
    notice.through_wallet_id = chosen[-1].wallet_id
    return len(left) == len(chosen)


def _since(news: _News) -> str:
    until = f" to {news.until - timedelta(days=1)}" if news.until else ""
    correction = "by a correction " if news.changeover.is_correction else ""
    return f"{correction}from {news.changeover.day}{until}"


def _said(news: _News, *, unit_id: int) -> tuple[str, str]:
    """Return by what a unit is charged, and what that changes; "" for nothing."""
    rates, changes = [], []
    for before_id, after_id in news.of_unit[unit_id]:
        before = news.tables[before_id] if before_id is not None else None
        after = news.tables[after_id] if after_id is not None else None
        if before and after:
            words = change_words(difference(before, after))
            rate = f"by {after.name} instead of {before.name}"
        elif after:
            words, rate = "this is new", f"by {after.name} as well"
        else:
            assert before is not None, "a changeover has a table on one side"
            words, rate = "nothing takes its place", f"by {before.name} no more"
        if words:
            rates.append(rate)
            changes.append(words)
    return "; ".join(dict.fromkeys(rates)), "; ".join(dict.fromkeys(changes))
