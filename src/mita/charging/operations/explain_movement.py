"""Why money moved that is no charge: who moved it, from which account to which."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import text

from mita.charging.domain.explained import Mirrored, Mover
from mita.kit.errors import NotFound
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind
from mita.ledger.domain.chart import Names, account_words
from mita.metering.domain import BASE_UNIT
from mita.wallets import queries as wallet_queries
from mita.wallets.domain import GENERAL, account_code

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.domain.explained import Explained, MoverKind
    from mita.ledger.domain.chart import AccountWords
    from mita.ledger.queries import StoredEntry

_NAMED_MAX = 3
_BY: dict[str, MoverKind] = {"staff": "staff", "key": "key", "system": "system"}
# a reader who sees no account but their own is told the names of others by the database itself
_NAMES = text("SELECT side, code, name FROM entry_names(:estate_id, :account_id, :seq, :most)")


async def explain_movement(
    session: AsyncSession, *, entry: StoredEntry, wallet_id: int, plain: Explained
) -> Explained:
    """Return an entry with who moved it, and the names of its account and of those on the other side.

    Three of them at most, without amounts: what else a journal moved is not the reader's. Of money that came
    in, also what of it went to the wallet's other accounts and to what it owes.
    """
    account = await ledger_queries.account(session, estate_id=entry.estate_id, account_id=entry.account_id)
    own = [account_code(wallet_id=wallet_id, utility=utility) for utility in (*BASE_UNIT, GENERAL)]
    own += [wallet_queries.emergency_code(wallet_id), wallet_queries.debt_code(wallet_id)]
    beside: list[tuple[str, int]] = []
    if entry.kind == EntryKind.TOP_UP:
        beside = await ledger_queries.lines_beside(session, entry=entry, codes=own)
    names = await wallet_queries.account_names(
        session, estate_id=entry.estate_id, codes=[account.code, *(code for code, _ in beside)]
    )
    asked = {"estate_id": entry.estate_id, "account_id": entry.account_id, "seq": entry.seq}
    rows = (await session.execute(_NAMES, {**asked, "most": _NAMED_MAX + 1})).all()
    movers = [who_moved(row.code, name=row.name) for row in rows if row.side == "mover"]
    others = [_named(row.code, name=row.name) for row in rows if row.side == "other"]
    return replace(
        plain,
        mover=movers[0] if movers else None,
        account=account_words(account.code, names=names),
        others=tuple(others[:_NAMED_MAX]),
        beside=tuple((account_words(code, names=names), amount_micro) for code, amount_micro in beside),
        more=len(others) > _NAMED_MAX,
        of=await _mirrored(session, entry=entry, seq=plain.of_seq),
    )


def _named(code: str, *, name: str | None) -> AccountWords:
    """Return an account in words; ``name`` is the unit's or the group's that its code numbers."""
    first, number, *_ = f"{code}:".split(":")
    known = {int(number): name} if name is not None and number.isdecimal() else {}
    names = Names(group=known) if first == "group" else Names(unit_by_wallet=known)
    return account_words(code, names=names)


async def _mirrored(session: AsyncSession, *, entry: StoredEntry, seq: int | None) -> Mirrored | None:
    if seq is None:
        return None
    try:
        found = await ledger_queries.entry(
            session, estate_id=entry.estate_id, account_id=entry.account_id, seq=seq
        )
    except NotFound:  # its month was archived
        return None
    return Mirrored(found.kind.shown, found.amount_micro, found.event_at)


def who_moved(actor: str, *, name: str | None) -> Mover:
    """Return who an actor of a journal is; ``name`` is the person's, None where it is nobody's."""
    own, _, behind = actor.partition(" by ")
    kind: MoverKind = "person" if name else _BY.get(own.partition(":")[0], "somebody")
    return Mover(kind, name or "", is_support=bool(behind))
