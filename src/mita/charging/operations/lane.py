"""The lane: one row per estate that lets one charging transaction through at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.charging.models import ChargingLane
from mita.kit.errors import NotFound, Passing

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.memory import LaneMemory
    from mita.estates.events import EstateCreated


class StaleLane(Passing):
    """Another worker charged in this estate since; forget, load and repeat."""


async def open_lane(session: AsyncSession, event: EstateCreated, now: datetime) -> None:  # noqa: ARG001 - a handler
    """Give a new estate its lane."""
    await session.execute(
        pg_insert(ChargingLane).values(estate_id=event.estate_id, seq=0).on_conflict_do_nothing()
    )


class Turn(Protocol):
    """A batch's place among those that one process has under way in an estate."""

    async def wait(self) -> None:
        """Wait until the batch before is durable.

        :raises StaleLane: if it had to begin again, so that what was prepared after it is worth nothing
        """

    def pass_on(self) -> None:
        """Let the next batch be prepared: the memory is what it will be when this one is durable."""


class Alone:
    """The turn of who has nobody before and after."""

    async def wait(self) -> None:
        """Go on."""

    def pass_on(self) -> None:
        """Nobody waits."""


class Gate:
    """The way into an estate's lane: first the turn in this process, then the lane among all of them.

    What is read from the database of registers and readings is read behind the gate; what is only
    prepared or brought to the server may happen before it.
    """

    def __init__(self, session: AsyncSession, memory: LaneMemory, turn: Turn) -> None:
        self._session = session
        self._memory = memory
        self._turn = turn
        self.is_passed = False

    async def enter(self, *, patiently: bool = False) -> None:
        """Hold the lane until the transaction ends; ``patiently`` waits for another worker who has it.

        Who has inserted readings already must not wait: the other worker may wait for those.

        :raises StaleLane: if the memory is of an earlier state
        """
        if self.is_passed:
            return
        await self._turn.wait()
        self._memory.seq = await claim_lane(self._session, self._memory, patiently=patiently)
        self.is_passed = True


async def claim_lane(session: AsyncSession, memory: LaneMemory, *, patiently: bool = True) -> int:
    """Hold the estate's lane until the transaction ends; return the lane's number after it.

    Whoever charges in an estate moves the lane, so nobody else changes its registers meanwhile.

    :raises StaleLane: if the memory is of an earlier state
    """
    held = (
        select(ChargingLane.seq)
        .where(ChargingLane.estate_id == memory.estate_id)
        .with_for_update(key_share=True, skip_locked=not patiently)
    )
    seq = await session.scalar(held)
    if seq is None and patiently:
        raise NotFound(f"estate {memory.estate_id} has no charging lane")
    if seq is None or memory.seq not in (None, seq):
        raise StaleLane(f"estate {memory.estate_id} is charged by somebody else")
    await bump_lane(session, estate_id=memory.estate_id)
    return int(seq) + 1


async def bump_lane(session: AsyncSession, *, estate_id: int) -> None:
    """Make every worker forget what it knows of an estate: prices, meters or lines have changed."""
    await session.execute(
        update(ChargingLane).where(ChargingLane.estate_id == estate_id).values(seq=ChargingLane.seq + 1)
    )
