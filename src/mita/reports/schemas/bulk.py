"""Shapes of bulk meters."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from mita.estates.domain import Days
from mita.kit.errors import Invalid
from mita.kit.money import MICRO, parse_micro
from mita.kit.shapes import Id, Instant, Shape, UtilityWord
from mita.metering.operations import NewBulkMeter

_SUB_METERS_MAX = 5_000
_YEAR_MIN, _YEAR_MAX = 1990, 2199
CoversWord = Literal["listed", "estate"]
_COVERS = Field(
    description="`listed`: the sub-meters. `estate`: every meter of the utility that is behind no other bulk"
    " meter, also those to come",
    examples=["listed"],
)


class BulkMeterIn(Shape):
    """A meter that measures again what others measure, on local dates [from_on, until_on)."""

    meter_id: Id
    covers: CoversWord = _COVERS
    sub_meter_ids: list[Id] = Field(
        default=[],
        max_length=_SUB_METERS_MAX,
        description="Of `listed`: meters of the same utility; one may be a bulk meter itself, and then those"
        " behind it are not named. What takes a meter's place by a swap takes its place here too",
        examples=[[8, 9]],
    )
    from_on: date
    until_on: date | None = Field(default=None, description="The first local date that does not count")

    def new(self) -> NewBulkMeter:
        """Return it as the operation wants it.

        :raises Invalid: if no meter is listed, one is listed twice or for the estate, or the dates are odd
        """
        ids = self.sub_meter_ids
        if (self.covers == "listed") != bool(ids):
            raise _invalid("sub_meter_ids", "must name meters if `covers` is listed, and only then")
        if len(set(ids)) < len(ids):
            raise _invalid("sub_meter_ids", "must name each meter once")
        if not _YEAR_MIN <= self.from_on.year <= _YEAR_MAX:
            raise _invalid("from_on", f"must lie between {_YEAR_MIN} and {_YEAR_MAX}")
        if self.until_on is not None and self.until_on <= self.from_on:
            raise _invalid("until_on", "must be after from_on")
        return NewBulkMeter(self.meter_id, Days(self.from_on, self.until_on), tuple(ids) or None)


class BulkMeterEnd(Shape):
    """Until when a meter is a bulk meter."""

    until_on: date = Field(
        description="The first local date that does not count; its own first date takes it back as a whole"
    )


class BulkMeterOut(Shape):
    """A bulk meter."""

    bulk_meter_id: Id
    meter_id: Id
    meter: str = Field(description="Its serial", examples=["B-1"])
    utility: UtilityWord
    covers: CoversWord = _COVERS
    sub_meter_ids: list[Id] = Field(description="As they were named; of `estate` none", examples=[[8, 9]])
    from_on: date
    until_on: date | None
    created_by: str = Field(examples=["staff:console"])
    created_at: Instant


def bulk_meter_out(row: Any, *, meter: Any, sub_meter_ids: list[int]) -> BulkMeterOut:
    """Return a bulk meter as JSON shows it."""
    return BulkMeterOut(
        bulk_meter_id=row.bulk_meter_id,
        meter_id=row.meter_id,
        meter=meter.serial,
        utility=meter.utility,
        covers="estate" if row.is_whole_estate else "listed",
        sub_meter_ids=sub_meter_ids,
        from_on=row.from_on,
        until_on=row.until_on,
        created_by=row.created_by,
        created_at=row.created_at,
    )


_PERCENT_MICRO_MAX = 100 * MICRO
LossLimit = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,3}(\.[0-9]{1,4})?$")]


class LossRuleIn(Shape):
    """From which loss on an estate's bulk meters need attention."""

    limit_percent: LossLimit | None = Field(
        description="Of what the bulk meter says, at most 100, four decimals; null is never", examples=["10"]
    )

    def limit_micro(self) -> int | None:
        """Return the limit in millionths of what a bulk meter says.

        :raises Invalid: if it is more than all of it
        """
        if self.limit_percent is None:
            return None
        percent_micro = parse_micro(self.limit_percent)
        if percent_micro > _PERCENT_MICRO_MAX:
            raise _invalid("limit_percent", "must be at most 100")
        return percent_micro // 100


class LossRuleOut(Shape):
    """From which loss on an estate's bulk meters need attention; 10 % where nobody said so."""

    limit_percent: str | None = Field(
        description="Of what the bulk meter says; null is never", examples=["10.0000"]
    )


def loss_rule_out(limit_micro: int | None) -> LossRuleOut:
    """Return a limit in millionths as JSON shows it, with the decimals of the report's percentages."""
    if limit_micro is None:
        return LossRuleOut(limit_percent=None)
    return LossRuleOut(limit_percent=f"{limit_micro // 10_000}.{limit_micro % 10_000:04d}")


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(f"{field} {message}", problems=[{"path": f"body.{field}", "message": message}])
