"""An estate with endpoints, and who delivers, for tests."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.entrypoints.worker.poster import WebhookPoster
from mita.entrypoints.worker.webhooks import WebhookDispatcher
from mita.kit.clock import now_utc
from mita.webhooks import operations, queries
from mita.webhooks.domain import AddressRules, Topic
from mita.webhooks.operations import EndpointTerms

from .receiver import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime
    from uuid import UUID

    from mita.kit.db import Database
    from mita.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
    from tests.integration.world import World

LOOPBACK = AddressRules.of(["127.0.0.0/8"])


@dataclass
class Hooks:
    """Webhooks of a world's estate."""

    world: World

    @property
    def estate_id(self) -> int:
        return self.world.estate_id

    async def endpoint(self, url: str, *topics: Topic, is_on: bool = True) -> tuple[int, str]:
        """Make an endpoint; return its id and secret."""
        terms = EndpointTerms(url, topics or tuple(Topic), "test", is_on)
        async with self.world.unit_of_work() as session:
            row, secret = await operations.create_endpoint(
                session,
                estate_id=self.estate_id,
                terms=terms,
                rules=LOOPBACK,
                actor="staff:test",
                now=now_utc(),
            )
            return row.endpoint_id, secret

    async def row(self, endpoint_id: int) -> WebhookEndpoint:
        async with self.world.unit_of_work() as session:
            return await queries.endpoint(session, estate_id=self.estate_id, endpoint_id=endpoint_id)

    async def tell(self, count: int = 1, *, topic: Topic = Topic.TOP_UP, now: datetime | None = None) -> None:
        async with self.world.unit_of_work() as session:
            for number in range(count):
                data = {"number": number}
                await operations.tell(
                    session, estate_id=self.estate_id, topic=topic, data=data, now=now or now_utc()
                )

    async def deliveries(self, endpoint_id: int, **filters: Any) -> list[WebhookDelivery]:
        async with self.world.unit_of_work() as session:
            rows = await queries.deliveries(
                session, estate_id=self.estate_id, endpoint_id=endpoint_id, limit=1000, **filters
            )
        return list(reversed(rows))

    async def attempts(self, endpoint_id: int, event_id: UUID) -> list[WebhookAttempt]:
        async with self.world.unit_of_work() as session:
            return list(
                await queries.attempts(
                    session, estate_id=self.estate_id, endpoint_id=endpoint_id, event_id=event_id
                )
            )

    async def until(
        self, endpoint_id: int, is_so: Callable[[list[WebhookDelivery]], bool]
    ) -> list[WebhookDelivery]:
        """Return an endpoint's deliveries, oldest first, once something holds of them."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(rows := await self.deliveries(endpoint_id)):  # noqa: ASYNC110 - of the database
                await asyncio.sleep(0.02)
        return rows

    async def until_tried(self, endpoint_id: int, tries: int = 1) -> WebhookDelivery:
        """Return an endpoint's only delivery once that many tries are recorded."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                (row,) = await self.deliveries(endpoint_id)
                if len(await self.attempts(endpoint_id, row.event_id)) >= tries:
                    (row,) = await self.deliveries(endpoint_id)
                    return row
                await asyncio.sleep(0.02)


@asynccontextmanager
async def delivering(
    database: Database, *, rules: AddressRules = LOOPBACK, timeout_s: float = 20.0, **how: Any
) -> AsyncIterator[WebhookDispatcher]:
    """Deliver what is due while the block lasts."""
    poster = how.pop("poster", None) or WebhookPoster(rules, timeout_s=timeout_s)
    dispatcher = WebhookDispatcher(database, poster=poster, **how)
    stopping = asyncio.Event()
    task = asyncio.create_task(dispatcher.run(stopping))
    try:
        yield dispatcher
    finally:
        stopping.set()
        async with asyncio.timeout(PATIENCE_S):
            await task
