"""Shapes of the explanation of an entry."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import Field

from mita.charging.domain.explain_text import explanation_text
from mita.charging.domain.explained import EntryPart, Explained, LaterCorrection, Totals
from mita.charging.domain.explanation import CostLine
from mita.charging.schemas.told import (
    AccountWordsOut,
    BesideOut,
    CauseOut,
    MoverOut,
    ReversedOut,
    account_out,
    causes_out,
    mover_out,
    reversed_out,
)
from mita.kit.clock import from_us
from mita.kit.shapes import Id, Instant, Money, Quantity, Shape, money, quantity
from mita.tariffs.domain import decimal_text

AccountWord = Literal["electricity", "water", "hot_water", "gas", "solar", "general"]
SubjectWord = Literal[
    "reading", "readings", "correction", "standing_charge", "sharing", "solar_credit", "other"
]


class TotalsOut(Shape):
    """Quantity and money; positive money is what the customer pays."""

    quantity: Quantity
    net: Money
    tax: Money
    gross: Money


class TaxRateOut(Shape):
    """The tax of a rate table; ``is_inclusive``: its prices contain it."""

    name: str = Field(examples=["VAT"])
    percent: str = Field(examples=["15"])
    is_inclusive: bool


class ConversionOut(Shape):
    """One base unit of the register is ``factor`` of the unit that prices are for."""

    unit: str = Field(examples=["kWh"])
    factor: str = Field(examples=["11.5"])


class CostLineOut(Shape):
    """A quantity at one price. ``is_taken_back``: as it was charged before, with the other sign.

    Prices are per unit, as the table writes them; ``block`` counts from 1, 0 is the allowance.
    """

    is_taken_back: bool
    role: str = Field(examples=["supply"])
    rate_table_id: Id | None
    rate_table: str = Field(examples=["Domestic 2026"])
    in_force_from: date
    from_: Instant | None = Field(alias="from", description="Null in a sum over several times")
    to: Instant | None
    charge: str = Field(examples=["Energy"])
    kind: str = Field(examples=["usage"])
    of_charge: str | None = Field(
        examples=[None], description="Of netting: the usage charge that is taken back"
    )
    register_: str | None = Field(alias="register", examples=["import"])
    season: str | None = Field(examples=["high"])
    letter: str | None = Field(examples=["P"], description="The time of use, if the price depends on it")
    block: int | None = Field(examples=[1])
    quantity: Quantity
    price: Money
    net: Money
    tax: Money
    days: int | None = Field(
        examples=[None], description="Of a charge by time: for so many days of `whole_days`"
    )
    whole_days: int | None = Field(examples=[None])
    first_on: date | None = Field(
        examples=[None],
        description="Of a charge by time: the local dates [first_on, until_on) that it is for",
    )
    until_on: date | None = Field(examples=[None])
    peak_at: Instant | None = Field(
        examples=[None], description="Of a demand charge: when the peak was reached"
    )
    has_blocks: bool = Field(description="The price depends on how much was used before in the period")
    tax_rate: TaxRateOut | None
    conversion: ConversionOut | None = Field(examples=[None])


class PanelsOut(Shape):
    """What a solar credit of an installation is made of; the price is for a kW and year."""

    capacity: Quantity
    price: Money
    days: int = Field(examples=[31])
    year_days: int = Field(examples=[365])
    share: str = Field(examples=["0.25"], description="The home's share of the panels, of one")


class EntryPartOut(Shape):
    """A line of an entry that is no charge of a reading or by time; the customer pays what is positive.

    Of shared generation ``what`` is ``grid_saved`` (with the role), ``roof``, ``own_surplus`` or
    ``incentive``, of a solar credit the installation's name, or ``booked_before``.
    """

    is_taken_back: bool
    what: str = Field(examples=["grid_saved"])
    role: str | None = Field(examples=["supply"])
    quantity: Quantity
    net: Money
    tax: Money
    panels: PanelsOut | None = Field(examples=[None], description="Of a solar credit")


class LaterCorrectionOut(Shape):
    """A correction that charged the same consumption again, for a stretch from ``since`` on."""

    seq: int | None = Field(examples=[57], description="Its entry; null if it was not posted by itself")
    cause: str = Field(examples=["late reading"])
    causes: list[CauseOut] = Field(description="The same, cause by cause")
    since: Instant
    booked_at: Instant
    old: TotalsOut
    new: TotalsOut


class ExplanationOut(Shape):
    """What made an entry. The lines add up to ``total``: the entry's ``amount`` with the other sign.

    ``is_exact`` is false where what was known at the time of booking cannot be put together again; there are
    no lines then.
    """

    seq: int = Field(examples=[42])
    kind: str = Field(examples=["charge"])
    subject: SubjectWord
    amount: Money = Field(description="Negative takes from the wallet")
    event_at: Instant
    booked_at: Instant
    from_: Instant | None = Field(alias="from")
    to: Instant | None
    meter: str | None = Field(examples=["E-1001"])
    register_: str | None = Field(alias="register", examples=["import"])
    readings: int = Field(examples=[1], description="How many readings were charged")
    cause: str | None = Field(examples=["late reading"])
    causes: list[CauseOut] = Field(description="The same, cause by cause")
    is_exact: bool
    total: TotalsOut | None
    old: TotalsOut | None = Field(description="Of a past that was charged again: what it cost before")
    new: TotalsOut | None
    lines: list[CostLineOut]
    parts: list[EntryPartOut] = Field(description="Of shared generation and solar credits, instead of lines")
    later_corrections: list[LaterCorrectionOut]
    who: str | None = Field(
        examples=["staff"], description="Who moved money that is no charge: a name, or what they are"
    )
    mover: MoverOut | None = Field(description="The same, for whoever writes it in another language")
    memo: str = Field(examples=["eft: Receipt 1042"])
    account: str | None = Field(
        examples=["Wallet of A101, electricity"], description="Of money that moved for another reason"
    )
    other_accounts: list[str] = Field(
        examples=[["EFT received, not yet banked"]],
        description="Those on the other side of its journal, three at most",
    )
    account_words: AccountWordsOut | None = Field(description="`account`, and what its name is made of")
    other_account_words: list[AccountWordsOut] = Field(description="The same of `other_accounts`")
    has_more_accounts: bool = Field(description="There are more on the other side than these three")
    beside: list[BesideOut] = Field(description="Of a top-up: what else the same money went to")
    reversed: ReversedOut | None = Field(description="Of a reversal: what it mirrors")
    group: str | None = Field(examples=[None], description="Of shared generation: its sharing group")
    used: Quantity | None = Field(description="Of shared generation: what the member used in all")
    journal_id: UUID | None
    key: str | None = Field(examples=["receipt-1042"], description="The idempotency key of the order")
    text: str = Field(
        description="In English, and only there: everything that it says stands in the other fields too",
        examples=["From 18:00 to 18:30 on 3 March 2026 you used 1.250 kWh.\n"],
    )


def explanation_out(told: Explained) -> ExplanationOut:
    """Return an explanation as JSON shows it."""
    return ExplanationOut(
        seq=told.seq,
        kind=told.kind,
        subject=told.subject,
        amount=money(told.amount_micro, currency=told.currency),
        event_at=told.event_at,
        booked_at=told.booked_at,
        from_=told.start,
        to=told.end,
        meter=told.meter or None,
        register_=told.register or None,
        readings=told.charges,
        cause=told.cause or None,
        causes=causes_out(told.causes),
        is_exact=told.is_exact,
        total=_totals(told.total, told),
        old=_totals(told.old, told),
        new=_totals(told.new, told),
        lines=[
            *(_line(each, told, is_taken_back=True) for each in told.taken_back),
            *(_line(each, told, is_taken_back=False) for each in told.lines),
        ],
        parts=[
            EntryPartOut(
                is_taken_back=each.is_taken_back,
                what=each.what,
                role=each.role or None,
                quantity=quantity(each.totals.quantity_micro, unit=told.base_unit),
                net=money(each.totals.net_micro, currency=told.currency),
                tax=money(each.totals.tax_micro, currency=told.currency),
                panels=_panels(each, told),
            )
            for each in told.parts
        ],
        later_corrections=[_later(each, told) for each in told.later],
        who=told.mover.words if told.mover else None,
        mover=mover_out(told),
        memo=told.memo,
        account=told.account.name if told.account else None,
        other_accounts=[each.name for each in told.others],
        account_words=account_out(told.account) if told.account else None,
        other_account_words=[account_out(each) for each in told.others],
        has_more_accounts=told.more,
        beside=[
            BesideOut(account=account_out(each), amount=money(amount_micro, currency=told.currency))
            for each, amount_micro in told.beside
        ],
        reversed=reversed_out(told),
        group=told.group or None,
        used=None if told.used_micro is None else quantity(told.used_micro, unit=told.base_unit),
        journal_id=told.journal_id,
        key=told.key or None,
        text=explanation_text(told),
    )


def _panels(part: EntryPart, told: Explained) -> PanelsOut | None:
    each = part.panels
    if each is None:
        return None
    return PanelsOut(
        capacity=quantity(each.capacity_micro, unit="kW"),
        price=money(each.price_micro, currency=told.currency),
        days=each.days,
        year_days=each.year_days,
        share=decimal_text(each.share_micro, places=0),
    )


def _tax_rate(each: CostLine) -> TaxRateOut | None:
    tax = each.table.tax
    if tax is None:
        return None
    percent = decimal_text(tax.percent_micro, places=0)
    return TaxRateOut(name=tax.name, percent=percent, is_inclusive=tax.inclusive)


def _conversion(each: CostLine) -> ConversionOut | None:
    conversion = each.table.conversion
    if conversion is None:
        return None
    return ConversionOut(unit=conversion.unit, factor=decimal_text(conversion.factor_micro, places=0))


def _certain(totals: Totals, told: Explained) -> TotalsOut:
    return TotalsOut(
        quantity=quantity(totals.quantity_micro, unit=told.base_unit),
        net=money(totals.net_micro, currency=told.currency),
        tax=money(totals.tax_micro, currency=told.currency),
        gross=money(totals.gross_micro, currency=told.currency),
    )


def _totals(totals: Totals | None, told: Explained) -> TotalsOut | None:
    return None if totals is None else _certain(totals, told)


def _line(each: CostLine, told: Explained, *, is_taken_back: bool) -> CostLineOut:
    line = each.line
    return CostLineOut(
        is_taken_back=is_taken_back,
        role=each.role,
        rate_table_id=each.rate_table_id,
        rate_table=each.table.name,
        in_force_from=each.in_force_from,
        from_=None if each.start_s is None else from_us(each.start_s * 1_000_000),
        to=None if each.end_s is None else from_us(each.end_s * 1_000_000),
        charge=line.charge,
        kind=line.kind,
        of_charge=line.of_charge or None,
        register_=line.register or None,
        season=line.season or None,
        letter=line.letter or None,
        block=line.block,
        quantity=quantity(line.quantity_micro, unit=line.unit),
        price=money(line.price_micro, currency=told.currency),
        net=money(line.net_micro, currency=told.currency),
        tax=money(line.tax_micro, currency=told.currency),
        days=line.days or None,
        whole_days=line.whole_days or None,
        first_on=each.first_day,
        until_on=each.until_day,
        peak_at=None if line.at_s is None else from_us(line.at_s * 1_000_000),
        has_blocks=each.has_blocks,
        tax_rate=_tax_rate(each),
        conversion=_conversion(each),
    )


def _later(each: LaterCorrection, told: Explained) -> LaterCorrectionOut:
    return LaterCorrectionOut(
        seq=each.seq,
        cause=each.cause,
        causes=causes_out(each.causes),
        since=each.since,
        booked_at=each.booked_at,
        old=_certain(each.old, told),
        new=_certain(each.new, told),
    )
