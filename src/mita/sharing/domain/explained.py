"""What an entry of shared generation consists of, as lines that add up and in sentences. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mita.kit.money import money_text
from mita.tariffs.domain import SUPPLY, decimal_text

from .amounts import Money

if TYPE_CHECKING:
    from datetime import date, datetime

    from .amounts import MemberMonth

SAVED, ROOF_PRICE, OWN_SURPLUS, INCENTIVE = "grid_saved", "roof", "own_surplus", "incentive"
_OTHER_ROLES = {"network": " for the network", "levy": " in levies"}


@dataclass(frozen=True, slots=True)
class ShareLine:
    """A part of a month's worth: quantity, and money that is positive where the member pays it."""

    what: str
    role: str
    quantity_micro: int
    paid: Money


@dataclass(frozen=True, slots=True)
class LaterChange:
    """What the same month became later; ``seq`` is the entry, None if no money moved."""

    seq: int | None
    booked_at: datetime
    old: MemberMonth
    new: MemberMonth


@dataclass(frozen=True, slots=True)
class ExplainedMonth:
    """A member's month as an entry found it and left it; settled before ``until_on``."""

    group: str
    month: date
    until_on: date
    currency: str
    old: MemberMonth
    new: MemberMonth
    later: tuple[LaterChange, ...] = ()

    @property
    def lines(self) -> list[ShareLine]:
        """What the month consists of now."""
        return share_lines(self.new)

    @property
    def taken_back(self) -> list[ShareLine]:
        """What it consisted of before, with the other sign: with ``lines`` it adds up to the entry."""
        nothing = Money()
        return [
            ShareLine(each.what, each.role, -each.quantity_micro, nothing.less(each.paid))
            for each in share_lines(self.old)
        ]


def share_lines(month: MemberMonth) -> list[ShareLine]:
    """Return what a month consists of, without what is nothing."""
    nothing = Money()
    found = [
        ShareLine(SAVED, role, month.allocated_micro, nothing.less(money))
        for role, money in month.saved.items()
    ]
    found.append(ShareLine(ROOF_PRICE, "", month.allocated_micro, month.solar))
    found.append(ShareLine(OWN_SURPLUS, "", month.surplus_micro, nothing.less(month.fed_in)))
    found.append(ShareLine(INCENTIVE, "", month.shared_micro, nothing.less(month.incentive)))
    return [each for each in found if each.paid != nothing or (each.quantity_micro and each.what != SAVED)]


def sharing_sentences(told: ExplainedMonth) -> list[str]:
    """Return an entry in short sentences that a resident understands, and can add up."""
    new, old = told.new, told.old
    until = f"{told.until_on.day} {told.until_on:%B %Y}"
    found = [
        f"{told.group} in {told.month:%B %Y}, counted up to {until} (not included).",
        f"You used {_energy(new.consumption_micro)}.",
    ]
    if new.allocated_micro or new.solar != Money():
        found.append(f"Of this {_energy(new.allocated_micro)} came from the roof.")
    found += [_said(each, told) for each in share_lines(new)]
    tax = sum(each.paid.tax_micro for each in share_lines(new))
    if tax:
        way = "more" if tax > 0 else "less"
        found.append(f"The tax in these amounts is {_money(abs(tax), told)} {way} than without the roof.")
    found.append(f"Together the month is worth {_money(new.worth_micro, told)} to you.")
    if old.worth_micro or old.numbers != [0] * len(old.numbers):
        found.append(f"Booked before: {_money(old.worth_micro, told)}.")
    gain = new.worth_micro - old.worth_micro
    way = "given to" if gain >= 0 else "taken from"
    found.append(f"The difference, {_money(abs(gain), told)}, was {way} the wallet by this entry.")
    found += [_later(each, told) for each in told.later]
    return found


def _said(each: ShareLine, told: ExplainedMonth) -> str:
    energy, gross = _energy(each.quantity_micro), each.paid.gross_micro
    if each.what == SAVED:
        whose = "" if each.role == SUPPLY else _OTHER_ROLES[each.role]
        return f"From the grid this would have cost {_money(-gross, told)} more{whose}."
    if each.what == ROOF_PRICE:
        return f"From the roof it costs {_money(gross, told)}."
    if each.what == OWN_SURPLUS:
        return f"For your own surplus of {energy} you are paid {_money(-gross, told)}."
    return f"For {energy} of shared energy, your part, you are paid an incentive of {_money(-gross, told)}."


def _later(each: LaterChange, told: ExplainedMonth) -> str:
    where = "no money moved" if each.seq is None else f"the difference is entry {each.seq}"
    day = f"{each.booked_at.day} {each.booked_at:%B %Y}"
    return (
        f"Later, on {day}, the month was settled again: {_money(each.old.worth_micro, told)} became"
        f" {_money(each.new.worth_micro, told)}; {where}."
    )


def _energy(micro_kwh: int) -> str:
    return f"{decimal_text(micro_kwh, places=3)} kWh"


def _money(micro: int, told: ExplainedMonth) -> str:
    return money_text(micro, currency=told.currency)
