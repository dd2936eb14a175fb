"""What makes credit control act: rules that are set, balances that cross a line, limits that are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.credit import queries
from mita.credit.domain import Cause, Limit, LimitCause, Rule
from mita.credit.events import CreditRuleChanged
from mita.credit.models import CreditRule
from mita.credit.operations.commands import Supplied
from mita.credit.operations.limits import lift_limit, put_limit
from mita.credit.operations.stops import Stop, hold_supplies, lift_stop, put_stop
from mita.kit.errors import Invalid
from mita.kit.events import publish
from mita.kit.live import hint
from mita.ledger import queries as ledger_queries
from mita.metering.domain import UTILITIES
from mita.wallets import operations as wallets
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import Standing

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.events import BalanceCrossed, SpendCutChanged
    from mita.wallets.queries import AccountInfo

_ACTOR = "system:credit"


async def set_rule(session: AsyncSession, *, estate_id: int, rule: Rule, now: datetime) -> None:
    """Set an estate's rule for a utility; balances that now stand elsewhere are acted on at once.

    :raises Invalid: if the lines contradict each other
    """
    problems = rule.problems()
    if problems:
        raise Invalid(
            "; ".join(problems),
            problems=[{"path": each.partition(" ")[0], "message": each} for each in problems],
        )
    values = {
        "is_cutting": rule.is_cutting,
        "low_line_micro": rule.low_micro,
        "cut_line_micro": rule.cut_micro,
        "restore_line_micro": rule.restore_micro,
        "lifeline_w": rule.lifeline_w,
        "updated_at": now,
    }
    before = await queries.rule(session, estate_id=estate_id, utility=rule.utility)
    statement = pg_insert(CreditRule).values(estate_id=estate_id, utility=rule.utility, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "utility"], set_=values)
    )
    # first: workers that charge meanwhile must read the lines again
    await publish(session, CreditRuleChanged(estate_id=estate_id, utility=rule.utility), now=now)
    balances = await _hold_accounts(session, estate_id=estate_id, utility=rule.utility)
    if (before.is_cutting, before.lifeline_w) != (rule.is_cutting, rule.lifeline_w):
        # accounts that are out already; those that cross by the new lines are asked below
        await _follow_the_switch(session, estate_id=estate_id, rule=rule, balances=balances, now=now)
    elif not rule.is_cutting:
        # nobody had said so before: a spending limit may have stopped some
        await _give_back(session, estate_id=estate_id, utility=rule.utility, balances=balances, now=now)
    await wallets.watch_balances(
        session, estate_id=estate_id, utility=rule.utility, lines=rule.lines, now=now
    )


async def _hold_accounts(session: AsyncSession, *, estate_id: int, utility: str) -> dict[int, int]:
    """Hold every account of a utility, so that none moves before all is settled; return the balances."""
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, utility=utility)
    account_ids = [each.account_id for each in accounts]
    await ledger_queries.lock_accounts(session, estate_id=estate_id, account_ids=account_ids)
    return await ledger_queries.balances(session, estate_id=estate_id, account_ids=account_ids)


async def _follow_the_switch(
    session: AsyncSession, *, estate_id: int, rule: Rule, balances: dict[int, int], now: datetime
) -> None:
    """Cut who is out already when the switch goes on; give everybody's supply back when it goes off."""
    if not rule.is_cutting:
        await _give_back(session, estate_id=estate_id, utility=rule.utility, balances=balances, now=now)
        return
    reason = "credit control was switched on"
    for account in await wallet_queries.accounts(session, estate_id=estate_id, utility=rule.utility):
        if account.standing is Standing.OUT:
            supplied = _supplied(estate_id, account, balances)
            await _put(session, supplied, rule=rule, reason=reason, now=now)


async def _put(session: AsyncSession, supplied: Supplied, *, rule: Rule, reason: str, now: datetime) -> None:
    """Cut a supply whose money is gone, or hold it to the rule's lifeline where a device can."""
    unable = {supplied.unit_id: ""}
    if rule.lifeline_w is not None:
        unable = await queries.unlimitable(
            session, estate_id=supplied.estate_id, unit_ids=[supplied.unit_id], utility=supplied.utility
        )
    if rule.lifeline_w is None or supplied.unit_id in unable:
        stop = Stop(Cause.BALANCE, reason, _ACTOR)
        await put_stop(session, supplied=supplied, stop=stop, now=now)
        # after the stop: what is off is asked nothing of its power
        await lift_limit(session, supplied=supplied, cause=LimitCause.BALANCE, reason=reason, now=now)
        return
    limit = Limit(LimitCause.BALANCE, rule.lifeline_w, reason, _ACTOR)
    await put_limit(session, supplied=supplied, limit=limit, now=now)
    await lift_stop(session, supplied=supplied, cause=Cause.BALANCE, reason=reason, now=now)


async def _lift(
    session: AsyncSession, supplied: Supplied, *, cause: Cause, reason: str, now: datetime
) -> None:
    """Take away what money had stopped, or limited."""
    await lift_stop(session, supplied=supplied, cause=cause, reason=reason, now=now)
    if cause is Cause.BALANCE:
        await lift_limit(session, supplied=supplied, cause=LimitCause.BALANCE, reason=reason, now=now)


async def _give_back(
    session: AsyncSession, *, estate_id: int, utility: str, balances: dict[int, int], now: datetime
) -> None:
    stops = await queries.stops(session, estate_id=estate_id, utility=utility)
    stopped = {(stop.unit_id, Cause(stop.cause)) for stop in stops}
    for limit in await queries.load_limits(session, estate_id=estate_id, utility=utility):
        if limit.cause == LimitCause.BALANCE:
            stopped.add((limit.unit_id, Cause.BALANCE))
    for account in await wallet_queries.accounts(session, estate_id=estate_id, utility=utility):
        for cause in (Cause.BALANCE, Cause.SPEND_LIMIT):
            if (account.unit_id, cause) in stopped:
                await _lift(
                    session,
                    _supplied(estate_id, account, balances),
                    cause=cause,
                    reason="credit control was switched off",
                    now=now,
                )


def _supplied(estate_id: int, account: AccountInfo, balances: dict[int, int]) -> Supplied:
    balance_micro = balances[account.account_id]
    return Supplied(estate_id, account.unit_id, account.utility, account.account_id, balance_micro)


async def react_to_crossing(session: AsyncSession, event: BalanceCrossed, now: datetime) -> None:
    """Stop or restore the supply, if the estate's rule says so; tell listeners either way."""
    supplied = Supplied(event.estate_id, event.unit_id, event.utility, event.account_id, event.balance_micro)
    if event.after is Standing.OUT:
        rule = await queries.rule(session, estate_id=event.estate_id, utility=event.utility)
        if rule.is_cutting:
            await _put(session, supplied, rule=rule, reason="the balance is used up", now=now)
    elif event.before is Standing.OUT:
        reason = "the balance is back"
        await _lift(session, supplied, cause=Cause.BALANCE, reason=reason, now=now)
    await hint(session, estate_id=event.estate_id, topic=f"balance.{event.after.shown}", ids=[event.unit_id])


async def react_to_spending(session: AsyncSession, event: SpendCutChanged, now: datetime) -> None:
    """Stop a wallet's supplies until the limit begins anew, or lift that stop.

    A utility for which the estate has set a rule that does not cut is left on.
    """
    supplies = await hold_supplies(session, estate_id=event.estate_id, unit_ids=[event.unit_id])
    for (_, utility), supplied in sorted(supplies.items()):
        if utility not in UTILITIES:
            continue
        if event.cut_until is None:
            reason = "the spending limit is no longer reached"
            await lift_stop(session, supplied=supplied, cause=Cause.SPEND_LIMIT, reason=reason, now=now)
        elif await _may_be_cut(session, estate_id=event.estate_id, utility=utility):
            stop = Stop(Cause.SPEND_LIMIT, "the spending limit is reached", _ACTOR, event.cut_until)
            await put_stop(session, supplied=supplied, stop=stop, now=now)


async def _may_be_cut(session: AsyncSession, *, estate_id: int, utility: str) -> bool:
    if not await queries.has_rule(session, estate_id=estate_id, utility=utility):
        return True
    return (await queries.rule(session, estate_id=estate_id, utility=utility)).is_cutting


async def watch_new_accounts(session: AsyncSession, *, estate_id: int, utility: str, now: datetime) -> None:
    """Give accounts opened after the rule was set the same lines."""
    if await queries.has_rule(session, estate_id=estate_id, utility=utility):
        rule = await queries.rule(session, estate_id=estate_id, utility=utility)
        await _hold_accounts(session, estate_id=estate_id, utility=utility)
        await wallets.watch_balances(session, estate_id=estate_id, utility=utility, lines=rule.lines, now=now)
