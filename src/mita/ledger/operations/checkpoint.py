"""Checkpoints are taken: read in one snapshot, signed, published, and only then recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mita.kit.ids import new_id
from mita.ledger import queries
from mita.ledger.domain import CheckpointKind, SignedCheckpoint, sign_checkpoint
from mita.ledger.models import Checkpoint

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database
    from mita.ledger.domain import Signer


class NotPublished(RuntimeError):
    """A checkpoint could not be signed or brought to its place; says why, and what to do."""


class Notary(Protocol):
    """Signs checkpoints, and brings them to a place that the database's owner cannot change."""

    @property
    def signer(self) -> Signer:
        """Who signs.

        :raises NotPublished: if the key cannot be used
        """

    async def publish(self, signed: SignedCheckpoint) -> None:
        """Store the note and its leaves whole; what is stored is never overwritten.

        :raises NotPublished: if that cannot be done
        """


async def take_checkpoint(
    database: Database,
    *,
    estate_id: int,
    kind: CheckpointKind,
    period: date | None,
    notary: Notary,
    now: datetime,
) -> SignedCheckpoint:
    """Sign all heads of an estate as they are together, publish the checkpoint, then record it.

    Opens its own transactions, one for reading and one for the record: no lock or snapshot is held while
    it is published. If the record fails, the published checkpoint stays true and the next one is taken anew.
    ``period`` is the month that was closed, for the kind ``close`` only.

    :raises NotPublished: if it cannot be signed or published; nothing is recorded then
    """
    assert (kind is CheckpointKind.CLOSE) == (period is not None), "a close has a period, nothing else has"
    signer = notary.signer
    async with database.snapshot(estates=[estate_id]) as session:
        leaves = await queries.checkpoint_leaves(session, estate_id=estate_id)
    signed = sign_checkpoint(
        leaves, estate_id=estate_id, kind=kind, period=period, taken_at=now, signer=signer
    )
    await notary.publish(signed)
    async with database.unit_of_work(estates=[estate_id]) as session:
        await record_checkpoint(session, estate_id=estate_id, signed=signed)
    return signed


async def record_checkpoint(session: AsyncSession, *, estate_id: int, signed: SignedCheckpoint) -> UUID:
    """Keep a published checkpoint; return its id."""
    summary = signed.summary
    row = Checkpoint(
        estate_id=estate_id,
        checkpoint_id=new_id(),
        kind=summary.kind,
        period=summary.period,
        size=summary.size,
        root=summary.root,
        note=signed.note,
        leaves=signed.leaves,
        taken_at=summary.taken_at,
    )
    session.add(row)
    await session.flush()
    return row.checkpoint_id
