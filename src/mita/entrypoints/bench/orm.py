"""The yardstick that most billing systems are: for each reading load, compute, save and commit with the ORM.

It does for one reading what the full path does for a batch: the reading, the register's state, and a
balanced, hash-chained journal on the wallet, income and tax accounts.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from mita.kit.db import sqlalchemy_url
from mita.kit.ids import new_id

if TYPE_CHECKING:
    from collections.abc import Iterator

WORKERS = 4
METERS = 400
_PRICE = Decimal("2.7472")
_TAX = Decimal("0.15")
_MICRO = Decimal("0.000001")


class _Base(DeclarativeBase):
    pass


class _Account(_Base):
    __tablename__ = "yardstick_account"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    balance_micro: Mapped[int] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger)
    head_hash: Mapped[bytes]


class _Register(_Base):
    __tablename__ = "yardstick_register"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("yardstick_account.id"))
    value_micro: Mapped[int] = mapped_column(BigInteger)


class _Reading(_Base):
    __tablename__ = "yardstick_reading"
    register_id: Mapped[int] = mapped_column(ForeignKey("yardstick_register.id"), primary_key=True)
    taken_s: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    value_micro: Mapped[int] = mapped_column(BigInteger)


class _Journal(_Base):
    __tablename__ = "yardstick_journal"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    memo: Mapped[str]


class _Entry(_Base):
    __tablename__ = "yardstick_entry"
    account_id: Mapped[int] = mapped_column(ForeignKey("yardstick_account.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    journal_id: Mapped[UUID] = mapped_column(ForeignKey("yardstick_journal.id"))
    amount_micro: Mapped[int] = mapped_column(BigInteger)
    balance_after_micro: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes]


async def charge_one_by_one(url: str, *, seconds: float) -> float:
    """Return readings per second, the best of one and several connections, each measured for ``seconds``."""
    engine = create_async_engine(sqlalchemy_url(url.replace("mita_app@", "postgres@")), pool_size=WORKERS)
    try:
        return max([await _rate(engine, seconds=seconds, workers=workers) for workers in (1, WORKERS)])
    finally:
        async with engine.begin() as connection:
            await connection.run_sync(_Base.metadata.drop_all)
        await engine.dispose()


async def _rate(engine: AsyncEngine, *, seconds: float, workers: int) -> float:
    async with engine.begin() as connection:
        await connection.run_sync(_Base.metadata.drop_all)
        await connection.run_sync(_Base.metadata.create_all)
    sessions = async_sessionmaker(engine)
    async with sessions() as session, session.begin():
        # two more than meters: the accounts of income and tax
        session.add_all([_Account(id=i, balance_micro=0, seq=0, head_hash=b"") for i in range(METERS + 2)])
        await session.flush()
        session.add_all([_Register(id=i, account_id=i, value_micro=0) for i in range(METERS)])
    began = time.perf_counter()
    until = began + seconds
    done = await asyncio.gather(*(_work(sessions, _share(w, workers), until=until) for w in range(workers)))
    return sum(done) / (time.perf_counter() - began)


def _share(worker: int, workers: int) -> Iterator[tuple[int, int]]:
    turn = 0
    while True:
        turn += 1
        for meter in range(worker, METERS, workers):
            yield meter, turn


async def _work(
    sessions: async_sessionmaker[AsyncSession], readings: Iterator[tuple[int, int]], *, until: float
) -> int:
    done = 0
    for meter, turn in readings:
        if time.perf_counter() >= until:
            break
        async with sessions() as session, session.begin():
            await _charge(session, meter=meter, turn=turn)
        done += 1
    return done


async def _charge(session: AsyncSession, *, meter: int, turn: int) -> None:
    register = await session.scalar(select(_Register).where(_Register.id == meter).with_for_update())
    assert register is not None, "the register was made above"
    wanted = select(_Account).where(_Account.id.in_([register.account_id, METERS, METERS + 1]))
    accounts = (await session.scalars(wanted.order_by(_Account.id).with_for_update())).all()
    value = register.value_micro + 420_000
    net = (Decimal(value - register.value_micro) * _MICRO * _PRICE).quantize(_MICRO, ROUND_HALF_UP)
    net_micro = int(net * 1_000_000)
    tax_micro = int((net * _TAX).quantize(_MICRO, ROUND_HALF_UP) * 1_000_000)
    register.value_micro = value
    session.add(_Reading(register_id=meter, taken_s=turn, value_micro=value))
    journal = _Journal(id=new_id(), memo="yardstick")
    session.add(journal)
    await session.flush()
    for account, amount in zip(accounts, (-net_micro - tax_micro, net_micro, tax_micro), strict=True):
        account.balance_micro += amount
        account.seq += 1
        account.head_hash = hashlib.sha256(account.head_hash + b"%d %d" % (account.seq, amount)).digest()
        session.add(
            _Entry(
                account_id=account.id,
                seq=account.seq,
                journal_id=journal.id,
                amount_micro=amount,
                balance_after_micro=account.balance_micro,
                hash=account.head_hash,
            )
        )
