"""Request and response shapes of rate tables that follow a published benchmark."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints
from pydantic.json_schema import SkipJsonSchema

from mita.kit.shapes import PositiveAmount, Shape, Text, micro
from mita.tariffs.domain import Problem, RateTable, Tax
from mita.tariffs.domain.benchmark import Benchmark, benchmark_tables
from mita.tariffs.schemas.imports import ImportNote
from mita.tariffs.schemas.tables import RateTableWithDocument

Percent = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,6})?$")]
_QUARTERS_MAX = 80


class QuarterIn(Shape):
    """What was published for the quarter that begins on a date: per day, and per kWh."""

    first_on: date = Field(examples=["2026-01-01"])
    standing: PositiveAmount = Field(examples=["0.5475"])
    unit: PositiveAmount = Field(examples=["0.27691"])


class BenchmarkTaxIn(Shape):
    """The tax, and whether the published prices contain it."""

    name: Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f]{1,40}$")] = Field(examples=["VAT"])
    percent: Percent = Field(examples=["5"])
    prices: Literal["exclusive", "inclusive"]


class FromBenchmarkIn(Shape):
    """A benchmark and the discount on it; 0 makes the benchmark's own tables."""

    name: Text = Field(examples=["Benchmark less 10 %"])
    discount_percent: Percent = Field(examples=["10"])
    utility: Literal["electricity", "gas", "solar"] = Field(default="electricity")
    tax: BenchmarkTaxIn | SkipJsonSchema[None] = None
    quarters: Annotated[list[QuarterIn], Field(min_length=1, max_length=_QUARTERS_MAX)]

    def tables(self, *, currency: str) -> tuple[RateTable, ...]:
        """Return one table for each quarter, cut off to the five decimals of a meter.

        :raises mita.tariffs.domain.benchmark.BadBenchmark: for a discount above 100 or dates that do not fit
        """
        return benchmark_tables(
            [Benchmark(each.first_on, micro(each.standing), micro(each.unit)) for each in self.quarters],
            name=self.name,
            discount_percent_micro=micro(self.discount_percent),
            currency=currency,
            utility=self.utility,
            tax=None
            if self.tax is None
            else Tax(self.tax.name, micro(self.tax.percent), inclusive=self.tax.prices == "inclusive"),
        )


class BenchmarkTableOut(Shape):
    """A stored table, and what a prepayment meter could not hold of it."""

    table: RateTableWithDocument
    meter_warnings: list[ImportNote]


class FromBenchmarkOut(Shape):
    """The tables of all quarters, the earliest first; they charge nothing until they are assigned."""

    items: list[BenchmarkTableOut]


def warnings_out(found: tuple[Problem, ...]) -> list[ImportNote]:
    """Return what a meter could not hold, as JSON shows it."""
    return [
        ImportNote(path=each.path, line=each.line, code=each.code, message=each.message) for each in found
    ]
