"""Shapes of a wallet's statement."""

from datetime import date
from typing import Literal

from pydantic import Field

from mita.kit.money import format_micro
from mita.kit.shapes import Id, Money, Quantity, Shape, money, quantity
from mita.metering.domain import BASE_UNIT
from mita.reports.domain import StatementLine, cents_of, shared_cents
from mita.reports.queries import WalletStatement

AccountWord = Literal["electricity", "water", "hot_water", "gas", "solar", "general"]
_MICRO_PER_CENT = 10_000
_CENT_DIGITS = 2


class StatementAmount(Shape):
    """An amount as it is, and as the document shows it; minus took from the wallet."""

    amount: str = Field(description="Exact", examples=["-13.804500"])
    rounded: str = Field(
        description="In cents; lines add up to closing less opening, net and tax to the line",
        examples=["-13.80"],
    )


class StatementRole(Shape):
    """What of a line's net is for a role."""

    role: str = Field(examples=["supply"])
    net: str = Field(examples=["-10.000000"])


class StatementLineOut(Shape):
    """What one kind of entry moved on one account."""

    utility: AccountWord
    kind: str = Field(examples=["charge"])
    entries: int = Field(examples=[1488])
    quantity: Quantity | None = Field(description="What was charged, if anything was used")
    total: StatementAmount = Field(description="Tax included")
    net: StatementAmount | None = Field(description="Null where there is no tax, or nothing says how much")
    tax: StatementAmount | None
    roles: list[StatementRole] = Field(description="They add up to the net")


class StatementAccount(Shape):
    """One account of the wallet at both ends."""

    utility: AccountWord
    account_id: Id
    opening: Money
    closing: Money


class WalletStatementOut(Shape):
    """What a wallet held at both ends of a span of local dates, and what moved between, by booking time."""

    wallet_id: Id
    currency: str = Field(examples=["ZAR"])
    time_zone: str = Field(examples=["Africa/Johannesburg"])
    first: date = Field(alias="from")
    until: date = Field(alias="to", description="The first local date that does not count")
    is_cut: bool = Field(
        description="Whether earlier entries of the span are not shown: archived, or from before your time"
    )
    opening: StatementAmount
    lines: list[StatementLineOut]
    closing: StatementAmount
    accounts: list[StatementAccount]


def _cents_text(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:0{_CENT_DIGITS}d}"


def _amount(amount_micro: int, *, cents: int) -> StatementAmount:
    return StatementAmount(amount=format_micro(amount_micro), rounded=_cents_text(cents))


def statement_out(
    found: WalletStatement,
    *,
    wallet_id: int,
    currency: str,
    time_zone: str,
    span: tuple[date, date],
) -> WalletStatementOut:
    """Return a statement as JSON shows it."""
    opening, closing = (
        sum(getattr(each, name) for each in found.accounts) for name in ("opening_micro", "closing_micro")
    )
    ends = cents_of(opening), cents_of(closing)
    cents = shared_cents([line.amount_micro for line in found.lines], total_cents=ends[1] - ends[0])
    return WalletStatementOut(
        wallet_id=wallet_id,
        currency=currency,
        time_zone=time_zone,
        first=span[0],
        until=span[1],
        is_cut=any(each.is_cut for each in found.accounts),
        opening=_amount(opening, cents=ends[0]),
        lines=[_line(line, cents=part) for line, part in zip(found.lines, cents, strict=True)],
        closing=_amount(closing, cents=ends[1]),
        accounts=[
            StatementAccount(
                utility=each.account.utility,
                account_id=each.account.account_id,
                opening=money(each.opening_micro, currency=currency),
                closing=money(each.closing_micro, currency=currency),
            )
            for each in found.accounts
        ],
    )


def _line(line: StatementLine, *, cents: int) -> StatementLineOut:
    net = tax = None
    if line.net_micro is not None and line.tax_micro is not None:
        of_tax = cents_of(line.tax_micro)
        net, tax = _amount(line.net_micro, cents=cents - of_tax), _amount(line.tax_micro, cents=of_tax)
    unit = BASE_UNIT.get(line.utility)
    return StatementLineOut(
        utility=line.utility,
        kind=line.kind,
        entries=line.entries,
        quantity=quantity(line.quantity_micro, unit=unit) if unit and line.quantity_micro else None,
        total=_amount(line.amount_micro, cents=cents),
        net=net,
        tax=tax,
        roles=[
            StatementRole(role=role, net=format_micro(part))
            for role, part in sorted(line.net_by_role.items())
        ],
    )


SHEET_COLUMNS = (
    *("line", "utility", "entries", "quantity", "unit", "net", "tax", "total", "total_exact", "currency"),
)


def statement_cells(found: WalletStatementOut) -> list[list[str]]:
    """Return a statement as the cells of a sheet: opening, lines, closing."""
    rows = [
        [
            *(each.kind, each.utility, str(each.entries)),
            *(("", "") if each.quantity is None else (each.quantity.amount, each.quantity.unit)),
            *("" if part is None else part.rounded for part in (each.net, each.tax)),
            *(each.total.rounded, each.total.amount, found.currency),
        ]
        for each in found.lines
    ]
    opening, closing = (
        [name, *[""] * 6, each.rounded, each.amount, found.currency]
        for name, each in (("opening", found.opening), ("closing", found.closing))
    )
    return [opening, *rows, closing]
