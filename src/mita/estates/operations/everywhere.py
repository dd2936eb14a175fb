"""What a job does in every estate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mita.estates import queries

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database


class Step(Protocol):
    """Does one thing in an estate."""

    async def __call__(self, session: AsyncSession, /, *, estate_id: int, now: datetime) -> object: ...


async def in_every_estate(
    database: Database, *, step: Step, clock: Callable[[], datetime], is_repeated: bool = False
) -> None:
    """Do a step in every estate at work, each in a transaction of its own that begins at ``clock()``.

    With ``is_repeated`` it is done again, in another transaction, as long as it returns something true:
    its portions are short.
    """
    for estate_id in await queries.every_estate_id(database):
        is_more = True
        while is_more:
            async with database.unit_of_work(estates=[estate_id]) as session:
                done = await step(session, estate_id=estate_id, now=clock())
            is_more = is_repeated and bool(done)
