"""Which of several polling services asks on a bus: the one that holds its lock in the database."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging

import psycopg

logger = logging.getLogger(__name__)

_ANSWER_S = 10.0


class BusTurns:
    """Locks of buses, held by one connection as long as it lives, so that they end with the process.

    A second service finds every bus taken and stands by. Where the connection breaks, the locks are gone and
    are taken again before the next conversation; one that goes on just then may meet another service's.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.AsyncConnection | None = None
        self._held: set[str] = set()
        self._lock = asyncio.Lock()

    async def is_ours(self, bus: str) -> bool:
        """Tell whether the bus is ours; one that is nobody's becomes ours. Without a database none is."""
        async with self._lock:
            for _ in range(2):
                try:
                    async with asyncio.timeout(_ANSWER_S):
                        return await self._taken(bus)
                except (psycopg.Error, OSError, TimeoutError) as error:
                    logger.warning("the locks of buses are gone, taking them again error=%r", error)
                    await self._drop()
            return False

    async def _taken(self, bus: str) -> bool:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        if bus in self._held:
            # a connection that broke has let go of it, and does not know yet
            await self._connection.execute("SELECT 1")
            return True
        cursor = await self._connection.execute("SELECT pg_try_advisory_lock(%s)", (_number(bus),))
        row = await cursor.fetchone()
        is_taken = row is not None and bool(row[0])
        if is_taken:
            self._held.add(bus)
        return is_taken

    async def let_go(self, bus: str) -> None:
        """Leave a bus to others."""
        async with self._lock:
            if bus not in self._held or self._connection is None:
                return
            self._held.discard(bus)
            try:
                async with asyncio.timeout(_ANSWER_S):
                    await self._connection.execute("SELECT pg_advisory_unlock(%s)", (_number(bus),))
            except (psycopg.Error, OSError, TimeoutError):
                await self._drop()

    async def close(self) -> None:
        """Let go of everything, at once: a connection that ends keeps its locks for a moment."""
        async with self._lock:
            if self._connection is not None:
                with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
                    async with asyncio.timeout(_ANSWER_S):
                        await self._connection.execute("SELECT pg_advisory_unlock_all()")
            await self._drop()

    async def _drop(self) -> None:
        self._held.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


def _number(bus: str) -> int:
    digest = hashlib.blake2b(f"mita poll {bus}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
