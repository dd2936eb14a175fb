"""Charges into the ledger: one journal per batch, one entry per charged reading, one per income account."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import insert

from mita.charging import queries
from mita.charging.domain.cadence import Cadence
from mita.charging.domain.codes import TAX_CODE, income_code
from mita.charging.events import ReadingsCharged
from mita.charging.models import Rerating
from mita.charging.operations.accrue import PreparedAccrual, charge_journal
from mita.charging.operations.roles import EntryRoleNet, record_roles
from mita.charging.operations.timed_marks import mark_accounts
from mita.kit.clock import from_us, to_us
from mita.kit.events import publish
from mita.kit.live import hint
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, Lines, SourceKind
from mita.ledger.operations import PreparedJournal
from mita.metering.domain import ReadingClass
from mita.tariffs.domain import local_date
from mita.wallets.operations import moves_of, settle_standings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.decide import Decided, Rows
    from mita.charging.domain.memory import LaneMemory
    from mita.charging.operations.lane import Gate
    from mita.charging.operations.settle import Settled
    from mita.ledger.domain import Chained
    from mita.wallets.queries import AccountInfo


@dataclass(frozen=True, slots=True)
class Bookings:
    """What has to be booked: rows of the fast lane with their decision, and settled registers."""

    rows: Rows
    decided: Decided
    settled: list[Settled]


@dataclass(slots=True)
class Posted:
    """What was booked; quantity by (utility, register), money positive when customers pay."""

    entries: int = 0
    crossings: int = 0
    net_micro: int = 0
    tax_micro: int = 0
    quantity_micro: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Charges:
    """Wallet-side lines before they are sorted into chains; arrays of equal length."""

    register: NDArray[np.int64]  # places
    taken_s: NDArray[np.int64]
    quantity_micro: NDArray[np.int64]
    net_micro: NDArray[np.int64]
    tax_micro: NDArray[np.int64]
    kind: NDArray[np.int64]
    net_by_role: Mapping[str, NDArray[np.int64]]  # what of the net is for other roles than supply


@dataclass(slots=True)
class Draft:
    """A batch's charges as they will be booked, chained to heads that the memory already holds.

    ``crossed`` are the wallets' accounts whose standing changes, with ``balances_micro`` of all touched ones.
    """

    estate_id: int
    posted: Posted
    settled: Sequence[Settled]
    prepared: PreparedJournal | None = None
    accrual: PreparedAccrual | None = None
    crossed: list[AccountInfo] = field(default_factory=list)
    balances_micro: dict[int, int] = field(default_factory=dict)
    unit_ids: tuple[int, ...] = ()
    spent_micro: dict[int, int] = field(default_factory=dict)  # of wallets with a spending limit
    seqs: dict[int, int] = field(default_factory=dict)  # place of a corrected register -> seq of its entry
    roles: list[EntryRoleNet] = field(default_factory=list)  # of the corrections

    async def send(self, session: AsyncSession) -> None:
        """Bring the entries to the server, ahead of their writing."""
        if self.prepared is not None:
            await self.prepared.send(session)

    async def write(self, session: AsyncSession, memory: LaneMemory, *, now: datetime) -> None:
        """Book the charges, settle the standings of the wallets, tell whoever listens.

        :raises mita.ledger.operations.StaleHeads: if a balance moved meanwhile
        """
        if self.prepared is not None or self.accrual is not None:
            if self.prepared is not None:
                await self.prepared.write(session)
                await record_roles(session, estate_id=self.estate_id, nets=self.roles)
            if self.accrual is not None:
                await self.accrual.write(session)
            await self._settle_standings(session, memory, now=now)
            event = ReadingsCharged(self.estate_id, self.unit_ids, self.spent_micro)
            await publish(session, event, now=now)
            await hint(session, estate_id=self.estate_id, topic="units", ids=self.unit_ids)
        await _record_reratings(session, memory, self.settled, seqs=self.seqs, now=now)

    async def _settle_standings(self, session: AsyncSession, memory: LaneMemory, *, now: datetime) -> None:
        if not self.crossed:
            return
        with moves_of(session) as moved:
            crossings = await settle_standings(
                session,
                estate_id=self.estate_id,
                accounts=self.crossed,
                balances_micro=self.balances_micro,
                now=now,
            )
        for crossing in crossings:
            memory.accounts.stand(memory.accounts.place[crossing.account_id], crossing.after)
        # a general account may have covered a utility; the next batch is not prepared before this one ends
        await queries.reload_accounts(session, memory, account_ids=moved)
        self.posted.crossings = len(crossings)


async def draft_charges(
    session: AsyncSession, memory: LaneMemory, *, gate: Gate, bookings: Bookings, source: str, now: datetime
) -> Draft:
    """Chain a batch's charges and corrections to the heads in memory, which move on; write nothing yet."""
    charges = _charges(bookings)
    posted = Posted(net_micro=int(charges.net_micro.sum()), tax_micro=int(charges.tax_micro.sum()))
    for place, quantity in _sums(memory.registers.book[charges.register], charges.quantity_micro).items():
        book = memory.books[place]
        posted.quantity_micro[book.utility, book.register] += quantity
    draft = Draft(memory.estate_id, posted, bookings.settled, spent_micro=_spent(memory, charges))
    if len(charges.register) and memory.cadence is Cadence.EACH:
        await _chain(session, memory, charges, draft, gate=gate, source=source, now=now)
    elif len(charges.register):
        _accrue(memory, charges, draft)
    return draft


def _spent(memory: LaneMemory, charges: _Charges) -> dict[int, int]:
    """Return what wallets with a spending limit pay, by wallet id."""
    account = memory.registers.account[charges.register]
    is_limited = memory.accounts.is_limited[account]
    if not is_limited.any():
        return {}
    places, group = np.unique(account[is_limited], return_inverse=True)
    paid = np.zeros(len(places), dtype=np.int64)
    np.add.at(paid, group, (charges.net_micro + charges.tax_micro)[is_limited])
    found: Counter[int] = Counter()
    for place, amount in zip(places.tolist(), paid.tolist(), strict=True):
        wallet = memory.accounts.wallet[place]
        assert wallet is not None, "only wallets have limits"
        found[wallet.wallet_id] += amount
    return dict(found)


def _accrue(memory: LaneMemory, charges: _Charges, draft: Draft) -> None:
    """Put the sums into the draft and move what the accounts in memory have accrued."""
    draft.accrual = PreparedAccrual(
        memory,
        register=charges.register,
        taken_s=charges.taken_s,
        quantity_micro=charges.quantity_micro,
        net_micro=charges.net_micro,
        tax_micro=charges.tax_micro,
        net_by_role=charges.net_by_role,
    )
    _note_balances(memory, draft, draft.accrual.touched)


def _charges(bookings: Bookings) -> _Charges:
    rows, decided = bookings.rows, bookings.decided
    is_charge = (decided.class_ == int(ReadingClass.CHARGED)) | (decided.class_ == int(ReadingClass.LATE))
    quick = np.flatnonzero(is_charge & (decided.quantity_micro > 0))
    moved = [s for s in bookings.settled if s.old != s.new]

    def column(quick_values: NDArray[np.int64], settled_values: Sequence[int]) -> NDArray[np.int64]:
        if not moved:
            return quick_values
        return np.concatenate([quick_values, np.array(settled_values, dtype=np.int64)])

    return _Charges(
        register=column(rows.register[quick], [s.place for s in moved]),
        taken_s=column(rows.taken_s[quick], [s.since_s for s in moved]),
        quantity_micro=column(
            decided.quantity_micro[quick], [s.new.quantity_micro - s.old.quantity_micro for s in moved]
        ),
        net_micro=column(decided.net_micro[quick], [s.new.net_micro - s.old.net_micro for s in moved]),
        tax_micro=column(decided.tax_micro[quick], [s.new.tax_micro - s.old.tax_micro for s in moved]),
        kind=column(np.full(len(quick), int(EntryKind.CHARGE)), [int(EntryKind.CORRECTION)] * len(moved)),
        net_by_role={
            role: column(
                decided.net_by_role[role][quick]
                if role in decided.net_by_role
                else np.zeros(len(quick), dtype=np.int64),
                [s.new.net_by_role.get(role, 0) - s.old.net_by_role.get(role, 0) for s in moved],
            )
            for role in sorted({*decided.net_by_role, *_roles_of(moved)})
        },
    )


def _roles_of(moved: Iterable[Settled]) -> set[str]:
    return {role for s in moved for role in (*s.old.net_by_role, *s.new.net_by_role)}


def _sums(keys: NDArray[np.int64], values: NDArray[np.int64]) -> dict[int, int]:
    return {int(key): int(values[keys == key].sum()) for key in np.unique(keys)}


async def _chain(
    session: AsyncSession,
    memory: LaneMemory,
    charges: _Charges,
    draft: Draft,
    *,
    gate: Gate,
    source: str,
    now: datetime,
) -> None:
    """Put the journal into the draft and move the heads in memory."""
    income = _income(memory, charges)
    await _ensure_system_accounts(session, memory, gate=gate, codes=[*income, TAX_CODE])
    account = memory.registers.account[charges.register]
    order = np.lexsort((charges.register, charges.taken_s, account))
    lines = _lines(memory, charges, order, account, income=income, now=now)
    journal = charge_journal(memory, memo=source, now=now)
    draft.prepared = PreparedJournal(journal, memory.accounts.heads, lines)
    chained = draft.prepared.chained
    draft.posted.entries = len(lines.account)
    corrected = np.flatnonzero(charges.kind[order] == int(EntryKind.CORRECTION))
    draft.seqs = {int(charges.register[order[i]]): int(chained.seq[i]) for i in corrected.tolist()}
    draft.roles = [
        EntryRoleNet(int(memory.accounts.heads.account_id[account[order[i]]]), int(chained.seq[i]), role, net)
        for role, nets in charges.net_by_role.items()
        for i in corrected.tolist()
        if (net := int(nets[order[i]]))
    ]
    _remember_heads(memory, chained)
    _note_balances(memory, draft, chained.touched)


def _note_balances(memory: LaneMemory, draft: Draft, touched: NDArray[np.int64]) -> None:
    """Tell the draft which wallets moved, their live balances, and whose standing changes."""
    accounts = memory.accounts
    live = accounts.heads.balance_micro[touched] - accounts.heads.accrued_micro[touched]
    places = accounts.crossed(touched, balance_micro=live)
    draft.crossed = [wallet for place in places.tolist() if (wallet := accounts.wallet[place]) is not None]
    ids = accounts.heads.account_id[touched]
    draft.balances_micro = dict(zip(ids.tolist(), live.tolist(), strict=True))
    wallets = (accounts.wallet[place] for place in touched.tolist())
    draft.unit_ids = tuple(wallet.unit_id for wallet in wallets if wallet is not None)


async def _ensure_system_accounts(
    session: AsyncSession, memory: LaneMemory, *, gate: Gate, codes: Sequence[str]
) -> None:
    missing = [code for code in codes if code not in memory.system]
    if not missing:
        return
    await gate.enter()
    ids = await ledger.open_accounts(
        session, estate_id=memory.estate_id, codes=missing, currency=memory.currency
    )
    heads = await ledger_queries.heads(session, estate_id=memory.estate_id, account_ids=list(ids.values()))
    memory.accounts.put(heads, wallets={})
    for code in missing:
        memory.system[code] = memory.accounts.place[ids[code]]


def _lines(
    memory: LaneMemory,
    charges: _Charges,
    order: NDArray[np.int64],
    account: NDArray[np.int64],
    *,
    income: Mapping[str, tuple[int, int]],
    now: datetime,
) -> Lines:
    """Return wallet lines in chain order, then one line per income account and one for tax."""
    system = [
        (memory.system[code], net, quantity, int(EntryKind.INCOME))
        for code, (net, quantity) in income.items()
    ]
    system.append((memory.system[TAX_CODE], int(charges.tax_micro.sum()), 0, int(EntryKind.TAX)))
    system = [line for line in system if line[1] != 0]
    side = np.array(system, dtype=np.int64).reshape(len(system), 4)
    count, extra = len(order), len(system)
    return Lines(
        account=np.concatenate([account[order], side[:, 0]]),
        amount_micro=np.concatenate([-(charges.net_micro + charges.tax_micro)[order], side[:, 1]]),
        quantity_micro=np.concatenate([charges.quantity_micro[order], side[:, 2]]),
        event_us=np.concatenate([charges.taken_s[order] * 1_000_000, np.full(extra, to_us(now))]),
        kind=np.concatenate([charges.kind[order], side[:, 3]]),
        source_kind=np.r_[np.full(count, int(SourceKind.REGISTER)), np.full(extra, int(SourceKind.NONE))],
        source_id=np.concatenate(
            [memory.registers.register_id[charges.register[order]], np.zeros(extra, dtype=np.int64)]
        ),
    )


def _income(memory: LaneMemory, charges: _Charges) -> dict[str, tuple[int, int]]:
    """Return what each income account is paid, and for which quantity, by code; quantities are supply's."""
    utilities = sorted({book.utility for book in memory.books})
    index_of = np.array([utilities.index(book.utility) for book in memory.books])
    utility = index_of[memory.registers.book[charges.register]]
    by_role = {role: _sums(utility, nets) for role, nets in charges.net_by_role.items()}
    net, quantity = _sums(utility, charges.net_micro), _sums(utility, charges.quantity_micro)
    found: dict[str, tuple[int, int]] = {}
    for place in sorted(net):
        others = {role: sums[place] for role, sums in by_role.items()}
        found[income_code(utilities[place])] = (net[place] - sum(others.values()), quantity[place])
        for role, amount in others.items():
            if amount:
                found[income_code(utilities[place], role=role)] = (amount, 0)
    return found


def _remember_heads(memory: LaneMemory, chained: Chained) -> None:
    heads, after = memory.accounts.heads, chained.after
    heads.balance_micro[chained.touched] = after.balance_micro
    heads.seq[chained.touched] = after.seq
    heads.booked_us[chained.touched] = after.booked_us
    heads.period_day[chained.touched] = after.period_day
    for place, head in zip(chained.touched.tolist(), after.hash, strict=True):
        heads.hash[place] = head


async def _record_reratings(
    session: AsyncSession,
    memory: LaneMemory,
    settled: Sequence[Settled],
    *,
    seqs: dict[int, int],
    now: datetime,
) -> None:
    rows = [
        {
            "estate_id": memory.estate_id,
            "register_id": int(memory.registers.register_id[s.place]),
            "account_id": int(memory.accounts.heads.account_id[memory.registers.account[s.place]]),
            "seq": seqs.get(s.place),
            "since": from_us(s.since_s * 1_000_000),
            "cause": s.cause,
            "old_quantity_micro": s.old.quantity_micro,
            "old_net_micro": s.old.net_micro,
            "old_tax_micro": s.old.tax_micro,
            "new_quantity_micro": s.new.quantity_micro,
            "new_net_micro": s.new.net_micro,
            "new_tax_micro": s.new.tax_micro,
            "created_at": now,
        }
        for s in settled
    ]
    if rows:
        await session.execute(insert(Rerating), rows)
        await _mark_timed(session, memory, settled)


async def _mark_timed(session: AsyncSession, memory: LaneMemory, settled: Sequence[Settled]) -> None:
    """Let timed charges that follow from what was used be looked at again."""
    since: dict[int, int] = {}
    for each in settled:
        account_id = int(memory.accounts.heads.account_id[memory.registers.account[each.place]])
        since[account_id] = min(since.get(account_id, each.since_s), each.since_s)
    for account_id, since_s in sorted(since.items()):
        day = local_date(since_s, zone=memory.zone)
        await mark_accounts(session, estate_id=memory.estate_id, account_ids=[account_id], day=day)
