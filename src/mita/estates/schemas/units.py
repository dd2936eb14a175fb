"""Request and response shapes of units."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from mita.estates.domain import WHOLE_MICRO, StateWord, UnitKind
from mita.estates.models import Unit
from mita.estates.operations import Change, NewUnit
from mita.estates.schemas.estates import Address, Version
from mita.kit.errors import Invalid
from mita.kit.money import format_micro
from mita.kit.shapes import Id, Instant, PositiveAmount, Quantity, Shape, Text, micro, quantity

Door = Annotated[str, StringConstraints(max_length=50, pattern=r"^[^\x00-\x1f\x7f]*$")]
Notes = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]
_AREA_MICRO_MAX = 10**13


class _UnitFields(Shape):
    kind: UnitKind = "flat"
    door: Door = Field(default="", examples=["3B"])
    address: Address = Field(default="", examples=["1 Willow Lane, block A"])
    floor_area: PositiveAmount | None = Field(default=None, description="Square metres", examples=["64.5"])
    participation: PositiveAmount | None = Field(
        default=None, description="The unit's part in the scheme, of the whole 1", examples=["0.0125"]
    )
    notes: Notes = Field(default="", examples=["Keys at the front desk"])
    is_out_of_use: bool = False

    def columns(self, *, at: str) -> dict[str, Any]:
        """Return what was named in the request by column; ``at`` is where the request has it.

        :raises Invalid: if the floor area or the participation is out of range
        """
        values = self.model_dump(exclude_unset=True)
        for name, most in (("floor_area", _AREA_MICRO_MAX), ("participation", WHOLE_MICRO)):
            if name in values:
                typed = values.pop(name)
                amount = None if typed is None else micro(typed)
                if amount is not None and amount > most:
                    message = f"must be at most {format_micro(most)}"
                    raise Invalid(
                        f"{name} {message}", problems=[{"path": f"{at}.{name}", "message": message}]
                    )
                values[f"{name}_micro"] = amount
        return values


class UnitIn(_UnitFields):
    """A new unit with all that it may say of itself."""

    name: Text = Field(examples=["A101"])

    def new_unit(self, *, at: str) -> NewUnit:
        """Return the unit for the operation.

        :raises Invalid: if a quantity is out of range
        """
        return NewUnit(**self.columns(at=at))


class UnitsIn(Shape):
    """New units: many by name, or with more to say of each."""

    names: Annotated[list[Text], Field(min_length=1, max_length=1000, examples=[["A101", "A102"]])] = Field(
        default_factory=list
    )
    units: Annotated[list[UnitIn], Field(min_length=1, max_length=1000)] = Field(default_factory=list)

    def new_units(self) -> list[NewUnit]:
        """Return the units for the operation.

        :raises Invalid: if neither or both lists are there, or a quantity is out of range
        """
        if bool(self.names) == bool(self.units):
            message = "either names or units are needed"
            raise Invalid(message, problems=[{"path": "body.names", "message": message}])
        if self.names:
            return [NewUnit(name) for name in self.names]
        return [unit.new_unit(at=f"body.units.{place}") for place, unit in enumerate(self.units)]


class UnitPatch(_UnitFields):
    """New values of a unit; what is not named stays."""

    name: Text = Field(default="", validate_default=False, examples=["A101"])
    version: Version | None = Field(
        default=None, description="The version that you have seen; another one is refused", examples=[1]
    )

    def change(self) -> Change:
        """Return what was named in the request.

        :raises Invalid: if a quantity is out of range
        """
        values = self.columns(at="body")
        values.pop("version", None)
        return Change(values, self.version)


class UnitOut(Shape):
    """A unit."""

    unit_id: Id
    name: str = Field(examples=["A101"])
    created_at: Instant
    kind: UnitKind
    door: str = Field(examples=["3B"])
    address: str = Field(examples=["1 Willow Lane, block A"])
    floor_area: Quantity | None
    participation: str | None = Field(
        description="The unit's part in the scheme, of the whole 1", examples=["0.012500"]
    )
    is_out_of_use: bool
    version: int = Field(examples=[1])
    state: StateWord = Field(description="By who lives there today")


class UnitName(Shape):
    """How a unit is called."""

    unit_id: Id
    name: str = Field(examples=["A101"])


class UnitsCreated(Shape):
    """The units that were made, in the order of the request."""

    items: list[UnitOut]
    warnings: list[str] = Field(
        examples=[["the units' parts in the scheme add up to 1.050000, more than the whole"]]
    )


def unit_out(row: Unit, *, state: str) -> UnitOut:
    """Return a unit as JSON shows it, with its state."""
    return UnitOut(**unit_fields(row), state=state)


def unit_fields(row: Unit) -> dict[str, Any]:
    """Return what JSON shows of a unit, without its state."""
    part = row.participation_micro
    return {
        "unit_id": row.unit_id,
        "name": row.name,
        "created_at": row.created_at,
        "kind": row.kind,
        "door": row.door,
        "address": row.address,
        "floor_area": None if row.floor_area_micro is None else quantity(row.floor_area_micro, unit="m2"),
        "participation": None if part is None else format_micro(part),
        "is_out_of_use": row.is_out_of_use,
        "version": row.version,
    }


def participation_warnings(sum_micro: int) -> list[str]:
    """Return what is to be said of the sum of all units' parts: it should not be more than the whole."""
    if sum_micro <= WHOLE_MICRO:
        return []
    return [f"the units' parts in the scheme add up to {format_micro(sum_micro)}, more than the whole"]
