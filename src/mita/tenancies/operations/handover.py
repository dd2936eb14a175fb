"""A unit is handed over: somebody moves in or out, whole or not at all, and once per key."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from mita.kit.errors import KeyReused
from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.ledger.operations.book import body_hash
from mita.tenancies import queries
from mita.tenancies.domain import Handed, Onboarding, Shown
from mita.tenancies.events import Offboarded, Onboarded
from mita.tenancies.models import Handover
from mita.tenancies.operations.move_in import move_in
from mita.tenancies.operations.move_out import move_out

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.web import Caller
    from mita.tenancies.domain import Done, Offboarding


async def hand_over(
    session: AsyncSession,
    *,
    estate_id: int,
    asked: Onboarding | Offboarding,
    key: str,
    caller: Caller,
    now: datetime,
    is_dry_run: bool = False,
) -> Handed:
    """Let somebody move in or out, once per ``key``; a repeat answers what the first one did.

    A dry run does all of it and takes it back: what it answers is what would happen.

    :raises KeyReused: if the key was used for something else
    :raises mita.kit.errors.NotFound: if the unit or the person does not exist
    :raises mita.kit.errors.Conflict: one of its kinds, if the unit cannot be handed over so
    """
    known = await queries.handover_of_key(session, estate_id=estate_id, key=key)
    if known is not None and not is_dry_run:
        if bytes(known.body_hash) != body_hash(asked.body):
            raise KeyReused(f"the key {key!r} belongs to another handover")
        return Handed(known.handover_id, Shown(**known.shown), is_repeat=True)
    # everything below a savepoint, so that a dry run is the same code
    try:
        async with session.begin_nested():
            handed = await _carry_out(
                session, estate_id=estate_id, asked=asked, key=key, caller=caller, now=now
            )
            if is_dry_run:
                raise _TakenBack(handed.shown)  # noqa: TRY301 - it must leave the savepoint
    except _TakenBack as tried:
        return Handed(None, tried.shown)
    return handed


class _TakenBack(Exception):
    """Rolls a dry run back."""

    def __init__(self, shown: Shown) -> None:
        super().__init__("a dry run")
        self.shown = shown


async def _carry_out(
    session: AsyncSession,
    *,
    estate_id: int,
    asked: Onboarding | Offboarding,
    key: str,
    caller: Caller,
    now: datetime,
) -> Handed:
    handover_id = new_id()
    by = {"estate_id": estate_id, "memo": f"handover {handover_id}", "caller": caller, "now": now}
    if isinstance(asked, Onboarding):
        done, shown = await move_in(session, asked=asked, **by)  # type: ignore[arg-type]  # of many types
    else:
        done, shown = await move_out(session, asked=asked, **by)  # type: ignore[arg-type]  # of many types
    row = Handover(
        estate_id=estate_id,
        handover_id=handover_id,
        kind=shown.kind,
        unit_id=asked.unit_id,
        occupancy_id=shown.occupancy_id,
        key=key,
        body_hash=body_hash(asked.body),
        done=asdict(done),
        shown=asdict(shown),
        actor=caller.actor,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    await _tell(session, estate_id=estate_id, handover_id=handover_id, shown=shown, done=done, now=now)
    return Handed(handover_id, shown)


async def _tell(
    session: AsyncSession, *, estate_id: int, handover_id: UUID, shown: Shown, done: Done, now: datetime
) -> None:
    place = (estate_id, handover_id, shown.unit_id, shown.occupancy_id, done.person_id, done.wallet_id)
    event = Onboarded(*place) if shown.kind == "onboard" else Offboarded(*place, shown.total_micro)
    await publish(session, event, now=now)
