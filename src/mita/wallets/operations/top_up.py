"""Money comes into a wallet: what is owed first, the rest as the wallet's allocation says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID  # noqa: TC003 - a field of a result

from mita.estates import queries as estate_queries
from mita.kit.errors import Invalid
from mita.kit.events import publish
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Line, Movement
from mita.wallets import queries
from mita.wallets.domain import GENERAL, Receipt, divide_receipt
from mita.wallets.events import TopUpReceived
from mita.wallets.operations.accounts import UtilityNotInWallet
from mita.wallets.operations.allocation import spread
from mita.wallets.operations.debt import end_paid_plan
from mita.wallets.operations.rows import hold_rows

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.ledger.operations import Booked
    from mita.wallets.queries import AccountInfo

TOP_UP_MICRO_MAX = 10**15
# staff receives the first two; the last is pretend money of demonstrations
METHODS = ("cash", "eft", "sandbox")
_LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class TopUp:
    """A receipt to book: positive micro-money received by ``method``.

    With a ``utility`` (or ``general``) what is left after debts goes there whole.
    """

    wallet_id: int
    amount_micro: int
    method: str
    reference: str
    utility: str | None = None

    @property
    def body(self) -> list[object]:
        """What a repeat of the receipt must say again."""
        return [self.wallet_id, self.amount_micro, self.method, self.reference, self.utility]


@dataclass(frozen=True, slots=True)
class ToppedUp:
    """What a top-up did; ``is_repeat`` if the key had been carried out before.

    ``parts_micro`` is what each account got, by utility; ``account_id`` is the one that got most, and
    ``balance_micro`` what it holds now.
    """

    journal_id: UUID
    account_id: int
    balance_micro: int
    is_repeat: bool
    parts_micro: dict[str, int] = field(default_factory=dict)
    repaid_micro: int = 0
    recovered_micro: int = 0


async def receive_top_up(
    session: AsyncSession, *, estate_id: int, top_up: TopUp, idempotency_key: str, actor: str, now: datetime
) -> ToppedUp:
    """Book a receipt to a wallet, once per ``idempotency_key``, as one journal.

    Emergency credit is repaid first, then a debt's percentage recovered; the rest goes to the named utility
    or is spread by the wallet's allocation.

    :raises Invalid: if the amount is not positive, too large, or the method is unknown
    :raises UtilityNotInWallet: if the named utility has no account
    :raises mita.ledger.operations.KeyReused: if the key belongs to another receipt
    """
    if not 0 < top_up.amount_micro <= TOP_UP_MICRO_MAX:
        raise Invalid("amount must be above zero and at most 1,000,000,000", problems=[{"path": "amount"}])
    if top_up.method not in METHODS:
        raise Invalid(f"method must be one of {', '.join(METHODS)}", problems=[{"path": "method"}])
    accounts = await _accounts(session, estate_id=estate_id, top_up=top_up)
    clearing_id = await _hold_accounts(session, estate_id=estate_id, accounts=accounts, method=top_up.method)
    receipt = await _receipt(session, estate_id=estate_id, top_up=top_up)
    parts = await _parts(
        session, estate_id=estate_id, accounts=accounts, top_up=top_up, rest_micro=receipt.rest_micro
    )
    lines = [Line(account.account_id, parts[account.utility], EntryKind.TOP_UP) for account in accounts]
    lines = [line for line in lines if line.amount_micro]
    lines += await _owed_lines(session, estate_id=estate_id, wallet_id=top_up.wallet_id, receipt=receipt)
    lines.append(Line(clearing_id, -top_up.amount_micro, EntryKind.CLEARING))
    movement = Movement(
        kind=JournalKind.TOP_UP,
        lines=lines,
        actor=actor,
        memo=f"{top_up.method}: {top_up.reference}",
        key=idempotency_key,
        scope="top_up",
        body=top_up.body,
    )
    booked = await ledger.book(session, estate_id=estate_id, movement=movement, now=now)
    if booked.is_repeat:
        return await _repeated(session, estate_id=estate_id, booked=booked, accounts=accounts)
    await end_paid_plan(session, estate_id=estate_id, wallet_id=top_up.wallet_id, now=now)
    event = TopUpReceived(
        estate_id,
        top_up.wallet_id,
        accounts[0].unit_id,
        booked.journal_id,
        top_up.method,
        top_up.amount_micro,
    )
    await publish(session, event, now=now)
    return await _topped_up(
        session, estate_id=estate_id, booked=booked, accounts=accounts, parts=parts, receipt=receipt
    )


async def _accounts(session: AsyncSession, *, estate_id: int, top_up: TopUp) -> list[AccountInfo]:
    await queries.wallet(session, estate_id=estate_id, wallet_id=top_up.wallet_id)
    accounts = await queries.accounts(session, estate_id=estate_id, wallet_ids=[top_up.wallet_id])
    words = [account.utility for account in accounts]
    if top_up.utility is not None and top_up.utility not in words:
        have = ", ".join(sorted(words)) or "no account yet"
        raise UtilityNotInWallet(
            f"wallet {top_up.wallet_id} has no account for {top_up.utility}: it has {have}"
        )
    return accounts


async def _hold_accounts(
    session: AsyncSession, *, estate_id: int, accounts: list[AccountInfo], method: str
) -> int:
    """Hold every row that may move, in key order: amounts depend on balances. Return the clearing account."""
    wallet_id = accounts[0].wallet_id
    estate = await estate_queries.estate(session, estate_id=estate_id)
    code = f"clearing:{method}"
    clearing = await ledger.open_accounts(
        session, estate_id=estate_id, codes=[code], currency=estate.currency
    )
    codes = [queries.emergency_code(wallet_id), queries.debt_code(wallet_id)]
    owing = await ledger_queries.account_codes(session, estate_id=estate_id, codes=codes)
    account_ids = [account.account_id for account in accounts]
    account_ids += [account.account_id for account in owing.values()]
    await hold_rows(session, estate_id=estate_id, account_ids=[*account_ids, clearing[code]])
    return clearing[code]


async def _receipt(session: AsyncSession, *, estate_id: int, top_up: TopUp) -> Receipt:
    emergency, debt = await queries.owed(session, estate_id=estate_id, wallet_id=top_up.wallet_id)
    plan = await queries.debt_plan(session, estate_id=estate_id, wallet_id=top_up.wallet_id) if debt else None
    return divide_receipt(
        top_up.amount_micro,
        emergency_micro=emergency,
        debt_micro=debt,
        percent_of_top_ups=0 if plan is None else plan.percent_of_top_ups,
    )


async def _parts(
    session: AsyncSession, *, estate_id: int, accounts: list[AccountInfo], top_up: TopUp, rest_micro: int
) -> dict[str, int]:
    if top_up.utility is None:
        parts = await spread(session, estate_id=estate_id, accounts=accounts, amount_micro=rest_micro)
    else:
        parts = {top_up.utility: rest_micro}
    return {account.utility: parts.get(account.utility, 0) for account in accounts}


async def _owed_lines(
    session: AsyncSession, *, estate_id: int, wallet_id: int, receipt: Receipt
) -> list[Line]:
    wanted = [
        (queries.emergency_code(wallet_id), receipt.repaid_micro, EntryKind.REPAYMENT),
        (queries.debt_code(wallet_id), receipt.recovered_micro, EntryKind.RECOVERY),
    ]
    found = await ledger_queries.account_codes(
        session, estate_id=estate_id, codes=[code for code, amount, _ in wanted if amount]
    )
    return [Line(found[code].account_id, amount, kind) for code, amount, kind in wanted if amount]


async def _topped_up(
    session: AsyncSession,
    *,
    estate_id: int,
    booked: Booked,
    accounts: list[AccountInfo],
    parts: dict[str, int],
    receipt: Receipt,
) -> ToppedUp:
    # what had all of it go to debts shows its first utility
    main = max(accounts, key=lambda each: (parts.get(each.utility, 0), each.utility != GENERAL))
    # a cover may have followed
    balances = await ledger_queries.balances(session, estate_id=estate_id, account_ids=[main.account_id])
    return ToppedUp(
        booked.journal_id,
        main.account_id,
        balances[main.account_id],
        booked.is_repeat,
        {word: part for word, part in parts.items() if part},
        receipt.repaid_micro,
        receipt.recovered_micro,
    )


async def _repeated(
    session: AsyncSession, *, estate_id: int, booked: Booked, accounts: list[AccountInfo]
) -> ToppedUp:
    """Return what the first request did."""
    journal = await ledger_queries.journal(session, estate_id=estate_id, journal_id=booked.journal_id)
    word_of = {account.account_id: account.utility for account in accounts}
    parts: dict[str, int] = {}
    other = {EntryKind.REPAYMENT: 0, EntryKind.RECOVERY: 0}
    for entry in await ledger_queries.journal_entries(session, of=journal, limit=_LINES_MAX):
        kind = EntryKind(entry.kind)
        if kind in other:
            other[kind] += entry.amount_micro
        elif entry.account_id in word_of:
            parts[word_of[entry.account_id]] = entry.amount_micro
    receipt = Receipt(other[EntryKind.REPAYMENT], other[EntryKind.RECOVERY], sum(parts.values()))
    return await _topped_up(
        session, estate_id=estate_id, booked=booked, accounts=accounts, parts=parts, receipt=receipt
    )
