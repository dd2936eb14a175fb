"""An estate that is nothing but books: accounts by code, and money on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mita.estates import operations as estates
from mita.kit.clock import coming_months
from mita.kit.ids import new_id
from mita.ledger import operations as ledger
from mita.ledger import queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement, Order

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database
    from mita.ledger.operations import Booked

RAND = 1_000_000
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
WALLETS = tuple(f"wallet:{number}:general" for number in range(1, 5))
SYSTEM = ("clearing:cash", "clearing:transfers", "bank", "adjustments", "income:electricity", "tax")


@dataclass
class SmallLedger:
    """Accounts of one estate, by code."""

    database: Database
    estate_id: int
    ids: dict[str, int] = field(default_factory=dict)

    def unit_of_work(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self.database.unit_of_work(estates=[self.estate_id])

    async def open(self, codes: Iterable[str], *, currency: str = "ZAR") -> None:
        async with self.unit_of_work() as session:
            self.ids |= await ledger.open_accounts(
                session, estate_id=self.estate_id, codes=list(codes), currency=currency
            )

    def wallet(self, place: int) -> int:
        return self.ids[WALLETS[place]]

    def movement(self, wallet: int, amount_micro: int, *, key: str = "") -> Movement:
        """A cash receipt to be booked."""
        return Movement(
            kind=JournalKind.TOP_UP,
            lines=[
                Line(self.ids["clearing:cash"], -amount_micro, EntryKind.CLEARING),
                Line(wallet, amount_micro, EntryKind.TOP_UP),
            ],
            actor="staff:ann",
            memo="cash",
            key=key,
            scope="top_up",
            body=[wallet, amount_micro],
        )

    async def book(self, movement: Movement, *, now: datetime = NOW) -> Booked:
        async with self.unit_of_work() as session:
            return await ledger.book(session, estate_id=self.estate_id, movement=movement, now=now)

    async def top_up(self, place: int, amount_micro: int, *, key: str = "", now: datetime = NOW) -> Booked:
        return await self.book(self.movement(self.wallet(place), amount_micro, key=key), now=now)

    async def transfer(
        self, from_id: int, to_id: int, amount_micro: int, *, key: str = "", now: datetime = NOW
    ) -> Booked:
        order = Order(amount_micro, "a gift", key or str(new_id()), "staff:ann")
        async with self.unit_of_work() as session:
            return await ledger.transfer(
                session, estate_id=self.estate_id, from_id=from_id, to_id=to_id, order=order, now=now
            )

    async def reverse(self, account_id: int, seq: int, *, now: datetime = NOW) -> UUID:
        async with self.unit_of_work() as session:
            booked = await ledger.reverse_entry(
                session,
                estate_id=self.estate_id,
                account_id=account_id,
                seq=seq,
                reason="a mistake",
                actor="staff:ann",
                now=now,
            )
            return booked.journal_id

    async def balances(self, codes: Sequence[str] = WALLETS) -> list[int]:
        async with self.unit_of_work() as session:
            found = await queries.balances(
                session, estate_id=self.estate_id, account_ids=[self.ids[code] for code in codes]
            )
        return [found[self.ids[code]] for code in codes]

    async def held(self, account_id: int) -> int:
        async with self.unit_of_work() as session:
            found = await queries.lock_accounts(session, estate_id=self.estate_id, account_ids=[account_id])
            return found[account_id].held_micro

    async def breaks(self) -> list[tuple[str, str]]:
        """Return what the verifiers find, as (verifier, place)."""
        async with self.database.snapshot(estates=[self.estate_id]) as session:
            found = await queries.verify(session, estate_id=self.estate_id)
        return [(broken.verifier, broken.place) for broken in found.breaks]


async def small_ledger(
    database: Database, *, money: int = 0, codes: Sequence[str] = (*WALLETS, *SYSTEM), now: datetime = NOW
) -> SmallLedger:
    """Open an estate's accounts and put ``money`` rand on each wallet."""
    async with database.unit_of_work(estates=[]) as session:
        estate = await estates.create_estate(
            session,
            name=f"Books {new_id()}",
            currency="ZAR",
            time_zone="Africa/Johannesburg",
            seen=[],
            now=now,
        )
    # ahead of time, as the worker does: who makes a month's partition holds up everybody for a moment
    for month in coming_months(now=now):
        async with database.unit_of_work(estates=[]) as session:
            await ledger.ensure_entry_partition(session, period=month)
    books = SmallLedger(database, estate.estate_id)
    await books.open(codes)
    if money:
        for place in range(len(WALLETS)):
            await books.top_up(place, money * RAND, now=now)
    return books
