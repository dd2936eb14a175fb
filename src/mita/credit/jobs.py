"""Background tasks of credit control."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Protocol

from procrastinate import Blueprint, JobContext

from mita.credit import operations, queries
from mita.credit.domain import OPEN_STATES
from mita.estates import queries as estates
from mita.estates.operations import in_every_estate
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.kit.db import Database

_COMMANDS_MAX = 10_000

jobs = Blueprint()


class _Step(Protocol):
    """Works on some of an estate's stops; returns how many it looked at."""

    async def __call__(self, session: AsyncSession, /, *, estate_id: int, now: datetime) -> int: ...


@jobs.periodic(cron="* * * * *")
@jobs.task(name="expire_supply_commands", pass_context=True, queueing_lock="credit:expire_supply_commands")
async def expire_supply_commands(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Let supply commands fail that no device has confirmed in time."""
    database: Database = context.additional_context["database"]
    now = now_utc()
    for estate_id in await estates.every_estate_id(database):
        async with database.unit_of_work(estates=[estate_id]) as session:
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


@jobs.periodic(cron="* * * * *")
@jobs.task(name="settle_supply_stops", pass_context=True, queueing_lock="credit:settle_supply_stops")
async def settle_supply_stops(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Lift the stops and limits that have ended, then let stops take effect that friendly hours deferred."""
    database: Database = context.additional_context["database"]
    now = now_utc()
    for estate_id in await estates.every_estate_id(database):
        await _repeat(database, operations.lift_ended_stops, estate_id=estate_id, now=now)
        await _repeat(database, operations.lift_ended_limits, estate_id=estate_id, now=now)
        await _repeat(database, operations.ask_due_stops, estate_id=estate_id, now=now)


@jobs.periodic(cron="* * * * *")
@jobs.task(name="expire_meter_tokens", pass_context=True, queueing_lock="credit:expire_meter_tokens")
async def expire_meter_tokens(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Let meter tokens fail that could not be given in time."""
    database: Database = context.additional_context["database"]
    await in_every_estate(database, step=operations.expire_tokens, clock=now_utc)


async def _repeat(database: Database, step: _Step, *, estate_id: int, now: datetime) -> None:
    """Do a step until nothing is left, in short transactions: charging waits for each."""
    seen = 1
    while seen:
        async with database.unit_of_work(estates=[estate_id]) as session:
            seen = await step(session, estate_id=estate_id, now=now)
