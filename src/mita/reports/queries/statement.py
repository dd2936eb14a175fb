"""The statement of a wallet: all its accounts between two instants of ``booked_at``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.charging import operations as charging
from mita.ledger import queries as ledger_queries
from mita.ledger.domain import EntryKind, SourceKind
from mita.reports.domain import StatementLine
from mita.wallets import queries as wallet_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.charging.operations import Split
    from mita.ledger.queries import StoredEntry
    from mita.wallets.queries import AccountInfo

_ENTRIES_MAX = 50_000
_WITH_QUANTITY = (EntryKind.CHARGE, EntryKind.CORRECTION)


class TooManyEntries(ValueError):
    """More entries than one statement adds up."""


@dataclass(frozen=True, slots=True)
class AccountSpan:
    """An account's balances (micro-money) at both ends.

    ``is_cut``: earlier entries of the span are archived, or not for the caller.
    """

    account: AccountInfo
    opening_micro: int
    closing_micro: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class WalletStatement:
    """What a wallet's accounts held at both ends of a span, and what moved between, by account and kind."""

    accounts: Sequence[AccountSpan]
    lines: Sequence[StatementLine]


async def wallet_statement(
    session: AsyncSession, *, estate_id: int, wallet_id: int, since: datetime, until: datetime
) -> WalletStatement:
    """Return what was booked on a wallet's accounts at ``since`` or later and before ``until``.

    :raises TooManyEntries: if there are more than 50,000 entries
    """
    accounts = await wallet_queries.accounts(session, estate_id=estate_id, wallet_ids=[wallet_id])
    spans, lines, left = list[AccountSpan](), list[StatementLine](), _ENTRIES_MAX
    for each in accounts:
        span = await ledger_queries.statement(
            session, estate_id=estate_id, account_id=each.account_id, since=since, until=until, limit=0
        )
        spans.append(AccountSpan(each, span.opening_micro, span.closing_micro, span.is_archived))
        left -= span.last_seq - span.first_seq + 1
        if left < 0:
            raise TooManyEntries(f"has more than {_ENTRIES_MAX} entries: take a shorter span")
        entries = await ledger_queries.entries_between(
            session,
            estate_id=estate_id,
            account_id=each.account_id,
            first_seq=span.first_seq,
            last_seq=span.last_seq,
            limit=_ENTRIES_MAX,
        )
        lines += await _lines(session, entries, of=each)
    return WalletStatement(spans, lines)


async def _lines(
    session: AsyncSession, entries: Sequence[StoredEntry], *, of: AccountInfo
) -> list[StatementLine]:
    """Return an account's entries added up by kind; what cannot be split has lines of its own."""
    splits = await _splits(session, entries)
    found: dict[tuple[EntryKind, bool], StatementLine] = {}
    for each in entries:
        split = splits.get(each.seq)
        line = found.setdefault((each.kind, split is not None), StatementLine(of.utility, each.kind.shown))
        line.add(
            amount_micro=each.amount_micro,
            quantity_micro=each.quantity_micro if each.kind in _WITH_QUANTITY else 0,
            split=None if split is None else (split.net_micro, split.tax_micro, split.net_by_role),
        )
    return [found[key] for key in sorted(found)]


async def _splits(session: AsyncSession, entries: Sequence[StoredEntry]) -> dict[int, Split]:
    """Return what entries were made of; a reversal is what it reverses, the other way round."""
    mirrored = {
        each.seq: each.source_id
        for each in entries
        if each.kind == EntryKind.REVERSAL and each.source_kind == SourceKind.ENTRY
    }
    known = {each.seq for each in entries}
    asked = list(entries)
    if missing := set(mirrored.values()) - known:
        first = entries[0]
        asked += await ledger_queries.entries_of_seqs(
            session, estate_id=first.estate_id, account_id=first.account_id, seqs=missing
        )
    found = await charging.split_entries(session, entries=asked)
    back = {seq: found[of].reversed for seq, of in mirrored.items() if of in found}
    return {**found, **back}
