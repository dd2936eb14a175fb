"""Request and response shapes of wallets, their entries and top-ups."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mita.kit.money import format_micro
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
    show_instant,
)
from mita.ledger.domain import EntryKind, JournalKind
from mita.metering.domain import BASE_UNIT
from mita.wallets.domain import GENERAL
from mita.wallets.operations import ToppedUp
from mita.wallets.queries import SeenAccount, SeenWallet

StandingWord = Literal["in_credit", "low", "out"]
AccountWord = Literal["electricity", "water", "hot_water", "gas", "solar", "general"]
Reference = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class BalanceOut(Shape):
    """A wallet's account for one utility and where its balance stands against the estate's lines.

    An estate that has set no credit rule for the utility watches no lines: everything is ``in_credit``.
    """

    utility: UtilityWord
    account_id: Id
    balance: Money
    standing: StandingWord


class GeneralOut(Shape):
    """A wallet's general account: it belongs to no utility and pays what one lacks."""

    account_id: Id
    balance: Money


class WalletOut(Shape):
    """A unit's wallet with its balances."""

    wallet_id: Id
    unit_id: Id
    balances: list[BalanceOut]
    general: GeneralOut
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
    utility: AccountWord | None = Field(
        default=None,
        description="Where it goes whole; without it the wallet's allocation decides",
        examples=["electricity"],
    )


class PartOut(Shape):
    """What one account got."""

    utility: AccountWord
    amount: Money


class TopUpOut(Shape):
    """What a top-up did. ``is_repeat``: the key had been carried out before, and nothing moved this time.

    Parts, what was repaid and what was recovered add up to the amount.
    """

    journal_id: UUID
    account_id: Id = Field(description="The account that got most of it")
    balance: Money = Field(description="What that account holds now")
    parts: list[PartOut]
    repaid: Money = Field(description="Of emergency credit")
    recovered: Money = Field(description="Of arrears that were set aside")
    is_repeat: bool


def wallet_out(seen: SeenWallet) -> WalletOut:
    """Return a wallet with its balances, by utility, as JSON shows it."""
    mine = sorted((each for each in seen.accounts if each.utility != GENERAL), key=lambda each: each.utility)
    (general,) = (each for each in seen.accounts if each.utility == GENERAL)
    balances = [
        BalanceOut(
            utility=each.utility,
            account_id=each.account_id,
            balance=money(each.balance_micro, currency=seen.currency),
            standing=each.standing.shown,
        )
        for each in mine
    ]
    return WalletOut(
        wallet_id=seen.wallet_id,
        unit_id=seen.unit_id,
        balances=balances,
        general=GeneralOut(
            account_id=general.account_id,
            balance=money(general.balance_micro, currency=seen.currency),
        ),
        created_at=seen.created_at,
    )


def wallet_json(seen: SeenWallet) -> bytes:
    """Return what :func:`wallet_out` shows as JSON, byte for byte.

    Written out, for what is asked all the time: making and checking the shapes takes five times as long.
    """
    shown = {each.utility: (each, _account_json(each, currency=seen.currency)) for each in seen.accounts}
    _, general = shown.pop(GENERAL)
    balances = ",".join(
        [
            f'{{"utility":"{utility}",{account},"standing":"{each.standing.shown}"}}'
            for utility, (each, account) in sorted(shown.items())
        ]
    )
    return (
        f'{{"wallet_id":{seen.wallet_id},"unit_id":{seen.unit_id},"balances":[{balances}],'
        f'"general":{{{general}}},"created_at":"{show_instant(seen.created_at)}"}}'
    ).encode()


def _account_json(seen: SeenAccount, *, currency: str) -> str:
    amount = format_micro(seen.balance_micro)
    return f'"account_id":{seen.account_id},"balance":{{"amount":"{amount}","currency":"{currency}"}}'


def top_up_out(done: ToppedUp, *, currency: str) -> TopUpOut:
    """Return what a top-up did as JSON shows it."""
    return TopUpOut(
        journal_id=done.journal_id,
        account_id=done.account_id,
        balance=money(done.balance_micro, currency=currency),
        parts=[
            PartOut(utility=utility, amount=money(part, currency=currency))
            for utility, part in sorted(done.parts_micro.items())
        ],
        repaid=money(done.repaid_micro, currency=currency),
        recovered=money(done.recovered_micro, currency=currency),
        is_repeat=done.is_repeat,
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
