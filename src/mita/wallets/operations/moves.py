"""Who works on wallets' accounts in a transaction hears which of them small journals moved meanwhile."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sqlalchemy.ext.asyncio import AsyncSession

_WATCHERS = "wallets.moves"


@contextmanager
def moves_of(session: AsyncSession) -> Iterator[set[int]]:
    """Collect the ids of the accounts that small journals of this transaction move inside the block.

    Whoever hears of a crossing may move money at once: what was read before is then read again.
    """
    watchers = session.info.setdefault(_WATCHERS, [])
    moved: set[int] = set()
    watchers.append(moved)
    try:
        yield moved
    finally:
        watchers[:] = [each for each in watchers if each is not moved]


def note_moves(session: AsyncSession, *, account_ids: Iterable[int]) -> None:
    """Tell whoever collects that these accounts have moved."""
    ids = set(account_ids)
    for moved in session.info.get(_WATCHERS, ()):
        moved.update(ids)
