"""The closed lists of kinds. Their numbers are stored and hashed: never reuse or renumber one. Pure."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class JournalKind(IntEnum):
    """Why money moved."""

    CHARGE = 1
    TOP_UP = 2
    REVERSAL = 3
    TRANSFER = 4
    ADJUSTMENT = 5
    PURCHASE = 6  # a hold that was taken
    PAY_OUT = 7
    BANKING = 8  # what stood on a clearing account reached the bank
    DISTRIBUTION = 9  # from a group to its wallets
    COVER = 10  # the general account pays what a utility lacks
    PROMOTION = 11
    PROMOTION_EXPIRY = 12
    EMERGENCY = 13  # emergency credit is drawn
    DEBT = 14  # arrears are set aside, to be recovered from top-ups
    HANDOVER = 15  # a wallet is brought to zero when somebody moves in or out

    @property
    def shown(self) -> str:
        """The word people and programs see."""
        return self.name.lower()


# a floor binds what is authorised, never what was used, mended or decided by staff; a purchase was
# authorised when its hold was placed
AUTHORISING = frozenset(
    {
        JournalKind.TRANSFER,
        JournalKind.PAY_OUT,
        JournalKind.DISTRIBUTION,
        JournalKind.COVER,
        JournalKind.HANDOVER,
    }
)


class EntryKind(IntEnum):
    """What a line is."""

    CHARGE = 1
    CORRECTION = 2
    INCOME = 3
    TAX = 4
    TOP_UP = 5
    CLEARING = 6
    REVERSAL = 7
    TRANSFER = 8
    ADJUSTMENT = 9
    PURCHASE = 10
    PAY_OUT = 11
    BANKING = 12
    DISTRIBUTION = 13
    COVER = 14
    PROMOTION = 15
    PROMOTION_EXPIRY = 16
    EMERGENCY = 17
    REPAYMENT = 18  # of emergency credit, out of a top-up
    DEBT = 19
    RECOVERY = 20  # of arrears set aside, out of a top-up
    STANDING_CHARGE = 21
    DEMAND = 22
    MINIMUM = 23  # what a billing period lacked to its minimum bill
    SHARING = 24  # what a share of a community's generation gives back, less its price
    NETTING = 25  # what export that is taken off import saves, and surplus that is paid
    SOLAR_CREDIT = 26  # what a home's shares in installations are credited for a month
    HANDOVER = 27  # what a wallet held when somebody moved in or out

    @property
    def shown(self) -> str:
        """The word people and programs see."""
        return self.name.lower()


# what a wallet pays for its utilities; a correction may give some of it back
CHARGES = frozenset(
    {
        EntryKind.CHARGE,
        EntryKind.CORRECTION,
        EntryKind.STANDING_CHARGE,
        EntryKind.DEMAND,
        EntryKind.MINIMUM,
        EntryKind.NETTING,
    }
)

_LINES: dict[JournalKind, frozenset[EntryKind]] = {
    JournalKind.CHARGE: CHARGES
    | {EntryKind.SHARING, EntryKind.SOLAR_CREDIT, EntryKind.INCOME, EntryKind.TAX},
    JournalKind.TOP_UP: frozenset(
        {EntryKind.TOP_UP, EntryKind.CLEARING, EntryKind.REPAYMENT, EntryKind.RECOVERY}
    ),
    JournalKind.REVERSAL: frozenset({EntryKind.REVERSAL}),
    JournalKind.TRANSFER: frozenset({EntryKind.TRANSFER}),
    JournalKind.ADJUSTMENT: frozenset({EntryKind.ADJUSTMENT}),
    JournalKind.PURCHASE: frozenset({EntryKind.PURCHASE}),
    JournalKind.PAY_OUT: frozenset({EntryKind.PAY_OUT}),
    JournalKind.BANKING: frozenset({EntryKind.BANKING}),
    JournalKind.DISTRIBUTION: frozenset({EntryKind.DISTRIBUTION}),
    JournalKind.COVER: frozenset({EntryKind.COVER}),
    JournalKind.PROMOTION: frozenset({EntryKind.PROMOTION}),
    JournalKind.PROMOTION_EXPIRY: frozenset({EntryKind.PROMOTION_EXPIRY}),
    JournalKind.EMERGENCY: frozenset({EntryKind.EMERGENCY}),
    JournalKind.DEBT: frozenset({EntryKind.DEBT}),
    JournalKind.HANDOVER: frozenset({EntryKind.HANDOVER}),
}


def fits(kind: JournalKind, lines: Iterable[EntryKind]) -> bool:
    """Tell whether a journal of this kind may have lines of these kinds."""
    return _LINES[kind].issuperset(lines)


class SourceKind(IntEnum):
    """What ``source_id`` names."""

    NONE = 0
    REGISTER = 1  # with event_at it names one reading
    ENTRY = 2  # the seq of the entry, on the same account, that is reversed
