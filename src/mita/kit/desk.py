"""Small works of an estate that arrive together share a transaction; each is answered after its commit."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

T = TypeVar("T")

TOGETHER_MAX = 32
_ATTEMPTS_MAX = 20
_PAUSE_SECONDS = 0.01
# who holds rows of several works must not wait long for more: others may be waiting for those rows
_LOCK_TIMEOUT = text("SET LOCAL lock_timeout = '100ms'")


@dataclass(frozen=True, slots=True)
class _Ticket:
    work: Callable[[AsyncSession], Awaitable[Any]]
    answer: asyncio.Future[Any]


class Desk:
    """Carries out works that may be tried again: each whole or not at all, answered when it is durable.

    While one transaction of an estate is under way, the works that arrive wait; then up to ``TOGETHER_MAX``
    of them go together. If any of those fails, all are undone and each goes alone: one's refusal is nobody
    else's. Even a lost answer to COMMIT is followed by another attempt, so a work carries an idempotency key.
    ``contention`` are the errors after which a work is simply tried again.
    """

    def __init__(self, database: Database, *, contention: tuple[type[Exception], ...] = ()) -> None:
        self._database = database
        self._contention = contention
        self._waiting: dict[int, deque[_Ticket]] = {}
        self._serving: dict[int, asyncio.Task[None]] = {}

    async def run(self, estate_id: int, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run a small ``work`` in a transaction that sees one estate, perhaps after and before other works.

        :raises Exception: what ``work`` raises when it runs alone
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(estate_id, deque()).append(_Ticket(work, answer))
        if estate_id not in self._serving:
            self._serving[estate_id] = asyncio.create_task(self._serve(estate_id))
        return await answer

    async def run_alone(self, estate_id: int, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run ``work`` in a transaction of its own; again, when somebody else was faster.

        :raises Exception: what ``work`` raises; a ``contention`` error if every attempt met one
        """
        for attempt in range(1, _ATTEMPTS_MAX + 1):
            try:
                async with self._database.unit_of_work(estates=[estate_id]) as session:
                    return await work(session)
            except self._contention:
                if attempt == _ATTEMPTS_MAX:
                    raise
                # spread out, or two writers meet again and again
                await asyncio.sleep(random.uniform(0, _PAUSE_SECONDS * attempt))  # noqa: S311 - a pause, not a secret
        raise AssertionError("the last attempt returns or raises")

    async def _serve(self, estate_id: int) -> None:
        waiting = self._waiting[estate_id]
        while waiting:
            # who was answered just now, or came in the same instant, is asked first whether there is more
            await asyncio.sleep(0)
            taken = [waiting.popleft() for _ in range(min(len(waiting), TOGETHER_MAX))]
            # who has given up meanwhile is not served
            tickets = [ticket for ticket in taken if not ticket.answer.done()]
            if len(tickets) <= 1 or not await self._together(estate_id, tickets):
                await asyncio.gather(*(self._alone(estate_id, ticket) for ticket in tickets))
        # nothing was awaited since the queue was empty: who comes next begins again
        del self._serving[estate_id], self._waiting[estate_id]

    async def _together(self, estate_id: int, tickets: Sequence[_Ticket]) -> bool:
        answers = []
        try:
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                await session.execute(_LOCK_TIMEOUT)
                for ticket in tickets:
                    answers.append(await ticket.work(session))
                    await session.flush()
                    # rows that one work has read are stale for the next
                    session.expunge_all()
        except Exception:  # noqa: BLE001 - alone, the one that fails tells its own asker
            return False
        for ticket, answer in zip(tickets, answers, strict=True):
            if not ticket.answer.done():
                ticket.answer.set_result(answer)
        return True

    async def _alone(self, estate_id: int, ticket: _Ticket) -> None:
        try:
            answer = await self.run_alone(estate_id, ticket.work)
        except Exception as error:  # noqa: BLE001 - it is the asker's
            if not ticket.answer.done():
                ticket.answer.set_exception(error)
        else:
            if not ticket.answer.done():
                ticket.answer.set_result(answer)
