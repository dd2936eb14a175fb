"""Charges of an estate that posts hourly or daily: summed up per register, live in the balance at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.charging import queries
from mita.charging.domain.cadence import Cadence, is_due
from mita.charging.domain.codes import TAX_CODE, income_code
from mita.charging.models import Accrual, AccrualRole, ChargingRule
from mita.charging.operations.lane import Alone, Gate
from mita.charging.operations.roles import EntryRoleNet, record_roles
from mita.estates import queries as estate_queries
from mita.kit.bulk import Insertion
from mita.kit.clock import to_us
from mita.kit.columns import Column, pg_array
from mita.kit.db import driver_connection
from mita.kit.ids import new_id
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, JournalDraft, JournalKind, Lines, SourceKind
from mita.ledger.operations import PreparedJournal
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from numpy.typing import NDArray
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory
    from mita.ledger.domain import Chained

_ADD = """
    INSERT INTO accrual AS a (
        estate_id, register_id, account_id, quantity_micro, net_micro, tax_micro, charges, since, until
    )
    SELECT %s, n.* FROM unnest(%b, %b, %b, %b, %b, %b, %b, %b) AS n
    ON CONFLICT (estate_id, register_id) DO UPDATE SET
        quantity_micro = a.quantity_micro + excluded.quantity_micro,
        net_micro = a.net_micro + excluded.net_micro,
        tax_micro = a.tax_micro + excluded.tax_micro,
        charges = a.charges + excluded.charges,
        since = least(a.since, excluded.since),
        until = greatest(a.until, excluded.until)
"""

_ADD_ROLE = """
    INSERT INTO accrual_role AS a (estate_id, register_id, role, net_micro)
    SELECT %s, n.register_id, %s, n.net_micro FROM unnest(%b, %b) AS n (register_id, net_micro)
    ON CONFLICT (estate_id, register_id, role) DO UPDATE SET net_micro = a.net_micro + excluded.net_micro
"""


def charge_journal(memory: LaneMemory, *, memo: str, now: datetime) -> JournalDraft:
    """Return the journal of charges that are booked now."""
    return JournalDraft(
        journal_id=new_id(),
        estate_id=memory.estate_id,
        kind=JournalKind.CHARGE,
        currency=memory.currency,
        actor="system:charging",
        memo=memo,
        idempotency_key="",
        booked_at=now,
        period=memory.month_of(now),
    )


class PreparedAccrual:
    """A batch's charges summed up per register; the memory's balances already know them."""

    def __init__(
        self,
        memory: LaneMemory,
        *,
        register: NDArray[np.int64],
        taken_s: NDArray[np.int64],
        quantity_micro: NDArray[np.int64],
        net_micro: NDArray[np.int64],
        tax_micro: NDArray[np.int64],
        net_by_role: Mapping[str, NDArray[np.int64]],
    ) -> None:
        """Sum up charges; ``register`` are places in the memory, all arrays of one length.

        ``net_by_role`` is what of the net is for other roles than supply.
        """
        heads = memory.accounts.heads
        self._estate_id = memory.estate_id
        places, group = np.unique(register, return_inverse=True)
        account = memory.registers.account[places]

        def summed(values: NDArray[np.int64]) -> NDArray[np.int64]:
            total = np.zeros(len(places), dtype=np.int64)
            np.add.at(total, group, values)
            return total

        quantity, net, tax = summed(quantity_micro), summed(net_micro), summed(tax_micro)
        since, until = np.full(len(places), 2**62), np.full(len(places), -(2**62))
        np.minimum.at(since, group, taken_s)
        np.maximum.at(until, group, taken_s)
        by_id = np.argsort(memory.registers.register_id[places])
        self._columns = [
            Column("register_id", "bigint", memory.registers.register_id[places][by_id]),
            Column("account_id", "bigint", heads.account_id[account][by_id]),
            Column("quantity_micro", "bigint", quantity[by_id]),
            Column("net_micro", "bigint", net[by_id]),
            Column("tax_micro", "bigint", tax[by_id]),
            Column("charges", "integer", np.bincount(group, minlength=len(places))[by_id]),
            Column("since", "timestamptz", since[by_id] * 1_000_000),
            Column("until", "timestamptz", until[by_id] * 1_000_000),
        ]
        self._by_role = {role: summed(nets)[by_id] for role, nets in net_by_role.items()}
        self.touched, by_account = np.unique(account, return_inverse=True)
        self._amount = np.zeros(len(self.touched), dtype=np.int64)
        np.add.at(self._amount, by_account, net + tax)
        self._account_id = heads.account_id[self.touched]
        self._expected_seq = heads.seq[self.touched].copy()
        heads.accrued_micro[self.touched] += self._amount

    async def write(self, session: AsyncSession) -> None:
        """Write the sums and move what the accounts have accrued.

        :raises mita.ledger.operations.StaleHeads: if an account has moved meanwhile (roll back, load, repeat)
        """
        connection = await driver_connection(session)
        arrays = [pg_array(column.kind, column.values) for column in self._columns]
        await connection.execute(_ADD, (self._estate_id, *arrays))
        for role, net in self._by_role.items():
            moved = np.flatnonzero(net)
            sums = [pg_array("bigint", values[moved]) for values in (self._columns[0].values, net)]
            await connection.execute(_ADD_ROLE, (self._estate_id, role, *sums))
        await ledger.accrue(
            session,
            estate_id=self._estate_id,
            account_id=self._account_id,
            expected_seq=self._expected_seq,
            amount_micro=self._amount,
        )


async def set_cadence(session: AsyncSession, *, estate_id: int, cadence: Cadence, now: datetime) -> None:
    """Set how often an estate's charges are posted; what has accrued so far is posted at once.

    Posting holds the lane and moves it, so every worker reads the cadence again.
    """
    values = {"cadence": cadence.value, "booked_until": now, "updated_at": now}
    statement = pg_insert(ChargingRule).values(estate_id=estate_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["estate_id"], set_=values))
    await post_accruals(session, estate_id=estate_id, now=now)


async def post_due_accruals(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Post what has accrued if the estate's hour or day is over; return how many entries that made."""
    rule = await queries.charging_rule(session, estate_id=estate_id)
    if rule is None:
        return 0
    local = await estate_queries.time_zone(session, estate_id=estate_id)
    if not is_due(Cadence(rule.cadence), booked_until=rule.booked_until, now=now, local=local):
        return 0
    return await post_accruals(session, estate_id=estate_id, now=now)


async def post_accruals(session: AsyncSession, *, estate_id: int, now: datetime) -> int:
    """Make one entry per register of what has accrued, in one journal; live balances stay what they are."""
    memory = await queries.new_memory(session, estate_id=estate_id)
    await Gate(session, memory, Alone()).enter(patiently=True)
    statement = select(Accrual).where(Accrual.estate_id == estate_id).order_by(Accrual.register_id)
    rows = (await session.scalars(statement)).all()
    await session.execute(
        update(ChargingRule).where(ChargingRule.estate_id == estate_id).values(booked_until=now)
    )
    if not rows:
        return 0
    roles = await _roles(session, estate_id=estate_id)
    chained = await _book(session, memory, rows, roles=roles, now=now)
    seqs = chained.seq[: len(rows)]
    await _explain(session, rows, seqs=seqs)
    await record_roles(
        session,
        estate_id=estate_id,
        nets=[
            EntryRoleNet(row.account_id, seq, role, net)
            for row, seq in zip(rows, seqs.tolist(), strict=True)
            for role, net in roles.get(row.register_id, {}).items()
        ],
    )
    account = np.array([row.account_id for row in rows])
    amount = np.array([row.net_micro + row.tax_micro for row in rows])
    touched, by_account = np.unique(account, return_inverse=True)
    gone = np.zeros(len(touched), dtype=np.int64)
    np.subtract.at(gone, by_account, amount)
    heads = await ledger_queries.heads(session, estate_id=estate_id, account_ids=touched.tolist())
    await ledger.accrue(
        session, estate_id=estate_id, account_id=touched, expected_seq=heads.seq, amount_micro=gone
    )
    await session.execute(delete(Accrual).where(Accrual.estate_id == estate_id))
    await session.execute(delete(AccrualRole).where(AccrualRole.estate_id == estate_id))
    return len(rows)


async def _roles(session: AsyncSession, *, estate_id: int) -> dict[int, dict[str, int]]:
    """Return what has accrued for other roles than supply, by register and role."""
    statement = select(AccrualRole).where(AccrualRole.estate_id == estate_id, AccrualRole.net_micro != 0)
    found: dict[int, dict[str, int]] = {}
    for row in await session.scalars(statement.order_by(AccrualRole.register_id, AccrualRole.role)):
        found.setdefault(row.register_id, {})[row.role] = row.net_micro
    return found


async def _book(
    session: AsyncSession,
    memory: LaneMemory,
    rows: Sequence[Accrual],
    *,
    roles: Mapping[int, Mapping[str, int]],
    now: datetime,
) -> Chained:
    """Book one line per register in the order of ``rows``, then income and tax."""
    account_ids = [row.account_id for row in rows]
    wallets = await wallet_queries.accounts(session, estate_id=memory.estate_id, account_ids=account_ids)
    utility_of = {wallet.account_id: wallet.utility for wallet in wallets}
    sides: dict[str, list[int]] = {}
    for row in rows:
        utility, others = utility_of[row.account_id], roles.get(row.register_id, {})
        for code, amount, quantity in (
            (income_code(utility), row.net_micro - sum(others.values()), row.quantity_micro),
            *((income_code(utility, role=role), net, 0) for role, net in others.items()),
            (TAX_CODE, row.tax_micro, 0),
        ):
            side = sides.setdefault(code, [0, 0])
            side[0] += amount
            side[1] += quantity
    kept = {code: side for code, side in sorted(sides.items()) if side[0] != 0}
    system = await ledger.open_accounts(
        session, estate_id=memory.estate_id, codes=list(kept), currency=memory.currency
    )
    heads = await ledger_queries.heads(
        session, estate_id=memory.estate_id, account_ids=[*account_ids, *system.values()]
    )
    place = {account_id: index for index, account_id in enumerate(heads.account_id.tolist())}
    system_kind = [EntryKind.TAX if code == TAX_CODE else EntryKind.INCOME for code in kept]
    lines = Lines(
        account=np.array([place[a] for a in [*account_ids, *(system[code] for code in kept)]]),
        amount_micro=np.array(
            [*(-(row.net_micro + row.tax_micro) for row in rows), *(side[0] for side in kept.values())]
        ),
        quantity_micro=np.array(
            [*(row.quantity_micro for row in rows), *(side[1] for side in kept.values())]
        ),
        event_us=np.array([*(to_us(row.until) for row in rows), *[to_us(now)] * len(kept)]),
        kind=np.array([*[EntryKind.CHARGE] * len(rows), *system_kind], dtype=np.int64),
        source_kind=np.array(
            [*[SourceKind.REGISTER] * len(rows), *[SourceKind.NONE] * len(kept)], dtype=np.int64
        ),
        source_id=np.array([*(row.register_id for row in rows), *[0] * len(kept)]),
    )
    journal = charge_journal(memory, memo=memory.cadence.value, now=now)
    await ledger.ensure_entry_partition(session, period=journal.period)
    prepared = PreparedJournal(journal, heads, lines)
    await prepared.write(session)
    return prepared.chained


async def _explain(session: AsyncSession, rows: Sequence[Accrual], *, seqs: NDArray[np.int64]) -> None:
    """Keep what each entry was made of."""
    connection = await driver_connection(session)
    names = ("account_id", "register_id", "quantity_micro", "net_micro", "tax_micro")
    columns = [Column(name, "bigint", np.array([getattr(row, name) for row in rows])) for name in names]
    columns += [
        Column("seq", "bigint", seqs),
        Column("charges", "integer", np.array([row.charges for row in rows])),
        Column("since", "timestamptz", np.array([to_us(row.since) for row in rows])),
        Column("until", "timestamptz", np.array([to_us(row.until) for row in rows])),
    ]
    constants = {"estate_id": rows[0].estate_id}
    await Insertion(connection, table="accrual_entry", columns=columns, constants=constants).finish()
