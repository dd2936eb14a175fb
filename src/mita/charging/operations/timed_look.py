"""What is looked at for timed charges: accounts, their payers and prices, the parts that may have changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from mita.charging import queries
from mita.charging.domain.payers import Payer, Payers, payers_of
from mita.charging.domain.timed import PriceList, WallClock, begun_parts, touched_parts
from mita.charging.domain.use import RegisterUse, UnitUse, intervals_of
from mita.kit.clock import EPOCH, to_us
from mita.metering import queries as metering_queries
from mita.tariffs import queries as tariff_queries
from mita.tariffs.domain import Scope, in_force, local_date, segments
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory
    from mita.charging.models import TimedChargeState
    from mita.metering.queries import RegisterInfo
    from mita.tariffs.domain import Assignment, PeriodPart, RateTable, Segment
    from mita.wallets.queries import AccountInfo

BEGINNING = date(1971, 1, 1)
_DAY = timedelta(days=1)


@dataclass(slots=True)
class Looked:
    """An account that is looked at, with what it is charged by.

    ``ends`` are the first and the newest second of each of its registers' timelines that is not empty.
    ``parts`` have begun, ``chosen`` of them may have changed; both by the place in ``prices``. ``since`` is
    the local date from which on anything may have changed.
    """

    state: TimedChargeState
    info: AccountInfo
    registers: list[RegisterInfo]
    ends: dict[int, tuple[int, int]]
    assignments: Sequence[Assignment] = ()
    payers: dict[str, Payers] = field(default_factory=dict)
    prices: list[PriceList] = field(default_factory=list)
    parts: list[Sequence[PeriodPart]] = field(default_factory=list)
    chosen: list[Sequence[PeriodPart]] = field(default_factory=list)
    since: date = BEGINNING

    def first_s(self, payer: Payer) -> int | None:
        """Return when a payer was first read, None for never: who was never read owes nothing."""
        name = {Scope.UNIT: "unit_id", Scope.METER: "meter_id", Scope.REGISTER: "register_id"}[payer.scope]
        firsts = (
            self.ends[info.register_id][0]
            for info in self.registers
            if info.register_id in self.ends and getattr(info, name) == payer.target_id
        )
        return min(firsts, default=None)

    def days_since(self, prices: PriceList) -> date:
        """Return from which local date on charges by day may have changed; of what supply decides, any."""
        return BEGINNING if prices.asks_supply else self.since - _DAY

    def ended_use(self, *, clock: WallClock) -> list[PeriodPart]:
        """Return the chosen parts that are over and whose price follows from what was used."""
        return [
            part
            for prices, parts in zip(self.prices, self.chosen, strict=True)
            for part in parts
            if prices.versions[part.version].follows_use
            if clock.has_begun(part.until)
        ]


async def look(
    session: AsyncSession, memory: LaneMemory, *, states: Sequence[TimedChargeState], clock: WallClock
) -> list[Looked]:
    """Return the accounts of these states; the memory learns their rate tables."""
    accounts = await _accounts(session, memory, states)
    known: dict[str, Sequence[Assignment]] = {}
    for utility in sorted({account.info.utility for account in accounts}):
        known[utility] = await tariff_queries.assignments(
            session, estate_id=memory.estate_id, utility=utility
        )
    await _learn_tables(session, memory, known)
    shared = _Shared(memory, clock)
    for account in accounts:
        account.assignments = known[account.info.utility]
        _price(shared, account)
    before = await _anchors(session, memory, accounts=accounts, clock=clock)
    for account in accounts:
        account.since = _since(account, before=before, clock=clock)
        account.chosen = [
            touched_parts(prices, parts, day=account.since, clock=clock)
            for prices, parts in zip(account.prices, account.parts, strict=True)
        ]
    return accounts


async def uses_of(
    session: AsyncSession, memory: LaneMemory, *, accounts: Sequence[Looked], clock: WallClock
) -> dict[int, UnitUse]:
    """Return what was used, by account id; nothing is read where nothing asks for it."""
    since_s: dict[int, int] = {}
    for account in accounts:
        ended = account.ended_use(clock=clock)
        if ended:
            begins_s = clock.midnight_s(min(part.first for part in ended))
            since_s |= {info.register_id: begins_s for info in account.registers}
    # an interval that reaches into the first part begins before it
    anchors = await metering_queries.anchors(session, estate_id=memory.estate_id, at_s=since_s)
    timelines = await metering_queries.timelines(
        session, estate_id=memory.estate_id, since_s=since_s | anchors
    )
    return {
        account.info.account_id: UnitUse(
            [
                _register_use(memory, account, info, timelines[info.register_id])
                for info in account.registers
                if info.register_id in timelines
            ],
            payers=account.payers,
            zone=memory.zone,
        )
        for account in accounts
    }


def _register_use(
    memory: LaneMemory, account: Looked, info: RegisterInfo, timeline: Sequence[tuple[int, int]]
) -> RegisterUse:
    target = queries.target_of(info)
    return RegisterUse(
        target=target,
        name=info.register,
        columns=intervals_of(timeline),
        versions={
            role: in_force(segments(account.assignments, target=target, role=role), tables=memory.tables)
            for role in account.payers
        },
    )


async def _accounts(
    session: AsyncSession, memory: LaneMemory, states: Sequence[TimedChargeState]
) -> list[Looked]:
    estate_id = memory.estate_id
    infos = await wallet_queries.accounts(
        session, estate_id=estate_id, account_ids=[state.account_id for state in states]
    )
    by_id = {info.account_id: info for info in infos}
    registers: dict[tuple[int, str], list[RegisterInfo]] = {}
    unit_ids = sorted({state.unit_id for state in states})
    for each in await metering_queries.registers_of_units(session, estate_id=estate_id, unit_ids=unit_ids):
        registers.setdefault((each.unit_id, each.utility), []).append(each)
    register_ids = [each.register_id for some in registers.values() for each in some]
    ends = await metering_queries.timeline_ends(session, estate_id=estate_id, register_ids=register_ids)
    return [
        Looked(state, by_id[state.account_id], registers.get((state.unit_id, state.utility), []), ends)
        for state in states
    ]


async def _learn_tables(
    session: AsyncSession, memory: LaneMemory, known: dict[str, Sequence[Assignment]]
) -> None:
    wanted = {each.rate_table_id for some in known.values() for each in some} - memory.tables.keys()
    if wanted:
        memory.tables |= await tariff_queries.tables_by_id(
            session, estate_id=memory.estate_id, rate_table_ids=wanted
        )


@dataclass(slots=True)
class _Shared:
    """What many accounts have in common, worked out once: versions by what is listed, and their parts."""

    memory: LaneMemory
    clock: WallClock
    versions: dict[tuple[Segment, ...], tuple[RateTable, ...]] = field(default_factory=dict)
    parts: dict[tuple[tuple[Segment, ...], date], tuple[PeriodPart, ...]] = field(default_factory=dict)

    def prices(self, payer: Payer, role: str, listed: tuple[Segment, ...]) -> PriceList:
        """Return what a payer is charged by."""
        if listed not in self.versions:
            self.versions[listed] = in_force(listed, tables=self.memory.tables)
        return PriceList(payer, role, listed, self.versions[listed])

    def begun(self, prices: PriceList, *, first: date) -> tuple[PeriodPart, ...]:
        """Return the parts that have begun since a payer's first date."""
        key = (prices.listed, first)
        if key not in self.parts:
            self.parts[key] = begun_parts(prices, first=first, clock=self.clock)
        return self.parts[key]


def _price(shared: _Shared, account: Looked) -> None:
    """Find the account's payers, their prices and the parts that have begun."""
    if not account.registers:
        return
    targets = [queries.target_of(info) for info in account.registers]
    for role in sorted({each.role for each in account.assignments}):
        payers = account.payers[role] = payers_of(account.assignments, targets=targets, role=role)
        for payer, listed in payers.listed.items():
            first_s = account.first_s(payer)
            if first_s is None:
                continue
            prices = shared.prices(payer, role, listed)
            account.prices.append(prices)
            first = local_date(first_s, zone=shared.memory.zone)
            account.parts.append(shared.begun(prices, first=first))


async def _anchors(
    session: AsyncSession, memory: LaneMemory, *, accounts: Sequence[Looked], clock: WallClock
) -> dict[int, int]:
    """Return when an interval began that reaches into changed time, by register: all of it may move."""
    at_s = {
        # what changed may be a reading at that very midnight
        info.register_id: clock.midnight_s(account.state.dirty_from) - 1
        for account in accounts
        if account.state.dirty_from is not None and any(prices.needs_use for prices in account.prices)
        for info in account.registers
    }
    if not at_s:
        return {}
    return await metering_queries.anchors(session, estate_id=memory.estate_id, at_s=at_s)


def _since(account: Looked, *, before: dict[int, int], clock: WallClock) -> date:
    state = account.state
    if state.seen_at is None:
        return BEGINNING
    days = [local_date(to_us(state.seen_at) // 1_000_000, zone=clock.zone)]
    if state.dirty_from is not None:
        days.append(state.dirty_from)
        days += [
            local_date(before[info.register_id], zone=clock.zone)
            for info in account.registers
            if info.register_id in before
        ]
    for register_id, after in zip(state.awaited_registers, state.awaited_after, strict=True):
        after_s = to_us(after) // 1_000_000
        if register_id in account.ends and account.ends[register_id][1] > after_s:
            days.append(local_date(after_s, zone=clock.zone) if after > EPOCH else BEGINNING)
    return max(BEGINNING, min(days))
