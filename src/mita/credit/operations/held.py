"""What devices say that they hold supplies to is recorded, asked for or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.credit import queries
from mita.credit.domain import LIMITING, is_held_to, may_become
from mita.credit.operations.commands import record_command_state, set_supply_limit
from mita.credit.operations.limits import ask_limit_again
from mita.credit.operations.switches import CLOCKS, is_overtaken
from mita.kit.errors import NotFound
from mita.kit.live import hint

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.credit.models import SupplyCommand, SupplyLimit


async def record_limit(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    utility: str,
    limit_w: int | None,
    said_at: datetime,
    now: datetime,
    step_w: int = 1,
    command_id: UUID | None = None,
) -> None:
    """Record what a device says that it holds a supply to (watts; None: nothing), and when it said so.

    ``step_w`` is how finely it can say so. It confirms the command that it names, else the newest one that
    was sent and wanted this. A limit that was in force and is not any more is asked for again, once.

    :raises NotFound: if it names a command that the supply never had
    """
    known = await queries.supply_limit(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    known_id = None if known is None else known.command_id
    command = await _answered(
        session,
        estate_id=estate_id,
        unit_id=unit_id,
        utility=utility,
        limit_w=limit_w,
        step_w=step_w,
        said_at=said_at,
        command_id=command_id,
        known=known,
    )
    if command is not None:
        if await is_overtaken(session, command=command, known_id=known_id):
            return
        is_obeyed = is_held_to(command.limit_w, said_w=limit_w, step_w=step_w)
        state = "confirmed" if is_obeyed else "failed"
        if may_become(command.state, new_state=state):
            if not is_obeyed:
                held = "nothing" if limit_w is None else f"{limit_w} W"
                command.failure = f"the device says that it holds the supply to {held}"
                await session.flush()
            await record_command_state(
                session,
                estate_id=estate_id,
                command_id=command.command_id,
                state=state,
                now=now,
                since=min(said_at, now),
                said_w=limit_w,
            )
            if is_obeyed:
                return
    was_w = None if known is None else known.limit_w
    if was_w == limit_w or (known is not None and said_at <= known.since):
        return
    await set_supply_limit(
        session,
        estate_id=estate_id,
        unit_id=unit_id,
        utility=utility,
        limit_w=limit_w,
        command_id=None,
        since=min(said_at, now),
        now=now,
    )
    await hint(session, estate_id=estate_id, topic="supply", ids=[unit_id])
    if known_id is not None and command is None:
        # it was obeyed, and is forgotten: a device that lost its power, or somebody at the meter
        await ask_limit_again(session, estate_id=estate_id, unit_id=unit_id, utility=utility, now=now)


async def _answered(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    utility: str,
    limit_w: int | None,
    step_w: int,
    said_at: datetime,
    command_id: UUID | None,
    known: SupplyLimit | None,
) -> SupplyCommand | None:
    """Return the command that a device answers: the one that it names, or the open one that wanted this."""
    if command_id is not None:
        command = await queries.command(session, estate_id=estate_id, command_id=command_id, lock=True)
        if (command.unit_id, command.utility) != (unit_id, utility) or command.action not in LIMITING:
            raise NotFound(f"supply command {command_id} limits another supply, or none")
        return command
    if known is not None and known.limit_w != limit_w and said_at <= known.since:
        return None
    found = await queries.open_command(
        session, estate_id=estate_id, unit_id=unit_id, utility=utility, actions=LIMITING
    )
    if found is None or said_at + CLOCKS < found.asked_at:
        return None
    return found if is_held_to(found.limit_w, said_w=limit_w, step_w=step_w) else None
