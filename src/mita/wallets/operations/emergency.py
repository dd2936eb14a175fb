"""Emergency credit: one draw at a time, when a utility is low or out; the next top-up repays it first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert as pg_insert

from mita.estates import queries as estate_queries
from mita.kit.errors import Conflict, Invalid
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.wallets import queries
from mita.wallets.domain import WHO, Standing
from mita.wallets.models import EmergencyRule
from mita.wallets.operations.accounts import wallet_account
from mita.wallets.operations.rows import hold_rows

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.wallets.domain import Emergency

EMERGENCY_MICRO_MAX = 10**12


class NoEmergencyCredit(Conflict):
    """The estate gives no emergency credit now, or the wallet has not repaid the last one."""

    code = "no_emergency_credit"
    title = "There is no emergency credit to draw"


class NotLow(Conflict):
    """Emergency credit is for a utility that is low or out, and this one is not."""

    code = "balance_not_low"
    title = "The balance is not low"


async def set_emergency_rule(
    session: AsyncSession, *, estate_id: int, rule: Emergency, now: datetime
) -> None:
    """Set how much emergency credit an estate gives, and who may draw it.

    :raises Invalid: if the amount is not positive or too large, or nobody is called so
    """
    if not 0 < rule.amount_micro <= EMERGENCY_MICRO_MAX:
        raise Invalid("amount must be above zero and at most 1,000,000", problems=[{"path": "amount"}])
    if rule.who not in WHO:
        raise Invalid(f"who must be one of {', '.join(WHO)}", problems=[{"path": "who"}])
    values = {
        "is_on": rule.is_on,
        "amount_micro": rule.amount_micro,
        "who": rule.who,
        "updated_at": now,
    }
    statement = pg_insert(EmergencyRule).values(estate_id=estate_id, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["estate_id"], set_=values))


async def draw_emergency_credit(
    session: AsyncSession,
    *,
    estate_id: int,
    wallet_id: int,
    utility: str | None,
    key: str,
    actor: str,
    now: datetime,
) -> tuple[UUID, int, bool]:
    """Give a utility (None: the wallet's only one) the estate's emergency credit, once per ``key``.

    Who may ask is for the caller to know. Returns the journal, the micro-money, and whether it is a repeat.

    :raises NoEmergencyCredit: if the estate gives none, or the wallet still owes the last one
    :raises NotLow: if the utility is in credit
    :raises mita.wallets.operations.UtilityNotInWallet: if the utility must be named or has no account
    :raises mita.ledger.operations.KeyReused: if the key was used for another draw
    """
    rule = await queries.emergency_rule(session, estate_id=estate_id)
    account = await wallet_account(session, estate_id=estate_id, wallet_id=wallet_id, utility=utility)
    estate = await estate_queries.estate(session, estate_id=estate_id)
    code = queries.emergency_code(wallet_id)
    opened = await ledger.open_accounts(session, estate_id=estate_id, codes=[code], currency=estate.currency)
    held = await hold_rows(session, estate_id=estate_id, account_ids=[account.account_id, opened[code]])
    amount = rule.amount_micro
    if await ledger_queries.request(session, estate_id=estate_id, scope="emergency", key=key) is None:
        if not rule.is_on:
            raise NoEmergencyCredit(f"estate {estate_id} gives no emergency credit")
        if held[opened[code]].posted_micro < 0:
            raise NoEmergencyCredit(f"wallet {wallet_id} has not repaid its last emergency credit")
        account = await wallet_account(session, estate_id=estate_id, wallet_id=wallet_id, utility=utility)
        if account.standing is Standing.IN_CREDIT:
            raise NotLow(f"{account.utility} of wallet {wallet_id} is in credit")
    movement = Movement(
        kind=JournalKind.EMERGENCY,
        lines=[
            Line(account.account_id, amount, EntryKind.EMERGENCY),
            Line(opened[code], -amount, EntryKind.EMERGENCY),
        ],
        actor=actor,
        memo="emergency credit",
        key=key,
        scope="emergency",
        body=[wallet_id, utility],
    )
    booked = await ledger.book(session, estate_id=estate_id, movement=movement, now=now)
    if booked.is_repeat:
        amount = await _drawn(session, estate_id=estate_id, journal_id=booked.journal_id)
    return booked.journal_id, amount, booked.is_repeat


async def _drawn(session: AsyncSession, *, estate_id: int, journal_id: UUID) -> int:
    journal = await ledger_queries.journal(session, estate_id=estate_id, journal_id=journal_id)
    entries = await ledger_queries.journal_entries(session, of=journal, limit=2)
    return max(int(entry.amount_micro) for entry in entries)
