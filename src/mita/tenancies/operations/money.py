"""What a wallet holds leaves it at a handover, and comes back when that is undone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mita.estates import queries as estate_queries
from mita.kit.errors import Conflict, NotFound
from mita.ledger import operations as ledger
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, JournalKind
from mita.ledger.operations import Counter, Line, Movement, Order
from mita.tenancies.domain import Moved, in_undoing_order
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import GENERAL
from mita.wallets.operations.debt import end_paid_plan
from mita.wallets.operations.rows import hold_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.tenancies.domain import Done

# what falls due by the calendar does not keep a handover from being undone
_BY_CALENDAR = frozenset({EntryKind.STANDING_CHARGE, EntryKind.DEMAND, EntryKind.MINIMUM})


class NotUndoable(Conflict):
    """Somebody paid or used something since, moved in or out again, or it was undone before."""

    code = "handover_not_undoable"
    title = "The handover can no longer be undone"


def leaver_code(occupancy_id: int) -> str:
    """Return the code of the account of whoever lived in a unit: what is owed to them, or by them."""
    return f"occupancy:{occupancy_id}"


def vacancy_code(unit_id: int) -> str:
    """Return the code of the account of what a unit cost while nobody lived there."""
    return f"vacancy:{unit_id}"


async def empty_wallet(
    session: AsyncSession, *, estate_id: int, wallet_id: int, into: str, memo: str, actor: str, now: datetime
) -> tuple[int, list[Moved]]:
    """Bring all accounts of a wallet to zero, into the account of a code; return its id and what moved.

    Emergency credit and debts count. Balances below zero move too: then the account owes.

    :raises mita.ledger.operations.NotEnough: if money of the wallet is held
    :raises mita.ledger.operations.StaleHeads: if an account moved meanwhile (roll back and repeat)
    """
    estate = await estate_queries.estate(session, estate_id=estate_id)
    opened = await ledger.open_accounts(session, estate_id=estate_id, codes=[into], currency=estate.currency)
    utility_of = await _accounts(session, estate_id=estate_id, wallet_id=wallet_id)
    held = await hold_rows(session, estate_id=estate_id, account_ids=[*utility_of, opened[into]])
    amounts = {
        account_id: held[account_id].posted_micro - held[account_id].accrued_micro
        for account_id in utility_of
        if held[account_id].posted_micro != held[account_id].accrued_micro
    }
    if not amounts:
        return opened[into], []
    lines = [Line(account_id, -amount, EntryKind.HANDOVER) for account_id, amount in amounts.items()]
    if total := sum(amounts.values()):
        lines.append(Line(opened[into], total, EntryKind.HANDOVER))
    movement = Movement(kind=JournalKind.HANDOVER, lines=lines, actor=actor, memo=memo)
    booked = await ledger.book(session, estate_id=estate_id, movement=movement, now=now)
    await end_paid_plan(session, estate_id=estate_id, wallet_id=wallet_id, now=now)
    return opened[into], [
        Moved(account_id, utility_of[account_id], amount, booked.seqs[account_id])
        for account_id, amount in amounts.items()
    ]


async def _accounts(session: AsyncSession, *, estate_id: int, wallet_id: int) -> dict[int, str]:
    """Return a wallet's accounts with what each is for: a utility, general, emergency or debt."""
    own = await wallet_queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id])
    found = {each.account_id: each.utility for each in own}
    codes = {f"emergency:{wallet_id}": "emergency", wallet_queries.debt_code(wallet_id): "debt"}
    owed = await ledger_queries.account_codes(session, estate_id=estate_id, codes=list(codes))
    return found | {row.account_id: codes[code] for code, row in owed.items()}


async def pay_back(
    session: AsyncSession, *, estate_id: int, account_id: int, order: Order, now: datetime
) -> list[int]:
    """Pay out what a leaver's account holds; return (account, seq) of the entry by which it left."""
    booked = await ledger.pay_out(session, estate_id=estate_id, account_id=account_id, order=order, now=now)
    return [account_id, booked.seqs[account_id]]


async def carry(
    session: AsyncSession,
    *,
    estate_id: int,
    account_id: int,
    to_person_id: int,
    but_unit_id: int,
    total_micro: int,
    order: Order,
    day: date,
    now: datetime,
) -> list[int]:
    """Move what a leaver's account holds, or owes, to the wallet of another unit that a person lives in.

    :raises NotFound: if the person does not live in one other unit of the estate that has a wallet
    :raises mita.ledger.operations.NotEnough: if that wallet's general account cannot pay what is owed
    """
    of = estate_queries.Of(person_id=to_person_id)
    lived = await estate_queries.occupancies(session, estate_id=estate_id, of=of)
    units = {
        row.unit_id
        for row in lived
        if row.is_main and row.unit_id != but_unit_id and row.from_on <= day
        if row.until_on is None or day < row.until_on
    }
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, unit_ids=sorted(units))
    general = [each.account_id for each in accounts if each.is_general]
    if len(general) != 1:
        raise NotFound(f"person {to_person_id} lives in no other unit of the estate, or in several")
    giving, taking = (account_id, general[0]) if total_micro > 0 else (general[0], account_id)
    booked = await ledger.transfer(
        session, estate_id=estate_id, from_id=giving, to_id=taking, order=order, now=now
    )
    return [account_id, booked.seqs[account_id]]


async def seqs_of(session: AsyncSession, *, estate_id: int, wallet_id: int) -> dict[str, int]:
    """Return the seq of the newest entry of each account of a wallet, by its id as JSON has keys."""
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id])
    heads = await ledger_queries.heads(
        session, estate_id=estate_id, account_ids=[each.account_id for each in accounts]
    )
    return {
        str(account_id): seq
        for account_id, seq in zip(heads.account_id.tolist(), heads.seq.tolist(), strict=True)
    }


async def refuse_if_moved(session: AsyncSession, *, estate_id: int, done: Done) -> None:
    """Refuse where the wallet was paid into, spent from or charged since a handover.

    :raises NotUndoable: if it was
    """
    now_there = await ledger_queries.heads(
        session, estate_id=estate_id, account_ids=[int(each) for each in done.seqs], lock=True
    )
    if now_there.accrued_micro.any():
        raise NotUndoable("the unit used something since")
    for account_id, seq in done.seqs.items():
        newer = await ledger_queries.entries(
            session, estate_id=estate_id, account_id=int(account_id), limit=100
        )
        for row in newer:
            entry = row[0]
            if entry.seq > seq and EntryKind(entry.kind) not in _BY_CALENDAR:
                raise NotUndoable(f"the wallet has an entry since: {EntryKind(entry.kind).shown}")


async def give_back(
    session: AsyncSession, *, estate_id: int, done: Done, reason: str, actor: str, now: datetime
) -> None:
    """Reverse what a handover moved: what left last comes back first, the general account at the end.

    :raises mita.ledger.operations.AlreadyReversed: if somebody reversed some of it by hand
    """
    by: dict[str, Any] = {"estate_id": estate_id, "reason": reason, "actor": actor, "now": now}
    if done.out is not None:
        await ledger.reverse_entry(session, account_id=done.out[0], seq=done.out[1], **by)
    moved: Sequence[Mapping[str, Any]] = in_undoing_order(done.moved, general=GENERAL)
    assert done.into_account_id is not None or not moved, "money went somewhere"
    for each in moved:
        counter = Counter(int(done.into_account_id or 0), -each["amount_micro"])
        await ledger.reverse_entry(
            session, account_id=each["account_id"], seq=each["seq"], counters=[counter], **by
        )
