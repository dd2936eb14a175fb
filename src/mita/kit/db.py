"""Database access: the declarative base, the unit of work, and the estates a connection may see."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from mita.kit import context
from mita.kit.ids import new_id
from mita.kit.reads import Reads
from mita.kit.seal import SEALS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from uuid import UUID

    from psycopg import AsyncConnection

    from mita.kit.seal import Seals


# of a session: the cause that the database was told, and the act that this began
_CAUSE, _ACT = "mita.cause", "mita.act"


class Base(DeclarativeBase):
    """Base of every table's model."""


def sqlalchemy_url(url: str) -> str:
    """Return ``url`` with the psycopg driver named, as SQLAlchemy wants it."""
    scheme, _, rest = url.partition("://")
    assert scheme.split("+")[0] in {"postgresql", "postgres"}, f"not a PostgreSQL URL: {scheme}://…"
    return f"postgresql+psycopg://{rest}"


class Database:
    """One engine and its sessions; an edge (request, job, batch) opens one unit of work at a time.

    What works with secrets needs ``seals``, which its sessions carry (:func:`mita.kit.seal.seals_of`).
    ``reads`` carries out what is asked at every request.
    """

    def __init__(self, url: str, *, pool_size: int = 5, seals: Seals | None = None) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url), pool_size=pool_size, max_overflow=10, pool_pre_ping=True
        )
        self.reads = Reads(url)
        self._sessions = async_sessionmaker(
            self.engine, expire_on_commit=False, autoflush=False, info={SEALS: seals}
        )

    @asynccontextmanager
    async def unit_of_work(
        self, *, estates: Iterable[int], is_repeatable: bool = False
    ) -> AsyncIterator[AsyncSession]:
        """Open one transaction that sees ``estates`` only; commit at the end, roll back on any error.

        One that ``is_repeatable`` sees one instant throughout, and fails if it changes what changed since.
        """
        async with self._sessions() as session, session.begin():
            if is_repeatable:
                await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            await _begin(session, estates=estates)
            yield session

    @asynccontextmanager
    async def snapshot(
        self, *, estates: Iterable[int], beside: AsyncSession | None = None
    ) -> AsyncIterator[AsyncSession]:
        """Open one read-only transaction in which every statement sees the same instant.

        ``beside`` another snapshot it sees the instant of that one, so that two may work at a time.
        """
        shared = None
        if beside is not None:
            shared = await beside.scalar(text("SELECT pg_export_snapshot()"))
        async with self._sessions() as session, session.begin():
            await session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            if shared is not None:
                assert set(shared) <= set("0123456789ABCDEF-"), "SET takes no parameters"
                await session.execute(text(f"SET TRANSACTION SNAPSHOT '{shared}'"))
            await see_estates(session, estates=estates)
            yield session

    async def close(self) -> None:
        """Close all connections."""
        await self.reads.close()
        await self.engine.dispose()


async def see_estates(session: AsyncSession, *, estates: Iterable[int]) -> None:
    """Limit the rest of this transaction to ``estates`` (row-level security reads the setting)."""
    await session.execute(text("SELECT set_config('mita.estates', :seen, true)"), {"seen": _seen(estates)})


async def _begin(session: AsyncSession, *, estates: Iterable[int]) -> None:
    """See ``estates``, and say who is the cause of what changes: one question for both."""
    await session.execute(
        text("SELECT set_config('mita.estates', :seen, true), set_config('mita.cause', :cause, true)"),
        {"seen": _seen(estates), "cause": _new_act(session)},
    )


async def begin_act(session: AsyncSession) -> None:
    """Say anew who is the cause of what changes, where one transaction carries several acts.

    The first act of a unit of work begins with it, and is taken by whoever asks first with the same cause.
    """
    if session.info.pop(_CAUSE, None) is context.current():
        return
    cause = _new_act(session)
    session.info.pop(_CAUSE)
    await session.execute(text("SELECT set_config('mita.cause', :cause, true)"), {"cause": cause})


def act_of(session: AsyncSession) -> UUID | None:
    """Return the id of the act that is under way: what one request does in this transaction."""
    return session.info.get(_ACT)


def _new_act(session: AsyncSession) -> str:
    """Begin an act, and return what the database is told of it; the triggers of the audit log read it."""
    cause, act = context.current(), new_id()
    session.info[_CAUSE], session.info[_ACT] = cause, act
    told = {
        "act": str(act),
        "actor": cause.actor,
        "impersonator": cause.impersonator,
        "action": cause.action,
        "correlation": cause.correlation_id or None,
    }
    return json.dumps(told)


def _seen(estates: Iterable[int]) -> str:
    return ",".join(str(int(estate)) for estate in sorted(set(estates)))


async def see_as_person(session: AsyncSession, *, person_id: int) -> None:
    """Limit the rest of this transaction to reading what is a person's own in the estates it sees.

    The database does it: the transaction becomes ``mita_person``, whose policies name the person. Rows of
    others are not there, whatever a query forgets to ask; nothing can be written.
    """
    await session.execute(
        text("SELECT set_config('mita.person', :person, true), set_config('role', 'mita_person', true)"),
        {"person": str(int(person_id))},
    )


async def driver_connection(session: AsyncSession) -> AsyncConnection[Any]:
    """Return the psycopg connection under ``session``, inside the same transaction."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    return cast("AsyncConnection[Any]", raw.driver_connection)
