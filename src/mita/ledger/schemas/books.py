"""Shapes of the books: accounts, trial balance, journals, statements."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.kit.money import format_micro
from mita.kit.shapes import Id, Instant, Money, Shape, money
from mita.ledger.domain import EntryKind, JournalKind, SourceKind
from mita.ledger.domain.chart import NO_NAMES, Names, account_class, account_name
from mita.ledger.models import Account, Journal
from mita.ledger.queries.books import BalanceLine
from mita.ledger.queries.statement import Statement

ClassWord = Literal["asset", "liability", "equity", "income", "expense"]
SideWord = Literal["debit", "credit"]
Month = Annotated[str, StringConstraints(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
_HEX = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
_CODE = Field(examples=["wallet:7:electricity"])
_NAME = Field(examples=["Wallet of U12, electricity"])


def first_day(month: str) -> date:
    """Return the first day of a :data:`Month`."""
    return date(int(month[:4]), int(month[5:]), 1)


class AccountOut(Shape):
    """One account of the chart. Plus is credit: what the estate owes, or has earned."""

    account_id: Id
    code: str = _CODE
    name: str = _NAME
    kind: ClassWord = Field(alias="class", description="What it is in double entry")
    normal_side: SideWord = Field(description="The side it usually stands on")
    posted: Money = Field(description="The balance of its entries")
    held: Money = Field(description="Authorised and not yet posted")
    available: Money = Field(description="posted less held")
    head_seq: int = Field(description="Entries in its chain", examples=[42])


class TrialBalanceLine(Shape):
    """One account in a trial balance."""

    account_id: Id
    code: str = _CODE
    name: str = _NAME
    kind: ClassWord = Field(alias="class")
    opening: Money
    debit: Money = Field(description="Sum of the entries below zero, counted above zero")
    credit: Money = Field(description="Sum of the entries above zero")
    closing: Money = Field(description="opening less debit plus credit")


class TrialBalanceOut(Shape):
    """Every account of one month, or as of now. ``balanced``: debits equal credits, balances sum to zero."""

    period: str | None = Field(description="Null: as of now, each balance on its side", examples=["2026-10"])
    accounts: list[TrialBalanceLine]
    debit: Money
    credit: Money
    balanced: bool


class JournalOut(Shape):
    """Why money moved, and who moved it."""

    journal_id: UUID
    kind: str = Field(examples=["top_up"])
    actor: str = Field(examples=["staff:console"])
    memo: str = Field(examples=["eft: Receipt 1042"])
    idempotency_key: str | None = Field(examples=["receipt-1042"])
    booked_at: Instant
    period: str = Field(examples=["2026-10"])


class JournalEntryOut(Shape):
    """One line of a journal."""

    line: int = Field(examples=[0])
    account_id: Id
    code: str = _CODE
    name: str = _NAME
    seq: int = Field(description="Place in the account's chain, from 1", examples=[42])
    kind: str = Field(examples=["top_up"])
    amount: Money
    balance_after: Money
    quantity: str = Field(description="In the utility's base unit", examples=["1.500000"])
    event_at: Instant
    source_kind: str = Field(examples=["register"])
    source_id: int = Field(examples=[3])
    hash: str = Field(description="In the account's chain, in hex", examples=[_HEX])
    previous_hash: str | None = Field(
        description="That of the entry before; null of the first one, and where that was archived",
        examples=[_HEX],
    )


class JournalDetail(JournalOut):
    """A journal with some of its lines; ``next`` is the ``after_line`` that continues them."""

    entries: list[JournalEntryOut]
    next: int | None = Field(examples=[None])


class StatementEntry(Shape):
    """One line of a statement with the balance after it."""

    seq: int = Field(examples=[42])
    kind: str = Field(examples=["charge"])
    amount: Money
    balance_after: Money
    quantity: str = Field(description="In the utility's base unit", examples=["1.500000"])
    event_at: Instant
    booked_at: Instant
    journal_id: UUID
    journal_kind: str = Field(examples=["charge"])
    actor: str = Field(examples=["system:charging"])
    memo: str = Field(examples=["eft: Receipt 1042"])


class StatementOut(Shape):
    """An account between two instants of ``booked_at``. The balances are those of the whole span."""

    account_id: Id
    code: str = _CODE
    name: str = _NAME
    since: Instant = Field(alias="from")
    until: Instant = Field(alias="to", description="Not in the span")
    opening: Money
    closing: Money
    entries_total: int = Field(description="Entries in the whole span", examples=[120])
    is_archived: bool = Field(
        description="Earlier entries were archived; the statement begins after them", examples=[False]
    )
    items: list[StatementEntry]
    next: int | None = Field(description="The cursor that continues the items", examples=[None])


def _word(kinds: type[EntryKind | JournalKind | SourceKind], number: int) -> str:
    """Return the word of a kind; one that a newer version wrote stands as its number."""
    try:
        return kinds(number).name.lower()
    except ValueError:
        return str(number)


def account_out(row: Account, *, names: Names = NO_NAMES) -> AccountOut:
    """Return an account as JSON shows it."""
    kind = account_class(row.code)
    return AccountOut(
        account_id=row.account_id,
        code=row.code,
        name=account_name(row.code, names=names),
        kind=kind.value,
        normal_side=kind.normal_side.value,
        posted=money(row.posted_micro, currency=row.currency),
        held=money(row.held_micro, currency=row.currency),
        available=money(row.posted_micro - row.held_micro, currency=row.currency),
        head_seq=row.head_seq,
    )


def trial_balance_out(
    lines: Sequence[BalanceLine], *, period: str | None, currency: str, names: Names
) -> TrialBalanceOut:
    """Return a trial balance as JSON shows it."""
    debit_micro = sum(line.debit_micro for line in lines)
    credit_micro = sum(line.credit_micro for line in lines)
    balances = (sum(line.opening_micro for line in lines), sum(line.closing_micro for line in lines))
    return TrialBalanceOut(
        period=period,
        accounts=[
            TrialBalanceLine(
                account_id=line.account_id,
                code=line.code,
                name=account_name(line.code, names=names),
                kind=account_class(line.code).value,
                opening=money(line.opening_micro, currency=line.currency),
                debit=money(line.debit_micro, currency=line.currency),
                credit=money(line.credit_micro, currency=line.currency),
                closing=money(line.closing_micro, currency=line.currency),
            )
            for line in lines
        ],
        debit=money(debit_micro, currency=currency),
        credit=money(credit_micro, currency=currency),
        balanced=debit_micro == credit_micro and balances == (0, 0),
    )


def _journal_fields(row: Journal) -> dict[str, Any]:
    return {
        "journal_id": row.journal_id,
        "kind": _word(JournalKind, row.kind),
        "actor": row.actor,
        "memo": row.memo,
        "idempotency_key": row.idempotency_key or None,
        "booked_at": row.booked_at,
        "period": f"{row.period:%Y-%m}",
    }


def journal_out(row: Journal) -> JournalOut:
    """Return a journal as JSON shows it."""
    return JournalOut(**_journal_fields(row))


def journal_detail(
    row: Journal, *, entries: Sequence[Any], names: Names, next_line: int | None
) -> JournalDetail:
    """Return a journal with its lines as JSON shows it."""
    shown = [
        JournalEntryOut(
            line=each.line,
            account_id=each.account_id,
            code=each.code,
            name=account_name(each.code, names=names),
            seq=each.seq,
            kind=_word(EntryKind, each.kind),
            amount=money(each.amount_micro, currency=row.currency),
            balance_after=money(each.balance_after_micro, currency=row.currency),
            quantity=format_micro(each.quantity_micro),
            event_at=each.event_at,
            source_kind=_word(SourceKind, each.source_kind),
            source_id=each.source_id,
            hash=bytes(each.hash).hex(),
            previous_hash=None if each.previous_hash is None else bytes(each.previous_hash).hex(),
        )
        for each in entries
    ]
    return JournalDetail(**_journal_fields(row), entries=shown, next=next_line)


def statement_out(found: Statement, *, since: datetime, until: datetime, names: Names) -> StatementOut:
    """Return a statement as JSON shows it."""
    account, currency = found.account, found.account.currency
    items = [
        StatementEntry(
            seq=each.seq,
            kind=_word(EntryKind, each.kind),
            amount=money(each.amount_micro, currency=currency),
            balance_after=money(each.balance_after_micro, currency=currency),
            quantity=format_micro(each.quantity_micro),
            event_at=each.event_at,
            booked_at=each.booked_at,
            journal_id=each.journal_id,
            journal_kind=_word(JournalKind, each.journal_kind),
            actor=each.actor,
            memo=each.memo,
        )
        for each in found.entries
    ]
    return StatementOut(
        account_id=account.account_id,
        code=account.code,
        name=account_name(account.code, names=names),
        since=since,
        until=until,
        opening=money(found.opening_micro, currency=currency),
        closing=money(found.closing_micro, currency=currency),
        entries_total=found.last_seq - found.first_seq + 1,
        is_archived=found.is_archived,
        items=items,
        next=items[-1].seq if items and items[-1].seq < found.last_seq else None,
    )
