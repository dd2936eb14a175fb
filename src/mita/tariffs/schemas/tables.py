"""Request and response shapes of rate tables."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, RootModel, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from mita.kit.shapes import (
    Id,
    Instant,
    Shape,
    UtilityWord,
)
from mita.tariffs.domain import (
    SUPPLY,
    RoleWord,
    Scope,
)
from mita.tariffs.models import RateAssignment, RateTableRow
from mita.tariffs.operations import Order

Reason = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f]*$")]
EXAMPLE = {
    "rate_table": 1,
    "name": "Domestic 2026",
    "utility": "electricity",
    "currency": "ZAR",
    "effective_from": "2026-01-01",
    "tax": {"name": "VAT", "percent": "15", "prices": "exclusive"},
    "charges": [{"name": "Energy", "kind": "usage", "price": "2.7472"}],
}


class RateTableIn(Shape):
    """A rate table document, as in docs: its own reader says what is wrong with it, all at once."""

    document: dict[str, Any] = Field(examples=[EXAMPLE])


class RateTableSchema(RootModel[dict[str, Any]]):
    """A JSON Schema, draft 2020-12."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={"examples": [{"$id": "urn:mita:rate-table:1", "title": "Rate table"}]},
    )


class RateTableOut(Shape):
    """A rate table without its document."""

    rate_table_id: Id
    name: str = Field(examples=["Domestic 2026"])
    utility: UtilityWord
    currency: str = Field(examples=["ZAR"])
    effective_from: date
    created_at: Instant


class RateTableWithDocument(RateTableOut):
    """A rate table with the document that it was made of."""

    document: dict[str, Any] = Field(examples=[EXAMPLE])


class Assigned(Shape):
    """The table charges its utility from ``effective_from``; ``is_new`` is false if it did so before."""

    rate_table_id: Id
    utility: UtilityWord
    effective_from: date
    is_new: bool


class RateAssignmentIn(Shape):
    """What to charge by a rate table: at most one of unit, meter and register; none is the whole estate."""

    rate_table_id: Id
    role: RoleWord = Field(
        default=SUPPLY, description="Tables of several roles charge a register at once, each in its own right"
    )
    unit_id: Id | SkipJsonSchema[None] = None
    meter_id: Id | SkipJsonSchema[None] = None
    register_id: Id | SkipJsonSchema[None] = None
    effective_from: date | SkipJsonSchema[None] = Field(
        default=None, description="A local date; without it the table's own first date"
    )
    effective_until: date | SkipJsonSchema[None] = Field(
        default=None, description="The first local date on which it does not hold any more"
    )
    reason: Reason = Field(default="", examples=["The municipality published another price"])
    is_correction: bool = Field(
        default=False, description="Put it in the place of another table assigned from the same date"
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(each is not None for each in (self.unit_id, self.meter_id, self.register_id)) > 1:
            raise ValueError("name at most one of unit_id, meter_id and register_id")
        if self.is_correction and not self.reason:
            raise ValueError("a correction has a reason")
        return self


class RateAssignmentOut(Shape):
    """By what is charged from a date on, who decided so, and why."""

    rate_assignment_id: Id
    rate_table_id: Id
    utility: UtilityWord
    role: str = Field(examples=["supply"], description="`supply`, `network` or `levy`")
    scope: Literal["estate", "unit", "meter", "register"]
    target_id: Id | None = Field(description="The unit, meter or register")
    effective_from: date
    effective_until: date | None
    actor: str = Field(examples=["staff:ann"])
    reason: str = Field(examples=["The municipality published another price"])
    created_at: Instant


class RateTableVersion(RateTableWithDocument):
    """A rate table that follows another one, and where it charges."""

    assignments: list[RateAssignmentOut] = Field(description="Empty where the version before held nowhere")


def _fields(row: RateTableRow) -> dict[str, Any]:
    return {
        "rate_table_id": row.rate_table_id,
        "name": row.name,
        "utility": row.utility,
        "currency": row.currency,
        "effective_from": row.effective_from,
        "created_at": row.created_at,
    }


def order_of(body: RateAssignmentIn, *, actor: str) -> Order:
    """Return an order to assign a table."""
    targets = {Scope.UNIT: body.unit_id, Scope.METER: body.meter_id, Scope.REGISTER: body.register_id}
    scope, target_id = next(
        ((scope, target_id) for scope, target_id in targets.items() if target_id is not None),
        (Scope.ESTATE, 0),
    )
    return Order(
        rate_table_id=body.rate_table_id,
        actor=actor,
        role=body.role,
        scope=scope,
        target_id=target_id,
        effective_from=body.effective_from,
        effective_until=body.effective_until,
        reason=body.reason,
        is_correction=body.is_correction,
    )


def rate_assignment_out(row: RateAssignment) -> RateAssignmentOut:
    """Return an assignment as JSON shows it."""
    return RateAssignmentOut(
        rate_assignment_id=row.rate_assignment_id,
        rate_table_id=row.rate_table_id,
        utility=row.utility,
        role=row.role,
        scope=Scope(row.scope).shown,
        target_id=row.target_id or None,
        effective_from=row.effective_from,
        effective_until=row.effective_until,
        actor=row.actor,
        reason=row.reason,
        created_at=row.created_at,
    )


def rate_table_out(row: RateTableRow) -> RateTableOut:
    """Return a rate table as a list shows it."""
    return RateTableOut(**_fields(row))


def rate_table_with_document(row: RateTableRow) -> RateTableWithDocument:
    """Return a rate table with its document."""
    return RateTableWithDocument(**_fields(row), document=row.document)


def rate_table_version(row: RateTableRow, *, assignments: Sequence[RateAssignment]) -> RateTableVersion:
    """Return a rate table with its document and where it charges."""
    return RateTableVersion(
        **_fields(row),
        document=row.document,
        assignments=[rate_assignment_out(each) for each in assignments],
    )
