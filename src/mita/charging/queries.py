"""Reads that charging needs: the lane, and what its memory does not hold yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.charging.domain.memory import LaneMemory, RateBook, highest_price_micro
from mita.estates import queries as estate_queries
from mita.kit.zones import zone
from mita.ledger import queries as ledger_queries
from mita.metering import queries as metering_queries
from mita.tariffs import queries as tariff_queries
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.metering.queries import RegisterInfo


async def new_memory(session: AsyncSession, *, estate_id: int) -> LaneMemory:
    """Return an empty memory for an estate.

    :raises mita.kit.errors.NotFound: if this connection may see no such estate
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    return LaneMemory(estate_id=estate_id, currency=estate.currency, zone=zone(estate.time_zone))


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
    wallets = await wallet_queries.accounts(session, estate_id=memory.estate_id, unit_ids=unit_ids)
    by_id = {wallet.account_id: wallet for wallet in wallets}
    heads = await ledger_queries.heads(session, estate_id=memory.estate_id, account_ids=list(by_id))
    memory.accounts.put(heads, wallets=by_id)
    for wallet in wallets:
        memory.account_of[wallet.unit_id, wallet.utility] = memory.accounts.place[wallet.account_id]


async def refresh_accounts(session: AsyncSession, memory: LaneMemory, *, lock: bool) -> None:
    """Read every remembered account again; ``lock`` holds the rows so that the next attempt must succeed."""
    account_ids = list(memory.accounts.place)
    wallets = await wallet_queries.accounts(session, estate_id=memory.estate_id)
    heads = await ledger_queries.heads(
        session, estate_id=memory.estate_id, account_ids=account_ids, lock=lock
    )
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
