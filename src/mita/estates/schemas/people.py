"""Request and response shapes of people, and of who lives where and owns what."""

from datetime import date
from typing import Annotated, Any

from pydantic import Field

from mita.estates.domain import NO_NAMES, Days, Names
from mita.estates.models import Occupancy, Ownership
from mita.estates.schemas.estates import Version
from mita.identity.schemas.people import Email, Phone
from mita.kit.errors import Invalid
from mita.kit.money import format_micro
from mita.kit.shapes import Id, Instant, PositiveAmount, Shape, Text, micro

Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1))]


class EstatePersonIn(Shape):
    """A person whom the estate is to know; whoever has the email address already is that person."""

    name: Text = Field(examples=["Thandi Mokoena"])
    email: Email | None = None
    phone: Phone | None = None


class EstatePersonPatch(Shape):
    """A person's new name."""

    name: Text = Field(examples=["Thandi Mokoena"])


class EstatePersonOut(Shape):
    """A person whom the estate knows."""

    person_id: Id
    name: str = Field(examples=["Thandi Mokoena"])
    email: str | None = Field(examples=["thandi@example.com"])
    phone: str | None = Field(examples=["+27 82 555 0101"])


class PersonAdded(EstatePersonOut):
    """The person, and whether Mita did not know them before."""

    is_new: bool


class OccupancyIn(Shape):
    """Who is to live in a unit, on the estate's local days from one until before another."""

    person_id: Id
    from_on: Day = Field(examples=["2026-03-01"])
    until_on: Day | None = Field(default=None, examples=["2027-03-01"])
    is_main: bool = Field(default=True, description="A unit has one main occupant at a time")

    @property
    def days(self) -> Days:
        """The days of it."""
        return Days(self.from_on, self.until_on)


class OwnershipIn(Shape):
    """Who is to own a share of a unit, on the estate's local days from one until before another."""

    person_id: Id
    from_on: Day = Field(examples=["2026-03-01"])
    until_on: Day | None = Field(default=None, examples=["2027-03-01"])
    share: PositiveAmount = Field(default="1", description="Of the whole 1", examples=["0.5"])

    @property
    def days(self) -> Days:
        """The days of it."""
        return Days(self.from_on, self.until_on)

    @property
    def share_micro(self) -> int:
        """The share in millionths.

        :raises Invalid: if it is nothing, or more than the whole
        """
        share = micro(self.share)
        if not 0 < share <= micro("1"):
            message = "must be above zero and at most 1"
            raise Invalid(f"share {message}", problems=[{"path": "body.share", "message": message}])
        return share


class EndIn(Shape):
    """Before which local day it ends; null lets it go on."""

    until_on: Day | None = Field(examples=["2026-09-01"])
    version: Version | None = Field(
        default=None, description="The version that you have seen; another one is refused", examples=[1]
    )


class _Named(Shape):
    """Whom and which unit it is about, in words."""

    person_name: str | None = Field(
        default=None, description="In lists, for who may see the estate's people", examples=["Thandi Nkosi"]
    )
    unit_name: str | None = Field(default=None, description="In lists", examples=["A101"])


class OccupancyOut(_Named):
    """Who lives in a unit, on local days from one until before another."""

    occupancy_id: Id
    unit_id: Id
    person_id: Id
    is_main: bool
    from_on: date
    until_on: date | None
    version: int = Field(examples=[1])
    created_at: Instant


class OwnershipOut(_Named):
    """Who owns a share of a unit, on local days from one until before another."""

    ownership_id: Id
    unit_id: Id
    person_id: Id
    share: str = Field(examples=["0.500000"])
    from_on: date
    until_on: date | None
    version: int = Field(examples=[1])
    created_at: Instant


class PersonDetail(EstatePersonOut):
    """A person, where they live and lived, and what they own and owned in the estate."""

    occupancies: list[OccupancyOut]
    ownerships: list[OwnershipOut]


def person_fields(row: Any) -> dict[str, object]:
    """Return what an estate is shown of a person."""
    return {"person_id": row.person_id, "name": row.name, "email": row.email, "phone": row.phone}


def occupancy_out(row: Occupancy, *, names: Names = NO_NAMES) -> OccupancyOut:
    """Return an occupancy as JSON shows it."""
    own = set(OccupancyOut.model_fields) - set(_Named.model_fields)
    return OccupancyOut(**_named(row, names=names), **{name: getattr(row, name) for name in own})


def ownership_out(row: Ownership, *, names: Names = NO_NAMES) -> OwnershipOut:
    """Return an ownership as JSON shows it."""
    own = set(OwnershipOut.model_fields) - set(_Named.model_fields) - {"share"}
    fields = {name: getattr(row, name) for name in own}
    return OwnershipOut(share=format_micro(row.share_micro), **_named(row, names=names), **fields)


def _named(row: Occupancy | Ownership, *, names: Names) -> dict[str, str | None]:
    return {"person_name": names.persons.get(row.person_id), "unit_name": names.units.get(row.unit_id)}
