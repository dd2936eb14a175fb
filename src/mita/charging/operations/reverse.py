"""One entry is reversed; what a charge of a batch gave to income and tax is rated again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.charging import queries
from mita.charging.domain.codes import TAX_CODE, income_code
from mita.charging.domain.decide import decide_timeline
from mita.kit.clock import to_us
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, SourceKind
from mita.ledger.operations import Booked, Counter, NotReversible
from mita.metering import queries as metering_queries
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.queries import StoredEntry


async def reverse(
    session: AsyncSession,
    *,
    estate_id: int,
    account_id: int,
    seq: int,
    reason: str,
    actor: str,
    now: datetime,
) -> Booked:
    """Mirror one entry, at most once; the reading of a reversed charge stays as it is.

    :raises mita.kit.errors.NotFound: if the account has no such entry
    :raises mita.ledger.operations.AlreadyReversed: if it was reversed before
    :raises mita.ledger.operations.NotReversible: if it is itself a reversal, or the other side of a batch
    """
    entry = await ledger_queries.entry(session, estate_id=estate_id, account_id=account_id, seq=seq)
    counters: list[Counter] = []
    if entry.kind in (EntryKind.CHARGE, EntryKind.CORRECTION) and entry.source_kind == SourceKind.REGISTER:
        counters = await _counters(session, entry)
    else:
        counters = await _timed_counters(session, entry)
    return await ledger.reverse_entry(
        session,
        estate_id=estate_id,
        account_id=account_id,
        seq=seq,
        reason=reason,
        actor=actor,
        now=now,
        counters=counters,
    )


async def _timed_counters(session: AsyncSession, entry: StoredEntry) -> list[Counter]:
    """Return where a timed charge went to, nothing for an entry of anything else."""
    timed = await queries.timed_charge_of(session, entry=entry)
    if timed is None:
        return []
    of_account = await wallet_queries.accounts(
        session, estate_id=entry.estate_id, account_ids=[entry.account_id]
    )
    codes = {
        income_code(of_account[0].utility, role=timed.role): timed.old_net_micro - timed.new_net_micro,
        TAX_CODE: timed.old_tax_micro - timed.new_tax_micro,
    }
    return await _to_accounts(session, entry, codes=codes)


async def _counters(session: AsyncSession, entry: StoredEntry) -> list[Counter]:
    info = await metering_queries.register(session, estate_id=entry.estate_id, register_id=entry.source_id)
    net_micro, tax_micro, by_role = await _parts(session, entry, key=info.key)
    if net_micro + tax_micro != -entry.amount_micro:
        raise NotReversible("the register's past was charged again since; reverse its correction, or adjust")
    codes = {income_code(info.utility): sum(by_role.values()) - net_micro, TAX_CODE: -tax_micro}
    codes |= {income_code(info.utility, role=role): -net for role, net in by_role.items()}
    return await _to_accounts(session, entry, codes=codes)


async def _to_accounts(session: AsyncSession, entry: StoredEntry, *, codes: dict[str, int]) -> list[Counter]:
    accounts = await ledger_queries.account_codes(session, estate_id=entry.estate_id, codes=list(codes))
    return [Counter(accounts[code].account_id, amount) for code, amount in codes.items() if amount != 0]


async def _parts(
    session: AsyncSession, entry: StoredEntry, *, key: tuple[str, str, str]
) -> tuple[int, int, dict[str, int]]:
    """Return net, tax, and what of the net is for other roles than supply; positive: the customer paid."""
    if entry.kind == EntryKind.CORRECTION:
        return *await queries.corrected(session, entry=entry), await queries.roles_of(session, entry=entry)
    accrued = await queries.accrued(session, entry=entry)
    if accrued is not None:
        return *accrued, await queries.roles_of(session, entry=entry)
    memory = await queries.new_memory(session, estate_id=entry.estate_id)
    await queries.load_registers(session, memory, keys=[key])
    book = memory.books[int(memory.registers.book[memory.registers.place[key]])]
    before = await metering_queries.state_before(
        session, estate_id=entry.estate_id, register_id=entry.source_id, before=entry.event_at
    )
    anchors = {entry.source_id: before.anchor_s}
    kept = await queries.kept_runs(session, estate_id=entry.estate_id, anchors=anchors)
    reading = await metering_queries.reading(
        session, estate_id=entry.estate_id, register_id=entry.source_id, taken_at=entry.event_at
    )
    decided = decide_timeline(
        taken_s=[to_us(entry.event_at) // 1_000_000],
        value_micro=[reading.value_micro],
        class_=[reading.class_],
        reason=[reading.reason],
        is_rated=[True],
        book=book,
        anchor_s=before.anchor_s,
        value_before_micro=before.value_micro,
        opening=(before.run_quantity_micro, before.run_cost_micro, before.run_rest),
        kept=kept.get(entry.source_id, {}),
    )
    by_role = {role: int(net[0]) for role, net in decided.net_by_role.items() if net[0]}
    return int(decided.net_micro[0]), int(decided.tax_micro[0]), by_role
