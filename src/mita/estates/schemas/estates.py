"""Request and response shapes of estates and organisations."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from mita.estates.domain import EstateKind
from mita.estates.models import Estate, Organisation
from mita.estates.operations import Change, EstateDetails
from mita.identity.schemas.people import Email, Phone
from mita.kit.shapes import Currency, Id, Instant, Shape, Text

Address = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
Languages = Annotated[list[Language], Field(min_length=1, max_length=8)]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, examples=[1])]


class EstateIn(Shape):
    """A new estate: its name, its one currency and its one time zone."""

    name: Text = Field(examples=["Willow Creek"])
    currency: Currency = Field(examples=["ZAR"])
    time_zone: Text = Field(examples=["Africa/Johannesburg"])
    kind: EstateKind = "building"
    address: Address = Field(default="", examples=["1 Willow Lane, Sandton"])
    languages: Languages = Field(default=["en"], examples=[["en", "af"]])
    contact_name: Text | None = Field(default=None, examples=["Front desk"])
    contact_email: Email | None = None
    contact_phone: Phone | None = None
    organisation_id: Id | None = Field(
        default=None, description="Who runs it; its operators may create estates of its own"
    )

    def details(self) -> EstateDetails:
        """Return what goes beside name, currency and zone."""
        return EstateDetails(
            kind=self.kind,
            address=self.address,
            languages=self.languages,
            contact_name=self.contact_name,
            contact_email=self.contact_email,
            contact_phone=self.contact_phone,
            organisation_id=self.organisation_id,
        )


class _Patch(Shape):
    version: Version | None = Field(
        default=None, description="The version that you have seen; another one is refused", examples=[1]
    )

    def change(self) -> Change:
        """Return what was named in the request."""
        values = self.model_dump(exclude_unset=True)
        values.pop("version", None)
        return Change(values, self.version)


class EstatePatch(_Patch):
    """New values of an estate; what is not named stays. The currency and the time zone stay for good."""

    name: Text = Field(default="", validate_default=False, examples=["Willow Creek"])
    kind: EstateKind = "building"
    address: Address = Field(default="", examples=["1 Willow Lane, Sandton"])
    languages: Languages = Field(default=["en"], examples=[["en", "af"]])
    contact_name: Text | None = Field(default=None, examples=["Front desk"])
    contact_email: Email | None = None
    contact_phone: Phone | None = None


class EstateOut(Shape):
    """An estate."""

    estate_id: Id
    name: str = Field(examples=["Willow Creek"])
    currency: str = Field(examples=["ZAR"])
    time_zone: str = Field(examples=["Africa/Johannesburg"])
    created_at: Instant
    organisation_id: int | None = Field(examples=[1])
    kind: EstateKind
    address: str = Field(examples=["1 Willow Lane, Sandton"])
    languages: list[str] = Field(examples=[["en", "af"]])
    contact_name: str | None = Field(examples=["Front desk"])
    contact_email: str | None = Field(examples=["desk@example.com"])
    contact_phone: str | None = Field(examples=["+27 82 555 0101"])
    version: int = Field(examples=[1])
    archived_at: Instant | None


def estate_out(row: Estate) -> EstateOut:
    """Return an estate as JSON shows it."""
    return EstateOut(**_columns(row, EstateOut))


class OrganisationIn(Shape):
    """A new organisation."""

    name: Text = Field(examples=["Sunrise Property Care"])


class OrganisationPatch(_Patch):
    """A new name of an organisation."""

    name: Text = Field(examples=["Sunrise Property Care"])


class OrganisationOut(Shape):
    """Whoever runs estates."""

    organisation_id: Id
    name: str = Field(examples=["Sunrise Property Care"])
    version: int = Field(examples=[1])
    created_at: Instant
    archived_at: Instant | None


def organisation_out(row: Organisation) -> OrganisationOut:
    """Return an organisation as JSON shows it."""
    return OrganisationOut(**_columns(row, OrganisationOut))


def _columns(row: Estate | Organisation, shape: type[Shape]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in shape.model_fields}
