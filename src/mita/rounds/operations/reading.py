"""A register is read by hand: judged, rated and charged like any reading, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mita.charging import operations as charging
from mita.charging import queries as charging_queries
from mita.identity.domain import Permission
from mita.kit.clock import to_us
from mita.kit.errors import Invalid, NotFound
from mita.kit.ids import new_id
from mita.kit.shapes import show_instant
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import SourceKind
from mita.metering import operations as metering
from mita.metering import queries as metering_queries
from mita.metering.domain import BASE_UNIT, TAKEN_SECONDS_MIN, ReadingBatch, ReadingClass
from mita.metering.operations import MeterGone
from mita.rounds.models import ManualReading
from mita.rounds.operations.photos import check_photo
from mita.rounds.operations.readers import reader_of
from mita.rounds.operations.reminders import end_reminders
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Right
from mita.wallets.operations import require_right

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.outcome import Outcome
    from mita.kit.web import Caller
    from mita.metering.queries import RegisterInfo
    from mita.rounds.operations.readers import Reader
    from mita.wallets.queries import AccountInfo

SOURCE = "hand"
# a cover may follow the charge on the same account
_ENTRIES_LOOKED_AT = 5


@dataclass(frozen=True, slots=True)
class HandReading:
    """What somebody read: a value in millionths of ``base_unit``; no register is the meter's only one."""

    meter_id: int
    register: str | None
    value_micro: int
    base_unit: str
    taken_at: datetime
    photo_id: UUID | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class TakenByHand:
    """What became of it; ``balance_micro`` is the utility's, None for whoever may not see it."""

    row: ManualReading
    meter: str
    register: str
    utility: str
    balance_micro: int | None


async def take_reading(
    session: AsyncSession, *, estate_id: int, asked: HandReading, caller: Caller, now: datetime
) -> TakenByHand:
    """Charge what somebody read by the same rules as any reading, and keep who read it.

    :raises mita.kit.errors.NotFound: if there is no such meter, or not for this caller
    :raises mita.kit.errors.PermissionMissing: if the caller does not read there
    :raises mita.wallets.operations.RightMissing: if the caller's right to the wallet is too little
    :raises mita.rounds.operations.ReadingWindowClosed: if residents do not read now, or did not then
    :raises MeterGone: if the meter was removed
    :raises Invalid: if it cannot be a reading of this meter, or the photo is missing
    :raises mita.charging.operations.StaleLane: if another worker charged meanwhile (roll back and repeat)
    """
    meter = await metering_queries.meter(session, estate_id=estate_id, meter_id=asked.meter_id)
    reader = await reader_of(session, estate_id=estate_id, unit_id=meter.unit_id, caller=caller, now=now)
    if meter.removed_at is not None:
        raise MeterGone(f"meter {meter.serial!r} was removed")
    info = await _register(session, estate_id=estate_id, asked=asked)
    _check_time(asked, reader=reader, now=now)
    await _check_photo(session, estate_id=estate_id, asked=asked, reader=reader, caller=caller)
    outcome = await _charge(session, estate_id=estate_id, info=info, asked=asked, now=now)
    account = await _account(session, estate_id=estate_id, info=info)
    row = await _kept(session, account, estate_id=estate_id, info=info, asked=asked, outcome=outcome, now=now)
    row.is_by_resident, row.person_id, row.read_by = reader.is_resident, caller.person_id, caller.actor
    session.add(row)
    await session.flush()
    await end_reminders(session, estate_id=estate_id, unit_ids=[info.unit_id], now=now)
    balance = await _balance(session, account, estate_id=estate_id, caller=caller)
    return TakenByHand(row, info.meter, info.register, info.utility, balance)


async def _register(session: AsyncSession, *, estate_id: int, asked: HandReading) -> RegisterInfo:
    rows = await metering_queries.registers_of_meter(session, estate_id=estate_id, meter_id=asked.meter_id)
    named = [row for row in rows if asked.register in (None, row.name)]
    if len(named) != 1:
        names = ", ".join(row.name for row in rows)
        raise _invalid("register", f"must be one of {names}")
    info = await metering_queries.register(session, estate_id=estate_id, register_id=named[0].register_id)
    if BASE_UNIT[info.utility] != asked.base_unit:
        raise _invalid("unit", f"must be one of {BASE_UNIT[info.utility]}: the register counts that")
    return info


def _check_time(asked: HandReading, *, reader: Reader, now: datetime) -> None:
    if asked.taken_at > now:
        raise _invalid("taken_at", "lies in the future")
    if to_us(asked.taken_at) // 1_000_000 < TAKEN_SECONDS_MIN:
        raise _invalid("taken_at", "is before 1990")
    reader.require_window(asked.taken_at)
    if reader.since is not None and asked.taken_at < reader.since:
        raise _invalid(
            "taken_at", f"is before the window: residents' readings begin {show_instant(reader.since)}"
        )


async def _check_photo(
    session: AsyncSession, *, estate_id: int, asked: HandReading, reader: Reader, caller: Caller
) -> None:
    if asked.photo_id is not None:
        await check_photo(
            session,
            estate_id=estate_id,
            meter_id=asked.meter_id,
            photo_id=asked.photo_id,
            caller=caller,
            is_resident=reader.is_resident,
        )
    elif reader.needs_photo:
        raise _invalid("photo_id", "is missing: this estate asks residents for a photo of the meter")


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(f"{name} {message}", problems=[{"path": f"body.{name}", "message": message}])


async def _charge(
    session: AsyncSession, *, estate_id: int, info: RegisterInfo, asked: HandReading, now: datetime
) -> Outcome:
    """Charge a batch of one.

    :raises Invalid: if it cannot be a reading
    """
    memory = await charging_queries.new_memory(session, estate_id=estate_id)
    await ledger.ensure_entry_partition(session, period=memory.month_of(now))
    await metering.ensure_reading_partition(session, month=asked.taken_at.date().replace(day=1))
    batch = ReadingBatch(
        key=[info.key],
        taken_s=np.array([to_us(asked.taken_at) // 1_000_000], dtype=np.int64),
        value_micro=np.array([asked.value_micro], dtype=np.int64),
        source=SOURCE,
        received_us=to_us(now),
    )
    outcome = await charging.charge_batch(session, memory=memory, batch=batch, now=now, lock_accounts=True)
    class_, reason = outcome.reading(0)
    if class_ is ReadingClass.REJECTED:
        raise Invalid(reason, problems=[{"path": "body", "message": reason}])
    return outcome


async def _account(session: AsyncSession, *, estate_id: int, info: RegisterInfo) -> AccountInfo:
    (account,) = await wallet_queries.accounts(
        session, estate_id=estate_id, unit_ids=[info.unit_id], utility=info.utility
    )
    return account


async def _kept(
    session: AsyncSession,
    account: AccountInfo,
    *,
    estate_id: int,
    info: RegisterInfo,
    asked: HandReading,
    outcome: Outcome,
    now: datetime,
) -> ManualReading:
    class_, reason = outcome.reading(0)
    seq = None
    if outcome.entries:
        entries = await ledger_queries.entries(
            session, estate_id=estate_id, account_id=account.account_id, limit=_ENTRIES_LOOKED_AT
        )
        key = (int(SourceKind.REGISTER), info.register_id, asked.taken_at)
        own = (row[0] for row in entries if (row[0].source_kind, row[0].source_id, row[0].event_at) == key)
        seq = next((entry.seq for entry in own), None)
    return ManualReading(
        estate_id=estate_id,
        manual_reading_id=new_id(),
        unit_id=info.unit_id,
        meter_id=info.meter_id,
        register_id=info.register_id,
        taken_at=asked.taken_at,
        value_micro=asked.value_micro,
        class_=int(class_),
        reason=reason,
        net_micro=outcome.net_micro,
        tax_micro=outcome.tax_micro,
        account_id=None if seq is None else account.account_id,
        seq=seq,
        photo_id=asked.photo_id,
        note=asked.note,
        created_at=now,
    )


async def _balance(
    session: AsyncSession, account: AccountInfo, *, estate_id: int, caller: Caller
) -> int | None:
    """Return the account's balance for whoever may see the wallet."""
    if not caller.may(Permission.WALLETS_READ, estate_id=estate_id):
        try:
            await require_right(
                session, estate_id=estate_id, wallet_id=account.wallet_id, caller=caller, right=Right.VIEW
            )
        except NotFound:
            return None
    found = await ledger_queries.balances(session, estate_id=estate_id, account_ids=[account.account_id])
    return found[account.account_id]
