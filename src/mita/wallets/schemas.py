"""Request and response shapes of wallets, their entries and top-ups."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.kit.shapes import (
    Currency,
    Id,
    Instant,
    Money,
    PositiveAmount,
    Quantity,
    Shape,
    UtilityWord,
    money,
    quantity,
)
from mita.ledger.domain import EntryKind, JournalKind
from mita.metering.domain import BASE_UNIT
from mita.wallets.models import Wallet
from mita.wallets.queries import AccountInfo

StandingWord = Literal["in_credit", "low", "out"]
Reference = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
IdempotencyKey = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class BalanceOut(Shape):
    """A wallet's account for one utility and where its balance stands against the estate's lines.

    An estate that has set no credit rule for the utility watches no lines: everything is ``in_credit``.
    """

    utility: UtilityWord
    account_id: Id
    balance: Money
    standing: StandingWord


class WalletOut(Shape):
    """A unit's wallet with its balances."""

    wallet_id: Id
    unit_id: Id
    balances: list[BalanceOut]
    created_at: Instant


class EntryOut(Shape):
    """One line on an account; people call it a transaction."""

    seq: int = Field(description="Place in the account's chain, from 1", examples=[42])
    kind: str = Field(examples=["charge"])
    amount: Money = Field(description="Negative takes from the wallet")
    balance_after: Money
    quantity: Quantity | None = Field(description="The consumption that was charged, if any")
    event_at: Instant = Field(description="When it happened: a reading's taken_at, a receipt's date")
    booked_at: Instant
    journal_id: UUID
    journal_kind: str = Field(examples=["top_up"])
    memo: str = Field(examples=["eft: Receipt 1042"])


class TopUpIn(Shape):
    """A receipt that staff books by hand."""

    amount: PositiveAmount = Field(examples=["200.00"], description="Above zero, at most 1,000,000,000")
    currency: Currency | None = Field(
        default=None, description="If given, it must be the estate's", examples=["ZAR"]
    )
    method: Literal["cash", "eft"] = Field(examples=["eft"])
    reference: Reference = Field(default="", examples=["Receipt 1042"])
    utility: UtilityWord | None = Field(
        default=None, description="Needed if the wallet has several", examples=["electricity"]
    )


class TopUpOut(Shape):
    """What a top-up did. ``is_repeat``: the key had been carried out before, and nothing moved this time."""

    journal_id: UUID
    account_id: Id
    balance: Money
    is_repeat: bool


def wallet_out(
    row: Wallet, *, accounts: list[AccountInfo], balances_micro: dict[int, int], currency: str
) -> WalletOut:
    """Return a wallet with its balances, by utility, as JSON shows it."""
    mine = sorted(
        (each for each in accounts if each.wallet_id == row.wallet_id), key=lambda each: each.utility
    )
    balances = [
        BalanceOut(
            utility=each.utility,
            account_id=each.account_id,
            balance=money(balances_micro[each.account_id], currency=currency),
            standing=each.standing.shown,
        )
        for each in mine
    ]
    return WalletOut(
        wallet_id=row.wallet_id, unit_id=row.unit_id, balances=balances, created_at=row.created_at
    )


def entry_out(row: Any, *, utility: str, currency: str) -> EntryOut:
    """Return an entry, with its journal's kind, memo, actor and time, as JSON shows it."""
    entry, journal_kind, memo, _, booked_at = row
    has_quantity = entry.kind in (EntryKind.CHARGE, EntryKind.CORRECTION)
    return EntryOut(
        seq=entry.seq,
        kind=EntryKind(entry.kind).name.lower(),
        amount=money(entry.amount_micro, currency=currency),
        balance_after=money(entry.balance_after_micro, currency=currency),
        quantity=quantity(entry.quantity_micro, unit=BASE_UNIT[utility]) if has_quantity else None,
        event_at=entry.event_at,
        booked_at=booked_at,
        journal_id=entry.journal_id,
        journal_kind=JournalKind(journal_kind).name.lower(),
        memo=memo,
    )
