"""Shapes of what a wallet spends, and of transactions."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from mita.kit.errors import Invalid
from mita.kit.money import BIGINT_MAX, format_micro, money_text
from mita.kit.shapes import Id, Instant, Money, Quantity, Shape, money, parse_instant, quantity, show_instant
from mita.ledger.domain import EntryKind, JournalKind
from mita.metering.domain import BASE_UNIT
from mita.reports.domain import Lasting, Steps
from mita.reports.queries import Charged
from mita.wallets.queries import AccountInfo

AccountWord = Literal["electricity", "water", "hot_water", "gas", "solar", "general"]
StepWord = Literal["hour", "day", "week", "month"]


class SpentOnKind(Shape):
    """What was spent in one way."""

    kind: str = Field(examples=["standing_charge"])
    amount: Money


class SpentOnUtility(Shape):
    """What was spent on one utility."""

    utility: AccountWord
    amount: Money
    kinds: list[SpentOnKind]
    values: list[str] = Field(description="For each label", examples=[["3.450000"]])


class LastsOut(Shape):
    """How long the wallet's money lasts, and how that was worked out."""

    days: int | None = Field(
        description="Whole days; null where nothing was charged, or too little is known", examples=[6]
    )
    balance: Money = Field(description="Of all accounts of the wallet, now")
    per_day: Money = Field(description="What was charged a day, on average")
    days_counted: int = Field(
        description="The last 28 whole local days, or those since a younger home's first reading",
        examples=[28],
    )
    how: str = Field(examples=["R120.00 at R18.50 a day, the average of the last 28 days"])


class SpendingSummary(Shape):
    """What a wallet was charged, tax included: by utility and kind, by step, and how long its money lasts."""

    wallet_id: Id
    step: StepWord
    first: date = Field(alias="from", description="Whole weeks and months")
    until: date = Field(alias="to")
    total: Money
    average_per_day: Money = Field(description="Over the days of the span that have begun")
    not_posted: Money = Field(description="Used and not posted yet: in none of the others")
    utilities: list[SpentOnUtility]
    labels: list[str] = Field(examples=[["2026-03-01"]])
    values: list[str] = Field(examples=[["3.450000"]])
    lasts: LastsOut


class TransactionOut(Shape):
    """An entry of a wallet's account, with the journal that made it; reversed by account and seq."""

    wallet_id: Id
    unit_id: Id
    utility: AccountWord
    account_id: Id
    seq: int = Field(description="Place in the account's chain, from 1", examples=[42])
    kind: str = Field(examples=["charge"])
    amount: Money = Field(description="Negative takes from the wallet")
    balance_after: Money
    quantity: Quantity | None = Field(description="The consumption that was charged, if any")
    event_at: Instant
    booked_at: Instant
    journal_id: UUID
    journal_kind: str = Field(examples=["top_up"])
    actor: str = Field(examples=["staff:console"])
    memo: str = Field(examples=["eft: Receipt 1042"])


def utilities_out(found: Charged, *, steps: Steps, currency: str) -> list[SpentOnUtility]:
    """Return what was spent by utility, kind and step as JSON shows it."""
    sums: dict[str, dict[EntryKind, int]] = {}
    values: dict[str, list[int]] = {}
    for utility, kind, step, amount_micro in found.lines:
        values.setdefault(utility, [0] * len(steps.labels))[step] += amount_micro
        kinds = sums.setdefault(utility, {})
        kinds[kind] = kinds.get(kind, 0) + amount_micro
    return [
        SpentOnUtility(
            utility=utility,
            amount=money(sum(kinds.values()), currency=currency),
            kinds=[
                SpentOnKind(kind=kind.shown, amount=money(amount, currency=currency))
                for kind, amount in kinds.items()
            ],
            values=[format_micro(each) for each in values[utility]],
        )
        for utility, kinds in sums.items()
    ]


def lasts_out(found: Lasting, *, currency: str) -> LastsOut:
    """Return how long money lasts as JSON shows it, with a sentence."""
    balance, per_day = (
        money_text(each, currency=currency) for each in (found.balance_micro, found.per_day_micro)
    )
    how = f"{balance} at {per_day} a day, the average of the last {found.days_counted} days"
    if found.days is None and found.charged_micro > 0:
        how = "too little is known of what a day costs"
    elif found.days is None:
        how = f"nothing was charged in the last {found.days_counted} days"
    return LastsOut(
        days=found.days,
        balance=money(found.balance_micro, currency=currency),
        per_day=money(found.per_day_micro, currency=currency),
        days_counted=found.days_counted,
        how=how,
    )


def values_of(found: Charged, *, steps: Steps) -> list[str]:
    """Return the amount of each step as JSON shows it."""
    return [format_micro(each) for each in found.by_step(count=len(steps.labels))]


def transactions_out(
    rows: Iterable[Any], *, accounts: dict[int, AccountInfo], currency: str
) -> list[TransactionOut]:
    """Return entries as JSON shows them."""
    return [_transaction(row, of=accounts[row.account_id], currency=currency) for row in rows]


def _transaction(row: Any, *, of: AccountInfo, currency: str) -> TransactionOut:
    has_quantity = row.kind in (EntryKind.CHARGE, EntryKind.CORRECTION) and not of.is_general
    return TransactionOut(
        wallet_id=of.wallet_id,
        unit_id=of.unit_id,
        utility=of.utility,
        account_id=row.account_id,
        seq=row.seq,
        kind=EntryKind(row.kind).shown,
        amount=money(row.amount_micro, currency=currency),
        balance_after=money(row.balance_after_micro, currency=currency),
        quantity=quantity(row.quantity_micro, unit=BASE_UNIT[of.utility]) if has_quantity else None,
        event_at=row.event_at,
        booked_at=row.booked_at,
        journal_id=row.journal_id,
        journal_kind=JournalKind(row.journal_kind).shown,
        actor=row.actor,
        memo=row.memo,
    )


def cursor_of(item: TransactionOut) -> str:
    """Return the cursor that continues after a transaction."""
    return f"{show_instant(item.booked_at)}~{item.account_id}~{item.seq}"


def place_of(cursor: str) -> tuple[datetime, int, int]:
    """Return the place that a cursor names.

    :raises Invalid: if it is none
    """
    instant, *numbers = cursor.split("~")
    try:
        account_id, seq = (int(number) for number in numbers if number.isascii() and number.isdecimal())
        found = parse_instant(instant)
    except ValueError as error:
        raise _bad_cursor() from error
    if max(account_id, seq) > BIGINT_MAX:
        raise _bad_cursor()
    return found, account_id, seq


def _bad_cursor() -> Invalid:
    message = "must be the `next` of an earlier answer"
    return Invalid(f"query.before {message}", problems=[{"path": "query.before", "message": message}])
