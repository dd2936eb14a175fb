"""What entries of a wallet's account were made of: net, tax, and what of the net was for which role."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from mita.charging import queries
from mita.charging.domain.decide import decide_timeline
from mita.charging.models import AccrualEntry, EntryRole, Rerating, TimedCharge
from mita.kit.clock import from_us, to_us
from mita.kit.errors import NotFound
from mita.ledger.domain import EntryKind, SourceKind
from mita.metering import queries as metering_queries
from mita.metering.domain import ReadingClass, Reason
from mita.tariffs.domain import SUPPLY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.queries import StoredEntry

_CHARGED = (ReadingClass.CHARGED, ReadingClass.LATE)


@dataclass(frozen=True, slots=True)
class Split:
    """Net and tax of an entry in micro-money, with its sign; ``net_by_role`` sums to the net."""

    net_micro: int
    tax_micro: int
    net_by_role: Mapping[str, int] = field(default_factory=dict)

    @property
    def reversed(self) -> Split:
        """What gives all of it back."""
        return Split(-self.net_micro, -self.tax_micro, {role: -net for role, net in self.net_by_role.items()})


async def split_entries(session: AsyncSession, *, entries: Sequence[StoredEntry]) -> dict[int, Split]:
    """Return what entries of one account were made of, by seq.

    What has no tax (a top-up, a transfer) is left out; so is the charge of a reading whose past was charged
    again since, where what was booked then is not what it costs now.
    """
    if not entries:
        return {}
    estate_id, account_id = entries[0].estate_id, entries[0].account_id
    seqs = [each.seq for each in entries]
    found = await _timed(session, estate_id=estate_id, account_id=account_id, seqs=seqs)
    found |= await _written(session, estate_id=estate_id, account_id=account_id, seqs=seqs)
    left: dict[int, list[StoredEntry]] = {}
    for each in entries:
        is_reading = each.kind == EntryKind.CHARGE and each.source_kind == SourceKind.REGISTER
        if is_reading and each.seq not in found:
            left.setdefault(each.source_id, []).append(each)
    for register_id, charges in left.items():
        found |= await _charges(session, charges, register_id=register_id)
    amounts = {each.seq: each.amount_micro for each in entries}
    return {seq: split for seq, split in found.items() if split.net_micro + split.tax_micro == amounts[seq]}


async def _timed(
    session: AsyncSession, *, estate_id: int, account_id: int, seqs: Sequence[int]
) -> dict[int, Split]:
    """Return what timed charges booked."""
    statement = select(TimedCharge).where(
        TimedCharge.estate_id == estate_id,
        TimedCharge.account_id == account_id,
        TimedCharge.seq.in_(list(seqs)),
    )
    found = {}
    for row in await session.scalars(statement):
        assert row.seq is not None, "it is one of those asked for"
        net = row.old_net_micro - row.new_net_micro
        found[row.seq] = Split(net, row.old_tax_micro - row.new_tax_micro, {row.role: net})
    return found


async def _written(
    session: AsyncSession, *, estate_id: int, account_id: int, seqs: Sequence[int]
) -> dict[int, Split]:
    """Return what corrections and sums of several charges wrote down."""
    sums: dict[int, tuple[int, int]] = {}
    accrued = select(AccrualEntry).where(
        AccrualEntry.estate_id == estate_id,
        AccrualEntry.account_id == account_id,
        AccrualEntry.seq.in_(list(seqs)),
    )
    for row in await session.scalars(accrued):
        sums[row.seq] = (-row.net_micro, -row.tax_micro)
    corrected = select(Rerating).where(
        Rerating.estate_id == estate_id, Rerating.account_id == account_id, Rerating.seq.in_(list(seqs))
    )
    for again in await session.scalars(corrected):
        assert again.seq is not None, "it is one of those asked for"
        net = again.old_net_micro - again.new_net_micro
        sums[again.seq] = (net, again.old_tax_micro - again.new_tax_micro)
    roles: dict[int, dict[str, int]] = {}
    others = select(EntryRole).where(
        EntryRole.estate_id == estate_id, EntryRole.account_id == account_id, EntryRole.seq.in_(list(sums))
    )
    for part in await session.scalars(others):
        roles.setdefault(part.seq, {})[part.role] = -part.net_micro
    return {seq: _split(net, tax, roles.get(seq, {})) for seq, (net, tax) in sums.items()}


def _split(net_micro: int, tax_micro: int, others: Mapping[str, int]) -> Split:
    """Return a split, given what of the net is for other roles than supply."""
    supply = net_micro - sum(others.values())
    parts = {SUPPLY: supply, **others}
    return Split(net_micro, tax_micro, {role: net for role, net in parts.items() if net})


async def _charges(
    session: AsyncSession, charges: Sequence[StoredEntry], *, register_id: int
) -> dict[int, Split]:
    """Rate a register's timeline again, and return what the charges of its readings are made of."""
    estate_id = charges[0].estate_id
    which = {"estate_id": estate_id, "register_id": register_id}
    try:
        info = await metering_queries.register(session, **which)
    except NotFound:  # not for this caller any more
        return {}
    memory = await queries.new_memory(session, estate_id=estate_id)
    (place,) = await queries.books_of(session, memory, infos=[info])
    book = memory.books[place]
    wanted = {to_us(each.event_at) // 1_000_000: each.seq for each in charges}
    before = await metering_queries.state_before(session, before=from_us(min(wanted) * 1_000_000), **which)
    kept = await queries.kept_runs(session, estate_id=estate_id, anchors={register_id: before.anchor_s})
    rows = [
        row
        for row in await metering_queries.readings_after(session, after_s=before.anchor_s, **which)
        if row[0] <= max(wanted)
    ]
    decided = decide_timeline(
        taken_s=[row[0] for row in rows],
        value_micro=[row[1] for row in rows],
        class_=[row[2] for row in rows],
        reason=[row[3] for row in rows],
        is_rated=[row[2] in _CHARGED and row[3] != Reason.REGISTER_NOT_PRICED for row in rows],
        book=book,
        anchor_s=before.anchor_s,
        value_before_micro=before.value_micro,
        opening=(before.run_quantity_micro, before.run_cost_micro, before.run_rest),
        kept=kept.get(register_id, {}),
    )
    nets, taxes = decided.net_micro.tolist(), decided.tax_micro.tolist()
    by_role = {role: net.tolist() for role, net in decided.net_by_role.items()}
    return {
        wanted[row[0]]: _split(-nets[at], -taxes[at], {role: -net[at] for role, net in by_role.items()})
        for at, row in enumerate(rows)
        if row[0] in wanted
    }
