"""Shapes of bulk meters held against the meters behind them."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Literal

from pydantic import Field

from mita.kit.clock import from_us
from mita.kit.money import format_micro
from mita.kit.shapes import Id, Instant, Shape, UtilityWord
from mita.metering.domain import BASE_UNIT
from mita.reports.domain import Known, MeterChange, percent_text
from mita.reports.queries import AreaReport
from mita.reports.schemas.bulk import CoversWord
from mita.reports.schemas.consumption import KnownWord

GAPS_MAX = 1_000
_PERCENT_DECIMALS = 4


class ReconciledStep(Shape):
    """A bulk meter held against its sub-meters in one step, as far as it is a bulk meter then."""

    label: str = Field(examples=["2026-03-01"])
    bulk: str | None = Field(description="Null where the bulk meter is not known", examples=["100.000000"])
    sub_meters: str = Field(description="All that is known of them", examples=["93.500000"])
    difference: str | None = Field(description="Bulk less sub-meters: the loss", examples=["6.500000"])
    percent: str | None = Field(
        description="Of what the bulk meter says, rounded to four decimals", examples=["6.5000"]
    )
    known: KnownWord = Field(
        description="`partial`: readings of a meter are missing in it, or tell of a part of it, so the"
        " difference is not the loss. `missing`: the bulk meter is not known. `spread`: readings lie further"
        " apart than a step",
        examples=["measured"],
    )


class ReconciledTotal(Shape):
    """All steps in which the bulk meter is known."""

    bulk: str = Field(examples=["3100.000000"])
    sub_meters: str = Field(examples=["2898.500000"])
    difference: str = Field(examples=["201.500000"])
    percent: str | None = Field(examples=["6.5000"])
    is_partial: bool = Field(description="Whether a step is `partial` or `missing`")


class SubMeterGap(Shape):
    """A sub-meter of which readings are missing."""

    meter_id: Id
    meter: str = Field(examples=["E-1001"])
    unit_id: Id
    unit: str = Field(examples=["A101"])
    missing: int = Field(description="Steps in which no reading tells anything", examples=[1])
    partial: int = Field(description="Steps of which a part is known", examples=[0])


class MeterChangeOut(Shape):
    """What happened to the bulk meter, or to a meter behind it, in between."""

    kind: Literal["installed", "swapped", "moved", "removed"] = Field(examples=["swapped"])
    at: Instant
    meter_id: Id
    new_meter_id: Id | None = Field(description="Of a swap: the meter that came")


class BulkMeterReport(Shape):
    """A bulk meter held against the meters behind it."""

    bulk_meter_id: Id
    meter_id: Id = Field(description="The meter that stands there last")
    meter: str = Field(examples=["B-1"])
    covers: CoversWord
    from_on: date
    until_on: date | None
    unit: str = Field(description="The base unit of all values", examples=["kWh"])
    sub_meters: int = Field(description="Meters that should have measured behind it", examples=[200])
    sub_meters_with_gaps: int = Field(examples=[1])
    total: ReconciledTotal
    steps: list[ReconciledStep]
    gaps: list[SubMeterGap] = Field(description="For who may read meters' readings; the first 1,000")
    changes: list[MeterChangeOut] = Field(description="For who may read meters' readings")


class ReconciliationReport(Shape):
    """Every bulk meter of a utility held against the meters behind it."""

    utility: UtilityWord
    step: Literal["day", "week", "month"]
    first: date = Field(alias="from", description="Whole weeks and months")
    until: date = Field(alias="to")
    is_totals_only: bool = Field(description="Whether gaps and changes are left out, as you may not see them")
    items: list[BulkMeterReport] = Field(description="By bulk meter")


def report_out(
    found: AreaReport, *, labels: Sequence[str], names: Mapping[int, str], is_totals_only: bool
) -> BulkMeterReport:
    """Return a bulk meter's report as JSON shows it; ``names`` are those of units."""
    bulk, sub = found.found.totals_micro
    own = found.latest.get(found.area.meter_id)
    gaps = [
        SubMeterGap(
            meter_id=row.meter_id,
            meter=row.meter,
            unit_id=row.unit_id,
            unit=names.get(row.unit_id, str(row.unit_id)),
            missing=missing,
            partial=partial,
        )
        for root, (missing, partial) in sorted(found.found.gaps.items())
        if (row := found.latest[root])
    ]
    return BulkMeterReport(
        bulk_meter_id=found.area.bulk_meter_id,
        meter_id=found.area.meter_id if own is None else own.meter_id,
        meter=found.serial,
        covers="estate" if found.area.sub_meter_ids is None else "listed",
        from_on=found.area.days.from_on,
        until_on=found.area.days.until_on,
        unit=BASE_UNIT[found.area.utility],
        sub_meters=found.found.counted,
        sub_meters_with_gaps=len(gaps),
        total=ReconciledTotal(
            bulk=format_micro(bulk),
            sub_meters=format_micro(sub),
            difference=format_micro(bulk - sub),
            percent=percent_text(bulk - sub, of_micro=bulk, decimals=_PERCENT_DECIMALS),
            is_partial=found.found.is_partial,
        ),
        steps=_steps(found, labels=labels),
        gaps=[] if is_totals_only else gaps[:GAPS_MAX],
        changes=[] if is_totals_only else [_change(each) for each in found.changes],
    )


def _steps(found: AreaReport, *, labels: Sequence[str]) -> list[ReconciledStep]:
    parts = found.found
    return [
        ReconciledStep(
            label=labels[step],
            bulk=None if bulk is None else format_micro(bulk),
            sub_meters=format_micro(sub),
            difference=None if left is None else format_micro(left),
            percent=None
            if left is None or bulk is None
            else percent_text(left, of_micro=bulk, decimals=_PERCENT_DECIMALS),
            known=known.value,
        )
        for step, bulk, sub, left, known in zip(
            parts.steps, parts.bulk_micro, parts.sub_micro, parts.difference_micro, parts.known, strict=True
        )
    ]


def _change(each: MeterChange) -> MeterChangeOut:
    return MeterChangeOut(
        kind=each.kind.value,
        at=from_us(each.at_s * 1_000_000),
        meter_id=each.meter_id,
        new_meter_id=each.new_meter_id,
    )


SHEET_COLUMNS = (
    *("bulk_meter", "label", "unit", "bulk", "sub_meters", "difference", "percent", "known"),
    *("sub_meter_count", "gaps"),
)


def report_cells(report: BulkMeterReport) -> list[list[str]]:
    """Return a bulk meter's steps, and all of them, as the cells of a sheet."""
    counts = [str(report.sub_meters), str(report.sub_meters_with_gaps)]
    rows = [
        [
            *(report.meter, each.label, report.unit, each.bulk or "", each.sub_meters),
            *(each.difference or "", each.percent or "", each.known),
            *counts,
        ]
        for each in report.steps
    ]
    total = report.total
    known = Known.PARTIAL if total.is_partial else Known.MEASURED
    amounts = [total.bulk, total.sub_meters, total.difference, total.percent or "", known.value]
    return [*rows, [report.meter, "total", report.unit, *amounts, *counts]]
