"""What a wallet held and spent day by day, and where its balance goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from mita.kit.clock import from_us
from mita.kit.errors import NotFound
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind
from mita.reports.domain import TIMED_DAYS, DaySpend, Forecast, forecast
from mita.reports.queries.charged import SPENDING
from mita.tariffs.domain import local_midnight_s
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.queries import AccountInfo

PAST_DAYS = 28
_ONE_DAY = timedelta(days=1)
# they fall due by the calendar, whatever was used on the day
_TIMED = frozenset(
    {
        EntryKind.STANDING_CHARGE,
        EntryKind.DEMAND,
        EntryKind.MINIMUM,
        EntryKind.NETTING,
        EntryKind.SOLAR_CREDIT,
    }
)


@dataclass(frozen=True, slots=True)
class WalletForecast:
    """What a wallet holds, held at the end of days before today, and will hold, in micro-money."""

    balance_micro: int
    past: Sequence[tuple[date, int]]
    ahead: Forecast
    accounts: Sequence[AccountInfo]


async def balance_forecast(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    utility: str | None,
    today: date,
    zone: ZoneInfo,
) -> WalletForecast:
    """Return how a wallet's balance went and where it goes: one account's, or that of all together.

    Days are local, and an entry belongs to the day on which it happened, not to that of its booking. The
    past begins with the first entry that is kept and that the reader sees.

    :raises NotFound: if the wallet has no account of the utility
    """
    accounts = await wallet_queries.accounts(
        session, estate_id=estate_id, wallet_ids=[wallet_id], utility=utility
    )
    if not accounts:
        raise NotFound(f"wallet {wallet_id} has no account of {utility}")
    account_ids = [each.account_id for each in accounts]
    days = [today + timedelta(days=each) for each in range(-TIMED_DAYS, 1)]
    borders = [from_us(local_midnight_s(day, zone=zone) * 1_000_000) for day in (*days, today + _ONE_DAY)]
    moved = await ledger_queries.moved_in_steps(
        session, estate_id=estate_id, account_ids=account_ids, kinds=list(EntryKind), borders=borders
    )
    _, accrued_micro = await ledger_queries.held_and_accrued(
        session, estate_id=estate_id, account_ids=account_ids
    )
    balances = await ledger_queries.balances(session, estate_id=estate_id, account_ids=account_ids)
    balance_micro = sum(balances.values())
    first = await ledger_queries.first_event(session, estate_id=estate_id, account_ids=account_ids)
    first_on = today if first is None else first.astimezone(zone).date()
    by_day = [(days[step], EntryKind(kind), amount) for _, kind, step, amount in moved]
    return WalletForecast(
        balance_micro=balance_micro,
        past=_past(by_day, posted_micro=balance_micro + accrued_micro, first_on=first_on, today=today),
        # of its first day only a part is known
        ahead=forecast(
            balance_micro=balance_micro,
            spent=_spent(by_day, accrued_micro=accrued_micro, today=today),
            known_from=first_on + _ONE_DAY,
            today=today,
        ),
        accounts=accounts,
    )


def _past(
    moved: Sequence[tuple[date, EntryKind, int]], *, posted_micro: int, first_on: date, today: date
) -> list[tuple[date, int]]:
    """Return the balance at the end of each day before today, back from what is posted now."""
    by_day: dict[date, int] = {}
    for day, _, amount_micro in moved:
        by_day[day] = by_day.get(day, 0) + amount_micro
    found = []
    left, day = posted_micro, today
    while day > max(first_on, today - timedelta(days=PAST_DAYS)):
        left -= by_day.get(day, 0)
        day -= _ONE_DAY
        found.append((day, left))
    return found[::-1]


def _spent(
    moved: Sequence[tuple[date, EntryKind, int]], *, accrued_micro: int, today: date
) -> dict[date, DaySpend]:
    """Return what was spent on each day; what is used and not posted yet was used today."""
    found: dict[date, DaySpend] = {today: DaySpend(used_micro=accrued_micro)}
    for day, kind, amount_micro in moved:
        before = found.get(day, DaySpend())
        if kind in _TIMED:
            found[day] = DaySpend(before.used_micro, before.timed_micro - amount_micro)
        elif kind in SPENDING:
            found[day] = DaySpend(before.used_micro - amount_micro, before.timed_micro)
    return found
