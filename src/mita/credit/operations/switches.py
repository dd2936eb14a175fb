"""What devices say of their switches is recorded, asked for or not; commands are sent until one does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mita.credit import queries
from mita.credit.domain import SWITCHING, may_become
from mita.credit.models import SupplyCommand
from mita.kit.errors import NotFound
from mita.kit.ids import new_id
from mita.kit.live import hint
from mita.wallets import queries as wallet_queries

from .commands import Supplied, ask_supply, record_command_state, set_supply, wake_sender

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

_DELAY_MAX = timedelta(hours=1)
_DOUBLINGS_MAX = 10
# a device's clock and ours are not the same
CLOCKS = timedelta(seconds=5)
REPORTED = "the device reported it; nobody had asked"
LATE = "the device carried out an earlier command late"


async def record_switch(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    utility: str,
    is_on: bool,
    said_at: datetime,
    now: datetime,
    command_id: UUID | None = None,
) -> None:
    """Record how a device says the switch of a supply stands, and at which time it said so.

    It confirms the command that it names, else the newest one that was sent and wanted this. What nobody
    asked for is believed as well; what is older than what is known already is not, and confirms nothing.

    :raises NotFound: if it names a command that the supply never had
    """
    action = "on" if is_on else "off"
    known = await queries.supply(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
    if command_id is not None:
        command = await queries.command(session, estate_id=estate_id, command_id=command_id, lock=True)
        if (command.unit_id, command.utility) != (unit_id, utility) or command.action not in SWITCHING:
            raise NotFound(f"supply command {command_id} switches another supply, or none")
        if await is_overtaken(session, command=command, known_id=None if known is None else known.command_id):
            return
    else:
        if known is not None and known.is_on != is_on and said_at <= known.since:
            return
        found = await queries.open_command(session, estate_id=estate_id, unit_id=unit_id, utility=utility)
        if found is not None and found.action == action and said_at + CLOCKS >= found.asked_at:
            command_id, command = found.command_id, found
    if command_id is not None:
        state = "confirmed" if command.action == action else "failed"
        if may_become(command.state, new_state=state):
            if state == "failed":
                command.failure = f"the device says that it is {action}"
                await session.flush()
            await record_command_state(
                session,
                estate_id=estate_id,
                command_id=command_id,
                state=state,
                now=now,
                # known since it said so, not since we heard it
                since=min(said_at, now),
            )
            if state == "confirmed":
                return
    is_news = is_on != (known is None or known.is_on) and (known is None or said_at > known.since)
    if is_news:
        place: dict[str, Any] = {"estate_id": estate_id, "unit_id": unit_id, "utility": utility}
        late = None if is_on else await queries.replaced_off(session, **place)
        reason = REPORTED if late is None else LATE
        await _believe(session, **place, action=action, reason=reason, since=min(said_at, now), now=now)
        if late is not None:
            await _ask_on_again(session, late, now=now)


async def _ask_on_again(session: AsyncSession, late: SupplyCommand, *, now: datetime) -> None:
    """Bring a supply back that was switched off by a command that nobody wanted any more."""
    place: dict[str, Any] = {"estate_id": late.estate_id, "unit_id": late.unit_id, "utility": late.utility}
    waiting = await queries.open_command(session, **place)
    if waiting is not None and waiting.action == "on":
        # it may have been carried out before the late one
        waiting.answer_due_at = now
        await session.flush()
        await wake_sender(session, estate_id=late.estate_id, command_id=waiting.command_id)
        return
    stops = await queries.stops(session, **place)
    if waiting is None and not any(each.is_asked for each in stops):
        supplied = Supplied(late.estate_id, late.unit_id, late.utility, late.account_id, late.balance_micro)
        await ask_supply(session, supplied=supplied, action="on", reason=LATE, now=now)


async def is_overtaken(session: AsyncSession, *, command: SupplyCommand, known_id: UUID | None) -> bool:
    """Tell whether a finished command is named again, and what is known comes from a later one."""
    is_open = may_become(command.state, new_state="confirmed")
    if is_open or known_id is None or known_id == command.command_id:
        return False
    later = await queries.command(session, estate_id=command.estate_id, command_id=known_id)
    return (later.asked_at, later.command_id) > (command.asked_at, command.command_id)


async def _believe(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    utility: str,
    action: str,
    reason: str,
    since: datetime,
    now: datetime,
) -> None:
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=[unit_id])
    account_id = next((each.account_id for each in accounts if each.utility == utility), None)
    if account_id is None:
        return
    command = SupplyCommand(
        estate_id=estate_id,
        command_id=new_id(),
        unit_id=unit_id,
        utility=utility,
        action=action,
        state="confirmed",
        reason=reason,
        account_id=account_id,
        balance_micro=0,
        asked_at=now,
        changed_at=now,
        expires_at=now,
    )
    session.add(command)
    await session.flush()
    await set_supply(session, command=command, since=since, now=now)
    await hint(session, estate_id=estate_id, topic="supply", ids=[unit_id])


async def note_attempt(
    session: AsyncSession, *, command: SupplyCommand, state: str, answer_s: int, now: datetime
) -> None:
    """Note that a command was given to the wire, once more; the answer is due later each time.

    :raises CommandFinished: if the command is confirmed or failed
    """
    command.attempts = min(command.attempts + 1, 32_767)
    doublings = min(command.attempts - 1, _DOUBLINGS_MAX)
    wait = min(timedelta(seconds=answer_s * 2**doublings), max(_DELAY_MAX, timedelta(seconds=answer_s)))
    command.answer_due_at = now + wait
    # the row is read again, over what is not flushed
    await session.flush()
    if may_become(command.state, new_state=state):
        await record_command_state(
            session, estate_id=command.estate_id, command_id=command.command_id, state=state, now=now
        )


async def record_step(
    session: AsyncSession,
    *,
    estate_id: int,
    command_id: UUID,
    state: str,
    reason: str,
    may_retry: bool,
    now: datetime,
) -> None:
    """Record how far the wire says a command got; one that failed and may be tried again is due at once.

    :raises NotFound: if there is no such command
    """
    command = await queries.command(session, estate_id=estate_id, command_id=command_id, lock=True)
    if not may_become(command.state, new_state=state):
        return
    command.failure = reason[:300] or command.failure
    is_tried_again = state == "failed" and may_retry
    if is_tried_again:
        command.answer_due_at = now
    await session.flush()
    if is_tried_again:
        return
    await record_command_state(session, estate_id=estate_id, command_id=command_id, state=state, now=now)
