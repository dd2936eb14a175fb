"""How top-ups are spread over a wallet's accounts: rules are set, residents choose, lines are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.kit.errors import Conflict, Invalid
from mita.ledger import queries as ledger_queries
from mita.ledger.operations import Line
from mita.metering.domain import UTILITIES
from mita.wallets import queries
from mita.wallets.domain import Allocation, AllocationRules, allocate
from mita.wallets.models import AllocationRule, WalletAllocation

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.domain import EntryKind
    from mita.wallets.queries import AccountInfo


class ChoiceNotOffered(Conflict):
    """The estate does not let residents choose how their top-ups are spread."""

    code = "choice_not_offered"
    title = "The estate does not offer this choice"


async def set_allocation_rules(
    session: AsyncSession, *, estate_id: int, rules: AllocationRules, now: datetime
) -> None:
    """Set how an estate spreads top-ups, whether residents may choose, and how much covers a utility.

    :raises Invalid: if the rule contradicts itself
    """
    assert rules.allocation is not None, "a rule says how"
    _check(rules.allocation)
    values = {
        "kind": rules.allocation.kind,
        "shares": dict(rules.allocation.shares),
        "residents_may_choose": rules.residents_may_choose,
        "cover_micro": rules.cover_micro,
        "updated_at": now,
    }
    statement = pg_insert(AllocationRule).values(estate_id=estate_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["estate_id"], set_=values))


async def choose_allocation(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    allocation: Allocation,
    actor: str,
    now: datetime,
) -> None:
    """Let a wallet's top-ups be spread as its resident wants; it counts while the estate allows it.

    :raises ChoiceNotOffered: if the estate does not let residents choose
    :raises Invalid: if the choice contradicts itself
    :raises mita.kit.errors.NotFound: if there is no such wallet
    """
    await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    _check(allocation)
    if not (await queries.allocation_rules(session, estate_id=estate_id)).residents_may_choose:
        raise ChoiceNotOffered(f"estate {estate_id} spreads top-ups by its own rule")
    values = {
        "kind": allocation.kind,
        "shares": dict(allocation.shares),
        "chosen_by": actor,
        "updated_at": now,
    }
    statement = pg_insert(WalletAllocation).values(estate_id=estate_id, wallet_id=wallet_id, **values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["estate_id", "wallet_id"], set_=values)
    )


def _check(allocation: Allocation) -> None:
    problems = allocation.problems()
    if strange := sorted(set(allocation.shares) - set(UTILITIES)):
        problems.append(f"{', '.join(strange)}: no utility")
    if problems:
        raise Invalid("; ".join(problems), problems=[{"path": "shares", "message": p} for p in problems])


async def credit_lines(
    session: AsyncSession, *, estate_id: int, wallet_id: int, amount_micro: int, kind: EntryKind
) -> list[Line]:
    """Return the lines that bring an amount to a wallet, spread as its top-ups are.

    Nothing is repaid or recovered out of it, and no row is held: it is other people's money on its way.

    :raises mita.kit.errors.NotFound: if there is no such wallet
    """
    await queries.wallet(session, estate_id=estate_id, wallet_id=wallet_id)
    accounts = await queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id])
    parts = await spread(session, estate_id=estate_id, accounts=accounts, amount_micro=amount_micro)
    account_ids = {each.utility: each.account_id for each in accounts}
    return [Line(account_ids[word], part, kind) for word, part in parts.items()]


async def spread(
    session: AsyncSession, *, estate_id: int, accounts: list[AccountInfo], amount_micro: int
) -> dict[str, int]:
    """Return what each of a wallet's ``accounts`` (all of them) gets of an amount, by utility."""
    allocation = await queries.allocation_in_force(
        session, estate_id=estate_id, wallet_id=accounts[0].wallet_id
    )
    balances = await ledger_queries.balances(
        session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
    )
    by_word = {each.utility: balances[each.account_id] for each in accounts}
    return allocate(amount_micro, allocation=allocation, balances_micro=by_word)
