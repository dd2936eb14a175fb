"""Writes of credit control: rules are set, supplies are asked off and on, devices' answers are recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.credit import queries
from mita.credit.domain import COMMAND_VALID_FOR, Rule, action_for, may_become
from mita.credit.events import CreditRuleChanged, SupplyAsked
from mita.credit.models import CreditRule, Supply, SupplyCommand
from mita.kit.errors import Conflict, Invalid
from mita.kit.events import publish
from mita.kit.ids import new_id
from mita.kit.live import COMMANDS_CHANNEL, hint
from mita.ledger import queries as ledger_queries
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Standing

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.events import BalanceCrossed


class CommandFinished(Conflict):
    """The supply command is confirmed or failed; it cannot move any more."""

    code = "supply_command_finished"
    title = "The command is finished"


async def set_rule(session: AsyncSession, *, estate_id: int, rule: Rule, now: datetime) -> None:
    """Set an estate's rule for a utility; balances that now stand elsewhere are acted on at once.

    :raises Invalid: if the lines contradict each other
    """
    problems = rule.problems()
    if problems:
        raise Invalid(
            "; ".join(problems), problems=[{"path": "restore_line", "message": p} for p in problems]
        )
    values = {
        "is_cutting": rule.is_cutting,
        "low_line_micro": rule.low_micro,
        "cut_line_micro": rule.cut_micro,
        "restore_line_micro": rule.restore_micro,
        "updated_at": now,
    }
    before = await queries.rule(session, estate_id=estate_id, utility=rule.utility)
    statement = pg_insert(CreditRule).values(estate_id=estate_id, utility=rule.utility, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "utility"], set_=values)
    )
    # first: workers that charge meanwhile must read the lines again
    await publish(session, CreditRuleChanged(estate_id=estate_id, utility=rule.utility), now=now)
    if before.is_cutting != rule.is_cutting:
        # accounts that are out already; those that cross by the new lines are asked below
        await _follow_the_switch(session, estate_id=estate_id, rule=rule, now=now)
    await wallets.watch_balances(
        session, estate_id=estate_id, utility=rule.utility, lines=rule.lines, now=now
    )


async def _follow_the_switch(session: AsyncSession, *, estate_id: int, rule: Rule, now: datetime) -> None:
    """Cut who is out already when the switch goes on; give everybody's supply back when it goes off."""
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, utility=rule.utility)
    out = [account for account in accounts if account.standing is Standing.OUT]
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[account.account_id for account in out]
    )
    for account in out:
        await _ask(
            session,
            estate_id=estate_id,
            unit_id=account.unit_id,
            utility=rule.utility,
            action="off" if rule.is_cutting else "on",
            reason="credit control was switched " + ("on" if rule.is_cutting else "off"),
            account_id=account.account_id,
            balance_micro=balances[account.account_id],
            now=now,
        )


async def react_to_crossing(session: AsyncSession, event: BalanceCrossed, now: datetime) -> None:
    """Ask for the supply to be cut or restored, if the estate's rule says so; tell listeners either way."""
    rule = await queries.rule(session, estate_id=event.estate_id, utility=event.utility)
    action = action_for(before=event.before, after=event.after, is_cutting=rule.is_cutting)
    if action is not None:
        await _ask(
            session,
            estate_id=event.estate_id,
            unit_id=event.unit_id,
            utility=event.utility,
            action=action,
            reason="the balance is used up" if action == "off" else "the balance is back",
            account_id=event.account_id,
            balance_micro=event.balance_micro,
            now=now,
        )
    await hint(session, estate_id=event.estate_id, topic=f"balance.{event.after.shown}", ids=[event.unit_id])


async def _ask(
    session: AsyncSession,
    *,
    estate_id: int,
    unit_id: int,
    utility: str,
    action: str,
    reason: str,
    account_id: int,
    balance_micro: int,
    now: datetime,
) -> None:
    # a stale opposite must not reach the device after this one
    await session.execute(
        update(SupplyCommand)
        .where(
            SupplyCommand.estate_id == estate_id,
            SupplyCommand.unit_id == unit_id,
            SupplyCommand.utility == utility,
            SupplyCommand.state.in_(["asked", "queued"]),
        )
        .values(state="failed", changed_at=now)
    )
    command_id = new_id()
    session.add(
        SupplyCommand(
            estate_id=estate_id,
            command_id=command_id,
            unit_id=unit_id,
            utility=utility,
            action=action,
            state="asked",
            reason=reason,
            account_id=account_id,
            balance_micro=balance_micro,
            asked_at=now,
            changed_at=now,
            expires_at=now + COMMAND_VALID_FOR,
        )
    )
    await session.flush()
    event = SupplyAsked(
        estate_id=estate_id, command_id=command_id, unit_id=unit_id, utility=utility, action=action
    )
    await publish(session, event, now=now)
    await session.execute(
        text("SELECT pg_notify(:channel, :payload)"),
        {"channel": COMMANDS_CHANNEL, "payload": f"{estate_id} {command_id}"},
    )


async def record_command_state(
    session: AsyncSession, *, estate_id: int, command_id: UUID, state: str, now: datetime
) -> None:
    """Record how far a supply command got; ``confirmed`` changes what is known of the supply.

    Repeating the state it has does nothing.

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
    if state == "confirmed":
        values = {"is_on": command.action == "on", "since": now, "command_id": command_id}
        statement = pg_insert(Supply).values(
            estate_id=estate_id, unit_id=command.unit_id, utility=command.utility, **values
        )
        statement = statement.on_conflict_do_update(
            index_elements=["estate_id", "unit_id", "utility"], set_=values
        )
        await session.execute(statement)
    await hint(session, estate_id=estate_id, topic="supply", ids=[command.unit_id])


async def watch_new_accounts(session: AsyncSession, *, estate_id: int, utility: str, now: datetime) -> None:
    """Give accounts opened after the rule was set the same lines."""
    if await queries.has_rule(session, estate_id=estate_id, utility=utility):
        rule = await queries.rule(session, estate_id=estate_id, utility=utility)
        await wallets.watch_balances(session, estate_id=estate_id, utility=utility, lines=rule.lines, now=now)
