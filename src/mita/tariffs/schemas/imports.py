"""Request and response shapes of files of prices, of notices and of benchmarks."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from mita.kit.shapes import Currency, Id, Shape, Text, UtilityWord
from mita.tariffs.domain import NOTICE_DAYS_MAX, Change, Problem, decimal_text, percent_text
from mita.tariffs.domain.imports import PriceFile
from mita.tariffs.operations import Imported
from mita.tariffs.schemas.tables import EXAMPLE

CSV_EXAMPLE = (
    "name,kind,register,season,letter,block_up_to,price,unit,prices,interval_minutes\n"
    "Energy,usage,,,,,309.72,c/kWh,net,\n"
)


class ImportAsked(Shape):
    """How to read a file of prices, and what it does not say itself."""

    format: Literal["document", "csv", "urdb"] = Field(examples=["csv"])
    effective_from: date | SkipJsonSchema[None] = Field(
        default=None, description="csv, urdb: the first local date"
    )
    name: Text | SkipJsonSchema[None] = Field(default=None, description="csv, urdb: the table's name")
    like: Id | SkipJsonSchema[None] = Field(
        default=None, description="csv: the rate table that all but prices and date are taken from"
    )
    utility: UtilityWord | SkipJsonSchema[None] = Field(default=None, description="csv")
    currency: Currency | SkipJsonSchema[None] = Field(default=None, description="csv", examples=["ZAR"])
    tax: (
        Annotated[str, StringConstraints(pattern=r"^[^=\x00-\x1f]{1,40}=[0-9]{1,3}(\.[0-9]{1,6})?$")]
        | SkipJsonSchema[None]
    ) = Field(default=None, description="csv: the tax and its percentage", examples=["VAT=15"])
    pick: int | SkipJsonSchema[None] = Field(
        default=None, ge=1, le=10_000, description="urdb: which rate of several"
    )
    leave_out: bool = Field(default=False, description="Do without what is left out")
    confirm: bool = Field(default=False, description="The prices that look odd are right")
    accept: bool = Field(default=False, description="Store the table, if nothing has to be decided")

    def price_file(self, text: str, *, like: dict[str, Any] | None) -> PriceFile:
        """Return a file of prices with what was said of it."""
        head: dict[str, Any] = {
            key: value
            for key in ("name", "utility", "currency", "effective_from")
            if (value := getattr(self, key)) is not None
        }
        if self.tax is not None:
            name, _, percent = self.tax.partition("=")
            head["tax"] = {"name": name, "percent": percent}
        return PriceFile(self.format, text, head=head, like=like, pick=self.pick)


class ImportNote(Shape):
    """Something about a file of prices, with its place in it."""

    path: str = Field(examples=["charges[0].price"])
    line: int | None = Field(examples=[3])
    code: str = Field(examples=["implausible_price"])
    message: str = Field(examples=["274.72 ZAR per kWh is outside 0.15 to 15.00; was it written in cents?"])


class PriceChange(Shape):
    """A number of a charge that is another one: a price, where a block ends, or an allowance."""

    charge: str = Field(examples=["Energy"])
    kind: Literal["usage", "fixed", "demand", "minimum", "netting"]
    what: Literal["price", "limit", "allowance"]
    season: str | None = Field(examples=["high"])
    letter: str | None = Field(examples=["P"])
    block: int | None = Field(description="From 1", examples=[1])
    old: str | None = Field(description="Null: there was none", examples=["2.7472"])
    new: str | None = Field(description="Null: there is none any more", examples=["3.0972"])
    percent: str | None = Field(
        description="By how much it went up; null without a comparison", examples=["+12.74"]
    )


class TableDifference(Shape):
    """What would be other than in the table that charges the utility on the new table's first date."""

    rate_table_id: Id
    with_tax: bool = Field(description="The taxes differ: prices are compared with tax")
    changes: list[PriceChange]
    also: list[str] = Field(description="What else differs", examples=[["seasons"]])


class ImportOut(Shape):
    """The draft that a file of prices makes; ``rate_table_id`` is there when it was stored."""

    rate_table_id: Id | None = Field(description="The stored table; null if nothing was stored")
    documents: list[dict[str, Any]] = Field(examples=[[EXAMPLE]])
    to_decide: list[str] = Field(
        description="What has to be decided before it can be stored",
        examples=[["some prices look odd: confirm that they are right"]],
    )
    warnings: list[ImportNote]
    left_out: list[ImportNote]
    to_confirm: list[ImportNote]
    difference: TableDifference | None = Field(description="Null: nothing is in force, or no table is picked")


Benchmarks = dict[UtilityWord, Annotated[list[Id], Field(min_length=1, max_length=200)]]


class RateRuleBody(Shape):
    """When residents hear of other prices, and the published prices that are shown beside those charged."""

    notice_days: Annotated[int, Field(ge=0, le=NOTICE_DAYS_MAX)] | None = Field(
        description="How many days before; null: nobody is told", examples=[30]
    )
    benchmarks: Benchmarks = Field(
        default={},
        description="Rate tables by utility, each in force from its own first date; never charged",
        examples=[{}],
    )


def _notes(found: Iterable[Problem]) -> list[ImportNote]:
    return [
        ImportNote(path=each.path, line=each.line, code=each.code, message=each.message) for each in found
    ]


def _decimal(micro_value: int | None) -> str | None:
    return None if micro_value is None else decimal_text(micro_value, places=2)


def _change_out(change: Change) -> PriceChange:
    place, percent = change.place, change.percent_centi
    return PriceChange(
        charge=place.charge,
        kind=place.kind,
        what=place.what,
        season=place.season or None,
        letter=place.letter or None,
        block=place.block,
        old=_decimal(change.old_micro),
        new=_decimal(change.new_micro),
        percent=None if percent is None else percent_text(percent),
    )


def import_out(done: Imported) -> ImportOut:
    """Return what an import made, as JSON shows it."""
    found = None
    if done.in_force is not None and done.difference is not None:
        found = TableDifference(
            rate_table_id=done.in_force,
            with_tax=done.difference.with_tax,
            changes=[_change_out(each) for each in done.difference.changes],
            also=list(done.difference.also),
        )
    return ImportOut(
        rate_table_id=done.rate_table_id,
        documents=list(done.draft.documents),
        to_decide=list(done.to_decide),
        warnings=_notes(done.draft.warnings),
        left_out=_notes(done.draft.left_out),
        to_confirm=_notes(done.draft.to_confirm),
        difference=found,
    )
