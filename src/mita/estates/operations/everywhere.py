"""What a job does in every estate."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from mita.estates import queries

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

logger = logging.getLogger(__name__)


class Step(Protocol):
    """Does one thing in an estate."""

    async def __call__(self, session: AsyncSession, /, *, estate_id: int, now: datetime) -> object: ...


async def in_every_estate(
    database: Database, *, step: Step, clock: Callable[[], datetime], is_repeated: bool = False
) -> None:
    """Do a step in every estate at work, each in a transaction of its own that begins at ``clock()``.

    With ``is_repeated`` it is done again, in another transaction, as long as it returns something true:
    its portions are short.

    :raises Exception: what the first estate failed with, after all were tried
    """

    async def work(estate_id: int) -> None:
        is_more = True
        while is_more:
            async with database.unit_of_work(estates=[estate_id]) as session:
                done = await step(session, estate_id=estate_id, now=clock())
            is_more = is_repeated and bool(done)

    await for_every_estate(database, work=work)


async def for_every_estate(database: Database, *, work: Callable[[int], Awaitable[object]]) -> None:
    """Do in every estate at work what takes several transactions there, or has its own way to repeat one.

    :raises Exception: what the first estate failed with, after all were tried
    """
    failed: list[Exception] = []
    for estate_id in await queries.every_estate_id(database):
        try:
            await work(estate_id)
        except Exception as error:
            # one estate whose figures are absurd is no reason to keep all others waiting
            logger.exception("not done estate_id=%d", estate_id)
            failed.append(error)
    if failed:
        raise failed[0]
