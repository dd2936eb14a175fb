"""Background tasks of credit control."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from procrastinate import Blueprint, JobContext

from mita.credit import operations, queries
from mita.credit.domain import STATES
from mita.estates import queries as estates
from mita.kit.clock import now_utc

if TYPE_CHECKING:
    from mita.kit.db import Database

_COMMANDS_MAX = 10_000
_OPEN = sorted(state for state, following in STATES.items() if following)

jobs = Blueprint()


@jobs.periodic(cron="* * * * *")
@jobs.task(name="expire_supply_commands", pass_context=True, queueing_lock="credit:expire_supply_commands")
async def expire_supply_commands(context: JobContext, timestamp: int) -> None:  # noqa: ARG001 - procrastinate's
    """Let supply commands fail that no device has confirmed in time."""
    database: Database = context.additional_context["database"]
    now = now_utc()
    async with database.unit_of_work(estates=[]) as session:
        estate_ids = await estates.platform_estate_ids(session)
    for estate_id in estate_ids:
        async with database.unit_of_work(estates=[estate_id]) as session:
            commands = await queries.commands(session, estate_id=estate_id, states=_OPEN, limit=_COMMANDS_MAX)
            expired = [command.command_id for command in commands if command.expires_at <= now]
            for command_id in expired:
                # a device may have answered since
                with contextlib.suppress(operations.CommandFinished):
                    await operations.record_command_state(
                        session, estate_id=estate_id, command_id=command_id, state="failed", now=now
                    )
