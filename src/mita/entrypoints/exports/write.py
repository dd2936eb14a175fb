"""An estate's general ledger is written to a file, row by row, from one snapshot of the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import IO, TYPE_CHECKING

from mita.entrypoints.exports.seal import seal_path, seal_text
from mita.entrypoints.exports.whole import whole_file
from mita.kit.zones import zone
from mita.ledger import queries
from mita.ledger.domain import CheckpointKind, JournalKind, read_leaves, sign_checkpoint
from mita.ledger.domain.beancount import (
    NamedAccount,
    ToldJournal,
    balance_text,
    beancount_names,
    head_text,
    journal_text,
    open_text,
)
from mita.ledger.domain.chart import Names, account_name
from mita.ledger.domain.export import COLUMNS, ExportSeal, Opening
from mita.wallets.queries import account_names

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, tzinfo
    from pathlib import Path

    from sqlalchemy.ext.asyncio import AsyncSession

    from mita.estates.models import Estate
    from mita.ledger.domain import Signer

    Progress = Callable[[int], None]

FIRST_MONTH, LAST_MONTH = date(1970, 1, 1), date(9999, 12, 1)


@dataclass(frozen=True, slots=True)
class Written:
    """What went into a file."""

    entries: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Span:
    """The months of an export, both ends in it, where chains stood before, and the leaves after them."""

    first: date
    last: date
    leaves: bytes
    openings: dict[int, Opening]
    kind: CheckpointKind = CheckpointKind.MANUAL
    closed: date | None = None


async def whole_ledger(session: AsyncSession, *, estate_id: int) -> Span:
    """Return everything that an estate's ledger holds now; what was archived is in files of its own."""
    leaves = await queries.checkpoint_leaves(session, estate_id=estate_id)
    openings = await queries.kept_openings(session, estate_id=estate_id)
    return Span(FIRST_MONTH, LAST_MONTH, leaves, openings)


async def write_csv(
    session: AsyncSession,
    *,
    estate: Estate,
    span: Span,
    path: Path,
    signer: Signer,
    is_forced: bool,
    progress: Progress,
    now: datetime,
) -> Written:
    """Write every entry with every hashed field, and beside it the checkpoint of the same snapshot.

    ``session`` is a snapshot. ``progress`` is told how many rows are written.

    :raises mita.entrypoints.exports.whole.FileIsThere: if a file would be overwritten
    """
    codes = await queries.codes_by_id(session, estate_id=estate.estate_id)
    names = await account_names(session, estate_id=estate.estate_id, codes=codes.values())
    signed = sign_checkpoint(
        span.leaves,
        estate_id=estate.estate_id,
        kind=span.kind,
        period=span.closed,
        taken_at=now,
        signer=signer,
    )
    seal = ExportSeal(signed.note, span.leaves, span.openings)
    rows = 0
    # the export appears first: a checkpoint without its export would look like a lost file
    with whole_file(seal_path(path), is_forced=is_forced) as beside:
        beside.write(seal_text(seal, key=signer.key, estate=estate.name).encode())
        with whole_file(path, is_forced=is_forced) as file:
            file.write((",".join(COLUMNS) + "\n").encode())
            async for piece in queries.exported_rows(
                session,
                estate_id=estate.estate_id,
                names={number: account_name(code, names=names) for number, code in codes.items()},
                first=span.first,
                last=span.last,
            ):
                file.write(piece)
                rows += piece.count(b"\n")
                progress(rows)
    before = sum(opening.seq for opening in span.openings.values())
    entries = sum(read_leaves(span.leaves)["head_seq"].tolist()) - before
    return Written(entries, len(read_leaves(span.leaves)))


async def write_beancount(
    session: AsyncSession, *, estate: Estate, span: Span, path: Path, is_forced: bool, progress: Progress
) -> Written:
    """Write every journal in Beancount's text, and at the end the balance of every account.

    ``session`` is a snapshot. ``progress`` is told how many entries are written.

    :raises mita.entrypoints.exports.whole.FileIsThere: if a file would be overwritten
    """
    codes = await queries.codes_by_id(session, estate_id=estate.estate_id)
    names = await account_names(session, estate_id=estate.estate_id, codes=codes.values())
    local = zone(estate.time_zone)
    since = await _first_day(session, estate=estate, local=local)
    called = beancount_names(codes, names=names)
    with whole_file(path, is_forced=is_forced) as file:
        file.write(head_text(title=estate.name, currency=estate.currency, since=since).encode())
        for account in _accounts(codes, called, names=names, since=since, currency=estate.currency):
            file.write(open_text(account).encode())
        file.write(_brought_forward(span, called, day=since, currency=estate.currency).encode())
        entries, newest = await _write_journals(
            session, file, estate=estate, called=called, local=local, progress=progress
        )
        file.write(b"\n")
        day = max(newest or since, since) + timedelta(days=1)
        for leaf in read_leaves(span.leaves):
            text = balance_text(
                called[int(leaf["account_id"])],
                balance_micro=int(leaf["posted_micro"]),
                currency=estate.currency,
                day=day,
            )
            file.write(text.encode())
    return Written(entries, len(codes))


async def _first_day(session: AsyncSession, *, estate: Estate, local: tzinfo) -> date:
    """Return the first day that anything was booked on, or that of the estate."""
    day = estate.created_at.astimezone(local).date()
    first = await queries.first_booked_at(session, estate_id=estate.estate_id)
    return day if first is None else min(day, first.astimezone(local).date())


def _accounts(
    codes: dict[int, str], called: dict[int, str], *, names: Names, since: date, currency: str
) -> list[NamedAccount]:
    return [
        NamedAccount(called[account_id], code, account_name(code, names=names), since, currency)
        for account_id, code in codes.items()
    ]


def _brought_forward(span: Span, called: dict[int, str], *, day: date, currency: str) -> str:
    """Return one transaction with all balances of what was archived; they sum to zero as a journal does."""
    lines = [(called[number], opening.balance_micro) for number, opening in sorted(span.openings.items())]
    if not any(amount for _, amount in lines):
        return ""
    told = ToldJournal(None, day, "brought_forward", "", "Balances of archived months", currency)
    return journal_text(told, lines=lines)


async def _write_journals(
    session: AsyncSession,
    file: IO[bytes],
    *,
    estate: Estate,
    called: dict[int, str],
    local: tzinfo,
    progress: Progress,
) -> tuple[int, date | None]:
    """Write the journals; return how many entries they have, and the day of the newest."""
    entries, newest = 0, None
    kinds = {int(kind): kind.shown for kind in JournalKind}
    async for journal in queries.exported_journals(session, estate_id=estate.estate_id):
        newest = journal.booked_at.astimezone(local).date()
        told = ToldJournal(
            journal.journal_id,
            newest,
            kinds.get(journal.kind, str(journal.kind)),
            journal.actor,
            journal.memo,
            journal.currency,
        )
        lines = zip([called[number] for number in journal.accounts], journal.amounts, strict=True)
        file.write(journal_text(told, lines=lines).encode())
        entries += len(journal.accounts)
        progress(entries)
    return entries, newest
