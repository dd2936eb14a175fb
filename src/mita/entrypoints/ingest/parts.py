"""Batches under way: one estate's messages of a batch stand behind those of the batch before it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.entrypoints.ingest.inbox import Arrival


class Stopped(Exception):
    """The process is to end while the database is away; the messages come again."""


class NotYet(Exception):
    """What came before could not be written as it should: it goes first, and this begins again."""


class Part:
    """One estate's messages of a batch, and how far those before them are."""

    def __init__(self, estate_id: int, arrivals: Sequence[Arrival], *, before: Part | None) -> None:
        self.estate_id, self.arrivals = estate_id, arrivals
        self._before = before
        self.has_let_on, self.has_ended = asyncio.Event(), asyncio.Event()
        self.is_given_up = False
        self.has_failed = False

    async def is_next(self) -> None:
        """Wait until the one before has handed all its readings to the lane, which keeps the order."""
        if self._before is not None:
            await self._before.has_let_on.wait()

    async def is_first(self) -> None:
        """Wait until the one before is settled, whatever became of it.

        :raises Stopped: if it was given up
        """
        if self._before is not None:
            await self._before.has_ended.wait()
            if self._before.is_given_up:
                raise Stopped
            # a chain of all that ever came would be kept
            self._before = None

    def check(self) -> None:
        """Do nothing, unless the one before has failed and is to be looked at first.

        :raises NotYet: then
        """
        before = self._before
        if before is not None and before.has_failed and (before.is_given_up or not before.has_ended.is_set()):
            raise NotYet

    def let_on(self) -> None:
        """Let the one behind hand over its readings."""
        self.has_let_on.set()

    def end(self) -> None:
        """Let the one behind be the first."""
        self.let_on()
        self.has_ended.set()

    def give_up(self) -> None:
        """End, if it has not ended, so that none behind goes on: its messages come again in their order."""
        self.is_given_up = not self.has_ended.is_set()
        self.end()
