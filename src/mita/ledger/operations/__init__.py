"""Writes of the ledger: accounts are opened, journals are booked. Nothing is ever changed."""

from mita.ledger.operations.accounts import ensure_entry_partition, open_accounts
from mita.ledger.operations.accrue import accrue
from mita.ledger.operations.adjust import (
    AdjustmentDecided,
    SecondPersonNeeded,
    ask_adjustment,
    decide_adjustment,
    set_ledger_rule,
)
from mita.ledger.operations.archive import MonthNotArchivable, detach_month, month_to_archive
from mita.ledger.operations.book import (
    Booked,
    Line,
    Movement,
    NotEnough,
    SpendLimitReached,
    body_hash,
    book,
)
from mita.ledger.operations.checkpoint import Notary, NotPublished, record_checkpoint, take_checkpoint
from mita.ledger.operations.clearing import check_clearings
from mita.ledger.operations.hold import Authorisation, HoldResolved, expire_holds, place_hold, resolve_hold
from mita.ledger.operations.journals import PeriodLocked, PreparedJournal, StaleHeads, post
from mita.ledger.operations.move import Order, bank_clearing, pay_out, transfer
from mita.ledger.operations.periods import MonthClosed, MonthNotOver, close_month, lock_month, write_openings
from mita.ledger.operations.reverse import AlreadyReversed, Counter, NotReversible, reverse_entry

__all__ = [
    "AdjustmentDecided",
    "AlreadyReversed",
    "Authorisation",
    "Booked",
    "Counter",
    "HoldResolved",
    "Line",
    "MonthClosed",
    "MonthNotArchivable",
    "MonthNotOver",
    "Movement",
    "NotEnough",
    "NotPublished",
    "NotReversible",
    "Notary",
    "Order",
    "PeriodLocked",
    "PreparedJournal",
    "SecondPersonNeeded",
    "SpendLimitReached",
    "StaleHeads",
    "accrue",
    "ask_adjustment",
    "bank_clearing",
    "body_hash",
    "book",
    "check_clearings",
    "close_month",
    "decide_adjustment",
    "detach_month",
    "ensure_entry_partition",
    "expire_holds",
    "lock_month",
    "month_to_archive",
    "open_accounts",
    "pay_out",
    "place_hold",
    "post",
    "record_checkpoint",
    "resolve_hold",
    "reverse_entry",
    "set_ledger_rule",
    "take_checkpoint",
    "transfer",
    "write_openings",
]
