"""Single transfers beside a plain rival, charges in batches, verification, checkpoints, in one run."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mita.entrypoints.api.problems import CONTENTION
from mita.entrypoints.bench.charge import charge_all, live_batches, new_estate
from mita.entrypoints.bench.rival import open_rival, rival_transfer
from mita.entrypoints.checkpoints import SettingsNotary
from mita.entrypoints.lane import Lane
from mita.estates import operations as estates
from mita.estates import queries as estate_queries
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.kit.desk import Desk
from mita.kit.settings import Settings
from mita.ledger import operations as ledger
from mita.ledger import queries
from mita.ledger.domain import CheckpointKind, EntryKind, JournalKind
from mita.ledger.operations import Booked, Line, Movement, Order
from mita.wallets import queries as wallet_queries
from mita.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

CLIENTS = (1, 8, 32)
WARMTHS = ("hot", "cold")
ROUNDS = 3
METERS = 5_000  # two accounts each: ten thousand to sign
_READINGS_ROUNDS = 40
_BATCH = 10_000
_BALANCE_MICRO = 10**12
_LINES = 1_000


@dataclass
class Run:
    """What was measured: transfers per second by (path, warmth, clients), one number for each round.

    The paths are the ledger alone, its yardstick, and the ledger between residents' wallets, where standings,
    targets, spend limits and live hints follow in the same transaction.
    """

    transfers_per_s: dict[tuple[str, str, int], list[float]] = field(default_factory=dict)
    charges_per_s: float = 0.0
    verify_per_s: list[float] = field(default_factory=list)
    checkpoint_ms: list[float] = field(default_factory=list)
    accounts: int = 0
    entries: int = 0


@dataclass(frozen=True, slots=True)
class _Books:
    database: Database
    desk: Desk
    estate_id: int
    account_ids: Sequence[int]
    keys: count[int] = field(default_factory=count)


async def run(url: str, *, seconds: float, tell: Callable[[str], None]) -> Run:
    """Measure everything once on one estate, transfers in rounds; ``seconds`` for each cell of a round."""
    found = Run()
    database = Database(url, pool_size=max(CLIENTS))
    try:
        books = await _ledger_alone(database, url)
        for number in range(ROUNDS):
            tell(f"Transfers, {number + 1} of {ROUNDS}…")
            await _transfers(books, found, paths=("ledger", "yardstick"), seconds=seconds)
        wire()
        tell("Charging…")
        estate_id, serials = await new_estate(database, name="Bench", meters=METERS)
        found.charges_per_s = await _charges(database, estate_id, serials)
        books = await _funded(database, estate_id)
        for number in range(ROUNDS):
            tell(f"Transfers between wallets, {number + 1} of {ROUNDS}…")
            await _transfers(books, found, paths=("wallets",), seconds=seconds)
        tell("Verifying…")
        await _verify(database, estate_id, found)
        tell("Signing checkpoints…")
        await _checkpoints(database, estate_id, found)
    finally:
        await database.close()
    return found


async def _ledger_alone(database: Database, url: str) -> _Books:
    """Open accounts that nobody follows, with the floors of wallets, and the same ones for the rival."""
    now = now_utc()
    async with database.unit_of_work(estates=[]) as session:
        seen = await estate_queries.platform_estate_ids(session)
        estate = await estates.create_estate(
            session, name="Ledger", currency="ZAR", time_zone="Africa/Johannesburg", seen=seen, now=now
        )
        await ledger.ensure_entry_partition(session, period=now.date().replace(day=1))
    async with database.unit_of_work(estates=[estate.estate_id]) as session:
        codes = [f"wallet:{number}:general" for number in range(METERS)]
        ids = await ledger.open_accounts(session, estate_id=estate.estate_id, codes=codes, currency="ZAR")
    books = _Books(database, Desk(database, contention=CONTENTION), estate.estate_id, sorted(ids.values()))
    await _fund(books)
    owner_url = url.replace("mita_app@", "postgres@")
    await open_rival(owner_url, account_ids=list(books.account_ids), balance_micro=_BALANCE_MICRO)
    return books


async def _charges(database: Database, estate_id: int, serials: list[str]) -> float:
    readings = METERS * _READINGS_ROUNDS
    lane = Lane(database, estate_id=estate_id)
    start_s = int(now_utc().timestamp()) // 1_800 * 1_800 - 60 * 86_400
    for one in live_batches(serials, start_s=start_s, first_round=0, readings=METERS, batch=_BATCH):
        await lane.charge(one, now=now_utc())
    rows = list(live_batches(serials, start_s=start_s, first_round=1, readings=readings, batch=_BATCH))
    seconds, _ = await charge_all(lane, rows)
    return readings / seconds


async def _funded(database: Database, estate_id: int) -> _Books:
    """Put money on every wallet's electricity account."""
    async with database.unit_of_work(estates=[estate_id]) as session:
        accounts = await wallet_queries.accounts(session, estate_id=estate_id, utility="electricity")
    books = _Books(
        database,
        Desk(database, contention=CONTENTION),
        estate_id,
        [account.account_id for account in accounts],
    )
    await _fund(books)
    return books


async def _fund(books: _Books) -> None:
    """Put the same money on each account."""
    for first in range(0, len(books.account_ids), _LINES):
        some = books.account_ids[first : first + _LINES]
        async with books.database.unit_of_work(estates=[books.estate_id]) as session:
            clearing = await ledger.open_accounts(
                session, estate_id=books.estate_id, codes=["clearing:eft"], currency="ZAR"
            )
            lines = [Line(each, _BALANCE_MICRO, EntryKind.TOP_UP) for each in some]
            lines.append(Line(clearing["clearing:eft"], -_BALANCE_MICRO * len(some), EntryKind.CLEARING))
            movement = Movement(JournalKind.TOP_UP, lines, "bench", "")
            await ledger.book(session, estate_id=books.estate_id, movement=movement, now=now_utc())


async def _transfers(books: _Books, found: Run, *, paths: Sequence[str], seconds: float) -> None:
    """Measure each cell, the paths one right after the other."""
    for warmth in WARMTHS:
        for clients in CLIENTS:
            for path in paths:
                rate = await _rate(books, path, warmth, clients, seconds=seconds)
                found.transfers_per_s.setdefault((path, warmth, clients), []).append(rate)


async def _rate(books: _Books, path: str, warmth: str, clients: int, *, seconds: float) -> float:
    """Let clients move money, each after its last move is durable; return moves per second."""
    done = 0
    began = time.perf_counter()

    async def client(number: int) -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            from_id, to_id = _sides(books, warmth, number, next(books.keys))
            await _move(books, path, from_id, to_id)
            done += 1

    await asyncio.gather(*(client(number) for number in range(clients)))
    return done / (time.perf_counter() - began)


def _sides(books: _Books, warmth: str, client: int, number: int) -> tuple[int, int]:
    """Return who gives and who gets: everybody's account and another, or two of this client alone."""
    ids = books.account_ids
    own = len(ids) // max(CLIENTS)
    place = client * own + 1 + 2 * (number % ((own - 2) // 2))
    other = ids[0] if warmth == "hot" else ids[place + 1]
    return (ids[place], other) if number % 2 else (other, ids[place])


async def _move(books: _Books, path: str, from_id: int, to_id: int) -> None:
    key, now = f"bench-{next(books.keys)}", now_utc()
    if path == "yardstick":
        await rival_transfer(
            books.database, estate_id=books.estate_id, from_id=from_id, to_id=to_id, key=key, now=now
        )
        return

    async def work(session: AsyncSession) -> Booked:
        return await ledger.transfer(
            session,
            estate_id=books.estate_id,
            from_id=from_id,
            to_id=to_id,
            order=Order(1, "bench", key, "bench"),
            now=now,
        )

    await books.desk.run(books.estate_id, work)


async def _verify(database: Database, estate_id: int, found: Run) -> None:
    for _ in range(ROUNDS):
        began = time.perf_counter()
        # as `mita verify` does it: two connections see the same instant
        async with (
            database.snapshot(estates=[estate_id]) as session,
            database.snapshot(estates=[estate_id], beside=session) as beside,
        ):
            verified = await queries.verify(session, estate_id=estate_id, beside=beside)
        found.verify_per_s.append(verified.entries / (time.perf_counter() - began))
        found.accounts, found.entries = verified.accounts, verified.entries
        assert verified.is_verified, verified.breaks


async def _checkpoints(database: Database, estate_id: int, found: Run) -> None:
    with TemporaryDirectory() as directory:
        notary = SettingsNotary(Settings(data=Path(directory)))
        for _ in range(ROUNDS):
            began = time.perf_counter()
            await ledger.take_checkpoint(
                database,
                estate_id=estate_id,
                kind=CheckpointKind.MANUAL,
                period=None,
                notary=notary,
                now=now_utc(),
            )
            found.checkpoint_ms.append(1_000 * (time.perf_counter() - began))
