"""A bill as a document shows it: cents, rounded once, nothing lost between the lines."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .bill_lines import CARRIED_ON, BillLine, share_by_remainder

if TYPE_CHECKING:
    from .bill import Bill, BillPeriod

CENT_MICRO = 10_000


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A line and its share of the document's net."""

    line: BillLine
    net_cents: int


@dataclass(frozen=True, slots=True)
class DocumentCents:
    """Signed cents: net + tax is gross, and the lines' nets add up to net."""

    net_cents: int
    tax_cents: int
    gross_cents: int
    lines: tuple[DocumentLine, ...]


def documents_cents(bill: Bill) -> DocumentCents:
    """Return a bill in cents: equal lines of several periods are one, each total is rounded once, half up.

    Net and tax of prices without tax are rounded and gross is their sum; of prices with tax inside, gross and
    net are rounded and tax is what lies between them.
    """
    outside = [period for period in bill.periods if not period.is_inclusive]
    inside = [period for period in bill.periods if period.is_inclusive]
    net, tax = _total(outside)
    net_of_gross, tax_of_gross = _total(inside)
    net_cents = to_cents(net) + to_cents(net_of_gross)
    gross_cents = to_cents(net) + to_cents(tax) + to_cents(net_of_gross + tax_of_gross)
    lines = merged_lines(bill)
    shares = share_by_remainder([line.net_micro for line in lines], den=CENT_MICRO, total=net_cents)
    return DocumentCents(
        net_cents=net_cents,
        tax_cents=gross_cents - net_cents,
        gross_cents=gross_cents,
        lines=tuple(DocumentLine(line, share) for line, share in zip(lines, shares, strict=True)),
    )


def to_cents(micro: int) -> int:
    """Return an amount in cents, rounded half up, away from zero for a credit."""
    cents = (2 * abs(micro) + CENT_MICRO) // (2 * CENT_MICRO)
    return cents if micro >= 0 else -cents


def _total(periods: list[BillPeriod]) -> tuple[int, int]:
    return sum(each.net_micro for each in periods), sum(each.tax_micro for each in periods)


def merged_lines(bill: Bill) -> tuple[BillLine, ...]:
    """Return the lines of all periods, equal ones of several periods as one; a peak stays by itself."""
    found: dict[tuple[object, ...], BillLine] = {}
    for line in (line for period in bill.periods for line in period.lines):
        # a peak is a quantity of its own: two of them do not add up to one
        own = (line.quantity_micro, line.at_s, line.days)
        key = (
            *(line.charge, line.kind, line.register, line.season, line.letter, line.block, line.price_micro),
            line.of_charge,
            own if line.at_s is not None else None,
        )
        before = found.get(key)
        # what is carried is what is left so far
        if before is None or line.kind == CARRIED_ON:
            found[key] = line
        else:
            found[key] = _together(before, line)
    return tuple(found.values())


def _together(one: BillLine, other: BillLine) -> BillLine:
    return replace(
        one,
        quantity_micro=one.quantity_micro + other.quantity_micro,
        net_micro=one.net_micro + other.net_micro,
        tax_micro=one.tax_micro + other.tax_micro,
        days=one.days + other.days,
        whole_days=one.whole_days + other.whole_days,
    )
