"""Supply commands: devices are asked to switch, and their answers are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.credit import queries
from mita.credit.domain import COMMAND_VALID_FOR, OPEN_STATES, REPLACED, SWITCHING, may_become, of_one_kind
from mita.credit.events import SupplyAsked, SupplyChanged, SupplyLimited, SupplyUnchanged
from mita.credit.models import Supply, SupplyCommand, SupplyLimit
from mita.kit.errors import Conflict
from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.kit.live import COMMANDS_CHANNEL, hint

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession


class CommandFinished(Conflict):
    """The supply command is confirmed or failed; it cannot move any more."""

    code = "supply_command_finished"
    title = "The command is finished"


@dataclass(frozen=True, slots=True)
class Supplied:
    """A unit's utility and the money behind it."""

    estate_id: int
    unit_id: int
    utility: str
    account_id: int
    balance_micro: int


async def ask_supply(
    session: AsyncSession,
    *,
    supplied: Supplied,
    action: str,
    reason: str,
    now: datetime,
    limit_w: int | None = None,
    until: datetime | None = None,
) -> None:
    """Write the command to switch a supply ``off`` or ``on``, ``limit`` it or ``lift`` that; tell the sender.

    ``limit_w`` is the power of a limit in watts; the command expires at ``until``, after seven days at most.
    """
    # a stale opposite must not reach the device after this one
    await session.execute(
        update(SupplyCommand)
        .where(
            SupplyCommand.estate_id == supplied.estate_id,
            SupplyCommand.unit_id == supplied.unit_id,
            SupplyCommand.utility == supplied.utility,
            SupplyCommand.action.in_(of_one_kind(action)),
            SupplyCommand.state.in_(OPEN_STATES),
        )
        .values(state="failed", changed_at=now, failure=REPLACED)
    )
    command_id = new_id()
    expires_at = now + COMMAND_VALID_FOR
    session.add(
        SupplyCommand(
            estate_id=supplied.estate_id,
            command_id=command_id,
            unit_id=supplied.unit_id,
            utility=supplied.utility,
            action=action,
            state="asked",
            reason=reason,
            account_id=supplied.account_id,
            balance_micro=supplied.balance_micro,
            asked_at=now,
            changed_at=now,
            expires_at=expires_at if until is None else min(until, expires_at),
            limit_w=limit_w,
        )
    )
    await session.flush()
    event = SupplyAsked(
        estate_id=supplied.estate_id,
        command_id=command_id,
        unit_id=supplied.unit_id,
        utility=supplied.utility,
        action=action,
    )
    await publish(session, event, now=now)
    await wake_sender(session, estate_id=supplied.estate_id, command_id=command_id)


async def wake_sender(session: AsyncSession, *, estate_id: int, command_id: UUID) -> None:
    """Tell whoever sends commands that one is due."""
    await session.execute(
        text("SELECT pg_notify(:channel, :payload)"),
        {"channel": COMMANDS_CHANNEL, "payload": f"{estate_id} {command_id}"},
    )


async def record_command_state(
    session: AsyncSession,
    *,
    estate_id: int,
    command_id: UUID,
    state: str,
    now: datetime,
    since: datetime | None = None,
    said_w: int | None = None,
) -> None:
    """Record how far a supply command got; ``confirmed`` changes what is known of the supply.

    ``since`` is when the device said so; None: now. ``said_w`` is the power that it says it holds the supply
    to; None: the one that it was asked for. Repeating the state it has does nothing.

    :raises mita.kit.errors.NotFound: if there is no such command
    :raises CommandFinished: if it cannot move to that state
    """
    command = await queries.command(session, estate_id=estate_id, command_id=command_id, lock=True)
    if command.state == state:
        return
    if not may_become(command.state, new_state=state):
        raise CommandFinished(f"supply command {command_id} is {command.state} and cannot become {state}")
    command.state = state
    command.changed_at = now
    await session.flush()
    if state == "confirmed" and command.action in SWITCHING:
        await set_supply(session, command=command, since=since or now, now=now)
    elif state == "confirmed":
        await set_supply_limit(
            session,
            estate_id=estate_id,
            unit_id=command.unit_id,
            utility=command.utility,
            limit_w=command.limit_w if said_w is None else said_w,
            command_id=command_id,
            since=since or now,
            now=now,
        )
    elif state == "failed":
        event = SupplyUnchanged(
            estate_id, command_id, command.unit_id, command.utility, command.action, command.failure
        )
        await publish(session, event, now=now)
    await hint(session, estate_id=estate_id, topic="supply", ids=[command.unit_id])


async def set_supply(
    session: AsyncSession, *, command: SupplyCommand, since: datetime, now: datetime
) -> None:
    """Write what is known of a supply by the device's own word and the command behind it; tell listeners."""
    is_on = command.action == "on"
    values = {"is_on": is_on, "since": since, "command_id": command.command_id}
    statement = pg_insert(Supply).values(
        estate_id=command.estate_id, unit_id=command.unit_id, utility=command.utility, **values
    )
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "unit_id", "utility"], set_=values)
    )
    event = SupplyChanged(
        command.estate_id, command.command_id, command.unit_id, command.utility, is_on=is_on
    )
    await publish(session, event, now=now)


async def set_supply_limit(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    utility: str,
    limit_w: int | None,
    command_id: UUID | None,
    since: datetime,
    now: datetime,
) -> None:
    """Write what a device says that it holds a supply to (watts; None: nothing), and by which command."""
    values = {"limit_w": limit_w, "since": since, "command_id": command_id}
    statement = pg_insert(SupplyLimit).values(estate_id=estate_id, unit_id=unit_id, utility=utility, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "unit_id", "utility"], set_=values)
    )
    event = SupplyLimited(estate_id, command_id, unit_id, utility, limit_w)
    await publish(session, event, now=now)
