"""Reads that charging needs: the lane, and what its memory does not hold yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from mita.charging.domain.cadence import Cadence
from mita.charging.domain.memory import LaneMemory, RateBook, highest_price_micro
from mita.charging.models import Accrual, AccrualEntry, ChargingRule, Rerating
from mita.estates import queries as estate_queries
from mita.kit.errors import NotFound
from mita.kit.zones import zone
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import Break
from mita.metering import queries as metering_queries
from mita.tariffs import queries as tariff_queries
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.queries import StoredEntry
    from mita.metering.queries import RegisterInfo


async def new_memory(session: AsyncSession, *, estate_id: int) -> LaneMemory:
    """Return an empty memory for an estate.

    :raises mita.kit.errors.NotFound: if this connection may see no such estate
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return LaneMemory(
        estate_id=estate_id,
        currency=estate.currency,
        zone=zone(estate.time_zone),
        cadence=await cadence(session, estate_id=estate_id),
        first_open=await ledger_queries.first_open_period(session, estate_id=estate_id),
    )


async def cadence(session: AsyncSession, *, estate_id: int) -> Cadence:
    """Return how often an estate's charges are posted."""
    found = await charging_rule(session, estate_id=estate_id)
    return Cadence.EACH if found is None else Cadence(found.cadence)


async def charging_rule(session: AsyncSession, *, estate_id: int) -> ChargingRule | None:
    """Return an estate's cadence and when its accruals were last posted, None if it never set one."""
    return await session.get(ChargingRule, estate_id, populate_existing=True)


async def load_registers(
    session: AsyncSession, memory: LaneMemory, *, keys: Iterable[tuple[str, str, str]]
) -> None:
    """Bring the registers of ``keys``, their accounts and prices into memory; unknown keys stay unknown."""
    serials = sorted({meter for meter, _, _ in keys})
    found = await metering_queries.registers_of_meters(session, estate_id=memory.estate_id, serials=serials)
    infos = [info for info in found if info.key not in memory.registers.place]
    if not infos:
        return
    states = await metering_queries.register_states(
        session, estate_id=memory.estate_id, register_ids=[info.register_id for info in infos]
    )
    await _load_accounts(session, memory, unit_ids=sorted({info.unit_id for info in infos}))
    books = [await _book(session, memory, info) for info in infos]
    highest = {place: highest_price_micro(memory.books[place].versions) for place in set(books)}
    memory.registers.add(
        infos,
        states=states,
        accounts=[memory.account_of[info.unit_id, info.utility] for info in infos],
        books=books,
        caps=[memory.books[place].rise_cap_micro(highest_price_micro=highest[place]) for place in books],
    )


async def _load_accounts(session: AsyncSession, memory: LaneMemory, *, unit_ids: Sequence[int]) -> None:
    # nothing is charged to a general account
    wallets = await wallet_queries.accounts(
        session, estate_id=memory.estate_id, unit_ids=unit_ids, with_general=False
    )
    by_id = {wallet.account_id: wallet for wallet in wallets}
    heads = await ledger_queries.heads(session, estate_id=memory.estate_id, account_ids=list(by_id))
    memory.accounts.put(heads, wallets=by_id)
    for wallet in wallets:
        memory.account_of[wallet.unit_id, wallet.utility] = memory.accounts.place[wallet.account_id]


async def refresh_accounts(session: AsyncSession, memory: LaneMemory, *, lock: bool) -> None:
    """Read every remembered account again; ``lock`` holds the rows so that the next attempt must succeed."""
    account_ids = list(memory.accounts.place)
    wallets = await wallet_queries.accounts(session, estate_id=memory.estate_id, with_general=False)
    heads = await ledger_queries.heads(
        session, estate_id=memory.estate_id, account_ids=account_ids, lock=lock
    )
    memory.accounts.put(heads, wallets={wallet.account_id: wallet for wallet in wallets})


async def reload_accounts(session: AsyncSession, memory: LaneMemory, *, account_ids: Iterable[int]) -> None:
    """Read accounts again that moved in this transaction; those that are not remembered stay so."""
    known = sorted(account_id for account_id in set(account_ids) if account_id in memory.accounts.place)
    if not known:
        return
    wallets = await wallet_queries.accounts(session, estate_id=memory.estate_id, account_ids=known)
    heads = await ledger_queries.heads(session, estate_id=memory.estate_id, account_ids=known)
    memory.accounts.put(heads, wallets={wallet.account_id: wallet for wallet in wallets})


async def _book(session: AsyncSession, memory: LaneMemory, info: RegisterInfo) -> int:
    for place, book in enumerate(memory.books):
        if (book.utility, book.register) == (info.utility, info.register):
            return place
    versions = await tariff_queries.versions_in_force(
        session, estate_id=memory.estate_id, utility=info.utility
    )
    memory.books.append(RateBook(info.utility, info.register, versions, memory.zone))
    return len(memory.books) - 1


async def accrued(session: AsyncSession, *, entry: StoredEntry) -> tuple[int, int] | None:
    """Return net and tax of an entry of several charges, in micro-money; None if it is of one."""
    found = await session.get(AccrualEntry, (entry.estate_id, entry.account_id, entry.seq))
    return None if found is None else (found.net_micro, found.tax_micro)


async def corrected(session: AsyncSession, *, entry: StoredEntry) -> tuple[int, int]:
    """Return the difference in net and tax that a correction booked, in micro-money.

    :raises NotFound: if no rerating booked that entry
    """
    statement = select(Rerating).where(
        Rerating.estate_id == entry.estate_id,
        Rerating.account_id == entry.account_id,
        Rerating.seq == entry.seq,
    )
    found = await session.scalar(statement)
    if found is None:
        raise NotFound(f"no rerating booked entry {entry.seq} of account {entry.account_id}")
    return found.new_net_micro - found.old_net_micro, found.new_tax_micro - found.old_tax_micro


async def accrual_breaks(session: AsyncSession, *, estate_id: int) -> list[Break]:
    """Return the accounts whose accrued money is not the sum of what their registers have accrued."""
    accrued = await ledger_queries.accrued(session, estate_id=estate_id)
    statement = (
        select(Accrual.account_id, func.sum(Accrual.net_micro + Accrual.tax_micro))
        .where(Accrual.estate_id == estate_id)
        .group_by(Accrual.account_id)
    )
    sums = {account_id: int(total) for account_id, total in (await session.execute(statement)).all()}
    return [
        Break(
            "identities",
            f"account {account_id}",
            f"{accrued.get(account_id, 0)} has accrued, its registers sum to {sums.get(account_id, 0)}",
        )
        for account_id in sorted({*accrued, *sums})
        if accrued.get(account_id, 0) != sums.get(account_id, 0)
    ]
