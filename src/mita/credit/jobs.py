"""Background tasks of credit control."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.credit import operations, queries
from mita.credit.domain import OPEN_STATES
from mita.estates.operations import in_every_estate
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

_COMMANDS_MAX = 10_000

jobs = Blueprint()


@jobs.periodic(cron="* * * * *")
@jobs.task(name="expire_supply_commands", pass_context=True, queueing_lock="credit:expire_supply_commands")
async def expire_supply_commands(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Let supply commands fail that no device has confirmed in time."""
    database: Database = context.additional_context["database"]

    async def expire(session: AsyncSession, *, estate_id: int, now: datetime) -> None:
        commands = await queries.commands(
            session, estate_id=estate_id, states=OPEN_STATES, limit=_COMMANDS_MAX
        )
        expired = [command.command_id for command in commands if command.expires_at <= now]
        for command_id in expired:
            # a device may have answered since
            with contextlib.suppress(operations.CommandFinished):
                await operations.record_command_state(
                    session, estate_id=estate_id, command_id=command_id, state="failed", now=now
                )

    await in_every_estate(database, step=expire, clock=now_utc)


@jobs.periodic(cron="* * * * *")
@jobs.task(name="settle_supply_stops", pass_context=True, queueing_lock="credit:settle_supply_stops")
async def settle_supply_stops(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Lift the stops and limits that have ended, then let stops take effect that friendly hours deferred."""
    database: Database = context.additional_context["database"]
    settling = (operations.lift_ended_stops, operations.lift_ended_limits, operations.ask_due_stops)

    async def settle(session: AsyncSession, *, estate_id: int, now: datetime) -> bool:
        # the next where nothing is left of the one before; short transactions, for charging waits for each
        for step in settling:
            if await step(session, estate_id=estate_id, now=now):
                return True
        return False

    await in_every_estate(database, step=settle, clock=now_utc, is_repeated=True)


@jobs.periodic(cron="* * * * *")
@jobs.task(name="expire_meter_tokens", pass_context=True, queueing_lock="credit:expire_meter_tokens")
async def expire_meter_tokens(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Let meter tokens fail that could not be given in time."""
    database: Database = context.additional_context["database"]
    await in_every_estate(database, step=operations.expire_tokens, clock=now_utc)
