"""Delivers webhooks: claims what is due, sends it, records what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import Counter, defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from mita.entrypoints.worker.poster import TIMEOUT_S
from mita.kit.clock import now_utc, to_us
from mita.kit.db import see_estates
from mita.webhooks import operations, queries
from mita.webhooks.domain import SPREAD_PERMILLE, Answer, headers_of
from mita.webhooks.operations import WEBHOOKS_CHANNEL, Claimed, Tried

if TYPE_CHECKING:
    from datetime import datetime

    from mita.entrypoints.worker.poster import WebhookPoster
    from mita.kit.db import Database

logger = logging.getLogger(__name__)

AT_ONCE = 8
SENDING_MAX = 256
# claimed ahead, so that a quick receiver waits for no look into the database
_AHEAD = 4
_CLAIMED_MAX = 512
CLAIM_FOR = timedelta(seconds=150)
POLL_S = 1.0
_DELAY_S = 2.0
_GRACE_S = 8.0
# what ends within it is recorded together
_GATHER_S = 0.02


class WebhookDispatcher:
    """Sends what is due, ``at_once`` at most to one endpoint and :data:`SENDING_MAX` in all, until stopped.

    It is no job of the queue: a receiver that is slow would hold up everybody's jobs. What is sent is claimed
    for a while; who dies meanwhile is followed by whoever claims it next: sent at least once.
    """

    def __init__(
        self,
        database: Database,
        *,
        poster: WebhookPoster,
        at_once: int = AT_ONCE,
        claim_for: timedelta = CLAIM_FOR,
    ) -> None:
        self._database = database
        self._poster = poster
        self._at_once = at_once
        self._claim_for = claim_for
        self._wake = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        self._claimed: Counter[int] = Counter()
        self._lines: dict[int, asyncio.Semaphore] = {}
        self._sending = asyncio.Semaphore(SENDING_MAX)
        self._tried: list[Tried] = []

    async def run(self, stopping: asyncio.Event) -> None:
        """Deliver until ``stopping``; a database that is away is waited for."""
        ending = asyncio.create_task(self._wake_when(stopping))
        try:
            while not stopping.is_set():
                try:
                    await self._listen(stopping)
                except Exception as error:
                    # whatever it was, what is claimed comes back when its time is over
                    if isinstance(error, psycopg.Error | OSError):
                        logger.warning("webhooks wait for the database error=%r", error)
                    else:
                        logger.exception("webhooks stopped; again in %.0f s", _DELAY_S)
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(stopping.wait(), _DELAY_S)
        finally:
            ending.cancel()
            await self._end()

    async def _wake_when(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self._wake.set()

    async def _listen(self, stopping: asyncio.Event) -> None:
        async with await psycopg.AsyncConnection.connect(self._database.url, autocommit=True) as connection:
            await connection.execute(f"LISTEN {WEBHOOKS_CHANNEL}")
            hearing = asyncio.create_task(self._hear(connection))
            try:
                while not stopping.is_set():
                    self._wake.clear()
                    await self.step()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), POLL_S)
                    if hearing.done():
                        hearing.result()
                        return
                    await asyncio.sleep(_GATHER_S)
            finally:
                hearing.cancel()
                with contextlib.suppress(asyncio.CancelledError, psycopg.Error, OSError):
                    await hearing

    async def _hear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        async for _ in connection.notifies():
            self._wake.set()

    async def step(self) -> int:
        """Record what has ended, and begin to send what is due; return how many sendings began."""
        await self._record()
        free = _CLAIMED_MAX - len(self._under_way)
        if free <= 0:
            return 0
        now = now_utc()
        async with self._database.unit_of_work(estates=[]) as session:
            estate_ids = await queries.due_estate_ids(session, now=now)
            if not estate_ids:
                return 0
            await see_estates(session, estates=estate_ids)
            claimed = await operations.claim_due(
                session,
                busy=self._claimed,
                at_once=self._at_once * _AHEAD,
                limit=free,
                claim_for=self._claim_for,
                now=now,
            )
        # only what is surely claimed is sent
        for each in claimed:
            self._claimed[each.endpoint_id] += 1
            task = asyncio.create_task(self._send(each, until=now + self._claim_for))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        return len(claimed)

    async def _send(self, claimed: Claimed, *, until: datetime) -> None:
        endpoint_id = claimed.endpoint_id
        line = self._lines.setdefault(endpoint_id, asyncio.Semaphore(self._at_once))
        try:
            async with line, self._sending:
                sent_at = now_utc()
                if sent_at + timedelta(seconds=TIMEOUT_S) > until:
                    # it waited for so long that somebody else may claim it before this one is answered
                    return
                answer = await self._ask(claimed, sent_s=to_us(sent_at) // 1_000_000)
                spread = random.randint(0, SPREAD_PERMILLE)  # noqa: S311 - a delay, not a secret
                self._tried.append(Tried(claimed, answer, sent_at, spread))
        finally:
            self._claimed[endpoint_id] -= 1
            if not self._claimed[endpoint_id]:
                del self._claimed[endpoint_id], self._lines[endpoint_id]
            self._wake.set()

    async def _ask(self, claimed: Claimed, *, sent_s: int) -> Answer:
        if not claimed.secrets:
            return Answer(None, "its secret cannot be opened: the key is gone", 0)
        headers = headers_of(
            secrets=claimed.secrets, event_id=claimed.event_id, sent_s=sent_s, body=claimed.body
        )
        return await self._poster.post(claimed.url, headers=headers, body=claimed.body)

    async def _record(self) -> None:
        by_estate: dict[int, list[Tried]] = defaultdict(list)
        for each in self._tried:
            by_estate[each.claimed.estate_id].append(each)
        for estate_id, tried in sorted(by_estate.items()):
            async with self._database.unit_of_work(estates=[estate_id]) as session:
                await operations.record_tries(session, tried=tried, now=now_utc())
            # not before it is recorded: if the database is away, the next step tries again
            recorded = {id(each) for each in tried}
            self._tried = [each for each in self._tried if id(each) not in recorded]

    async def _end(self) -> None:
        """Wait a little for what is under way, and record it."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=_GRACE_S)
            for task in late:
                task.cancel()
        with contextlib.suppress(Exception):
            await self._record()
        await self._poster.close()
