"""Solar installations are made, shared and ended, and their homes credited month by month."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates import queries as estate_queries
from mita.kit.clock import from_us
from mita.kit.errors import Conflict, Invalid
from mita.kit.zones import local_month, next_month
from mita.ledger import operations as ledger
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.solar import queries
from mita.solar.domain import (
    CreditPart,
    ExplainedCredit,
    LaterCredit,
    Panels,
    left_out,
    month_parts,
    too_much_on,
    worth,
)
from mita.solar.models import SolarCredit, SolarInstallation, SolarShare, SolarState
from mita.tariffs.domain import local_midnight_s
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy.ext.asyncio import AsyncSession

UTILITY = "electricity"
INCOME = "income:solar"
_TOGETHER_MAX = 1_900


class InstallationEnded(Conflict):
    """The installation ended before: its terms are never changed."""

    code = "solar_installation_ended"
    title = "The solar installation has ended"


@dataclass(frozen=True, slots=True)
class NewInstallation:
    """An installation to be made: millionths of a kW, micro-money per kW and year, shares by unit id."""

    name: str
    capacity_micro: int
    price_micro: int
    first_on: date
    shares: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Change:
    """What a home's credit of a month was and is now."""

    unit_id: int
    before_micro: int
    parts: tuple[CreditPart, ...]

    @property
    def gain_micro(self) -> int:
        return worth(self.parts) - self.before_micro


async def create_installation(
    session: AsyncSession, *, estate_id: int, new: NewInstallation, actor: str, now: datetime
) -> SolarInstallation:
    """Make an installation with the shares that homes have in it from its first date on.

    :raises mita.kit.errors.Invalid: if shares come to more than one, or a unit has no account of electricity
    """
    row = SolarInstallation(
        estate_id=estate_id,
        name=new.name,
        capacity_micro=new.capacity_micro,
        price_micro=new.price_micro,
        first_on=new.first_on,
        actor=actor,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    key = {"estate_id": estate_id, "solar_installation_id": row.solar_installation_id}
    await set_shares(session, **key, shares=new.shares, from_on=new.first_on, actor=actor, now=now)
    return row


async def set_shares(
    session: AsyncSession,
    *,
    estate_id: int,
    solar_installation_id: int,
    shares: Mapping[int, int],
    from_on: date,
    actor: str,
    now: datetime,
) -> None:
    """Let homes have these shares from a local date on, and no other home any.

    Months of it that are over are credited again by the next run.

    :raises mita.kit.errors.NotFound: if there is no such installation
    :raises InstallationEnded: if it ends before that date
    :raises mita.kit.errors.Invalid: if it begins later, shares come to more than one on some date, or a unit
        has no account of electricity
    """
    key = {"estate_id": estate_id, "solar_installation_id": solar_installation_id}
    row = await queries.installation(session, **key, lock=True)
    if row.until_on is not None and row.until_on <= from_on:
        raise InstallationEnded(f"solar installation {solar_installation_id} ended on {row.until_on}")
    if from_on < row.first_on:
        raise _refused("body.from_on", f"the installation begins on {row.first_on}")
    await _check_accounts(session, estate_id=estate_id, unit_ids=shares)
    (panels,) = await queries.panels(session, estate_id=estate_id, rows=[row])
    more = left_out(panels, given=shares, from_on=from_on)
    day = too_much_on(panels, more=more)
    if day is not None:
        raise _refused("body.shares", f"the shares come to more than one on {day}")
    if more:
        await session.execute(
            insert(SolarShare),
            [{**key, **asdict(each), "actor": actor, "created_at": now} for each in more],
        )
    await _look_again(session, estate_id=estate_id, day=from_on)


async def end_installation(
    session: AsyncSession, *, estate_id: int, solar_installation_id: int, until_on: date
) -> SolarInstallation:
    """End an installation: ``until_on`` is the first local date that is not credited any more.

    :raises mita.kit.errors.NotFound: if there is no such installation
    :raises InstallationEnded: if it has an end already
    :raises mita.kit.errors.Invalid: if that is not after its first date
    """
    row = await queries.installation(
        session, estate_id=estate_id, solar_installation_id=solar_installation_id, lock=True
    )
    if row.until_on is not None:
        raise InstallationEnded(f"solar installation {solar_installation_id} ends on {row.until_on}")
    if until_on <= row.first_on:
        raise _refused("body.until_on", f"the installation begins on {row.first_on}")
    row.until_on = until_on
    await session.flush()
    await _look_again(session, estate_id=estate_id, day=until_on)
    return row


async def post_solar_credits(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Credit every home for the months that are over, or what changed of them; return the number of entries.

    Each month is an entry with the local midnight that ends it as ``event_at``. To run it again or late
    changes nothing: only differences are booked.

    :raises mita.ledger.operations.StaleHeads: if another writer waits for this one (roll back and repeat)
    """
    state = await session.scalar(
        select(SolarState).where(SolarState.estate_id == estate_id).with_for_update()
    )
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    this_month = local_month(now, local=zone)
    if state is None or state.next_month >= this_month:
        return 0
    panels = await queries.panels(
        session, estate_id=estate_id, rows=await queries.installations(session, estate_id=estate_id)
    )
    booked, month = 0, state.next_month
    while month < this_month:
        booked += await _post_month(
            session, estate_id=estate_id, panels=panels, month=month, zone=zone, now=now
        )
        month = next_month(month)
    state.next_month = this_month
    await session.flush()
    return booked


async def explain_credit(
    session: AsyncSession, *, estate_id: int, account_id: int, seq: int
) -> ExplainedCredit | None:
    """Return what an entry of a wallet's account credited, and what the same month became later.

    None if the entry is no solar credit.
    """
    rows = await queries.credit_of_entry(session, estate_id=estate_id, account_id=account_id, seq=seq)
    if not rows:
        return None
    row, *later = rows
    zone = await estate_queries.time_zone(session, estate_id=estate_id)
    return ExplainedCredit(
        month=row.month,
        currency=(await estate_queries.estate(session, estate_id=estate_id)).currency,
        old_micro=row.old_micro,
        parts=queries.parts_of(row),
        later=tuple(
            LaterCredit(each.seq, each.created_at.astimezone(zone), each.old_micro, each.new_micro)
            for each in later
        ),
    )


async def _post_month(
    session: AsyncSession,
    *,
    estate_id: int,
    panels: Sequence[Panels],
    month: date,
    zone: ZoneInfo,
    now: datetime,
) -> int:
    parts = month_parts(panels, month=month)
    rows = await queries.credits_of_month(session, estate_id=estate_id, month=month)
    before = {row.unit_id: row.new_micro for row in rows}
    changes = [
        _Change(unit_id, before.get(unit_id, 0), parts.get(unit_id, ()))
        for unit_id in sorted({*before, *parts})
    ]
    changes = [change for change in changes if change.gain_micro]
    infos = await wallet_queries.accounts(
        session, estate_id=estate_id, unit_ids=[change.unit_id for change in changes], utility=UTILITY
    )
    accounts = {info.unit_id: info.account_id for info in infos}
    for start in range(0, len(changes), _TOGETHER_MAX):
        some = changes[start : start + _TOGETHER_MAX]
        seqs = await _book(
            session, estate_id=estate_id, changes=some, accounts=accounts, month=month, zone=zone, now=now
        )
        await session.execute(
            insert(SolarCredit),
            [
                {
                    "estate_id": estate_id,
                    "unit_id": change.unit_id,
                    "month": month,
                    "account_id": accounts[change.unit_id],
                    "seq": seqs[accounts[change.unit_id]],
                    "old_micro": change.before_micro,
                    "new_micro": worth(change.parts),
                    "parts": [asdict(part) for part in change.parts],
                    "created_at": now,
                }
                for change in some
            ],
        )
    return len(changes)


async def _book(
    session: AsyncSession,
    *,
    estate_id: int,
    changes: Sequence[_Change],
    accounts: Mapping[int, int],
    month: date,
    zone: ZoneInfo,
    now: datetime,
) -> Mapping[int, int]:
    currency = (await estate_queries.estate(session, estate_id=estate_id)).currency
    lines = [Line(accounts[change.unit_id], change.gain_micro, EntryKind.SOLAR_CREDIT) for change in changes]
    total = sum(change.gain_micro for change in changes)
    if total:
        ids = await ledger.open_accounts(session, estate_id=estate_id, codes=[INCOME], currency=currency)
        lines.append(Line(ids[INCOME], -total, EntryKind.INCOME))
    movement = Movement(
        kind=JournalKind.CHARGE,
        lines=lines,
        actor="system:solar",
        memo=f"solar credit of {month:%Y-%m}",
        event_at=from_us(local_midnight_s(next_month(month), zone=zone) * 1_000_000),
    )
    return (await ledger.book(session, estate_id=estate_id, movement=movement, now=now)).seqs


async def _check_accounts(session: AsyncSession, *, estate_id: int, unit_ids: Collection[int]) -> None:
    infos = await wallet_queries.accounts(
        session, estate_id=estate_id, unit_ids=sorted(unit_ids), utility=UTILITY
    )
    missing = sorted(set(unit_ids) - {info.unit_id for info in infos})
    if missing:
        message = f"unit {missing[0]} has no account of {UTILITY}: install its meter first"
        raise _refused("body.shares", message)


async def _look_again(session: AsyncSession, *, estate_id: int, day: date) -> None:
    """Let the next run begin with the month of a local date at the latest."""
    statement = pg_insert(SolarState).values(estate_id=estate_id, next_month=day.replace(day=1))
    earlier = func.least(SolarState.next_month, statement.excluded.next_month)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id"], set_={"next_month": earlier}),
        execution_options={"synchronize_session": False},
    )


def _refused(path: str, message: str) -> Invalid:
    return Invalid(message, problems=[{"path": path, "message": message}])
