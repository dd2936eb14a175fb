"""Shapes of solar installations and credits."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from mita.kit.shapes import Id, Money, Shape, Text, micro, money
from mita.solar.domain import Panels
from mita.solar.models import SolarCredit
from mita.solar.operations import NewInstallation
from mita.solar.queries import parts_of
from mita.tariffs.domain import decimal_text

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 1, 1), examples=["2025-01-01"])]
# millionths of one
Share = Annotated[str, StringConstraints(pattern=r"^(0(\.[0-9]{1,6})?|1(\.0{1,6})?)$")]
Capacity = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}(\.[0-9]{1,6})?$")]
Price = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}(\.[0-9]{1,6})?$")]
_SHARES_MAX = 1_000


class SolarShareIn(Shape):
    """A home's share in an installation."""

    unit_id: Id = Field(examples=[1])
    share: Share = Field(description="Of one", examples=["0.5"])


def _each_once(shares: list[SolarShareIn]) -> list[SolarShareIn]:
    if len({each.unit_id for each in shares}) < len(shares):
        raise ValueError("name each unit once")
    return shares


SharesIn = Annotated[list[SolarShareIn], Field(max_length=_SHARES_MAX), AfterValidator(_each_once)]


class SolarSharesIn(Shape):
    """The shares of all homes from a local date on; who is not named has none."""

    from_on: Day
    shares: SharesIn

    def by_unit(self) -> dict[int, int]:
        """Return the shares in millionths, by unit id."""
        return {each.unit_id: micro(each.share) for each in self.shares}


class SolarInstallationIn(Shape):
    """Panels whose capacity is credited: ``price`` per kW and year."""

    name: Text = Field(examples=["Roof A"])
    capacity_kw: Capacity = Field(examples=["3.5"])
    price: Price = Field(description="Per kW and year", examples=["36.50"])
    first_on: Day
    shares: SharesIn = Field(default=[])

    def new(self) -> NewInstallation:
        """Return what is to be made."""
        shares = {each.unit_id: micro(each.share) for each in self.shares}
        return NewInstallation(self.name, micro(self.capacity_kw), micro(self.price), self.first_on, shares)


class SolarEndIn(Shape):
    """The end of an installation."""

    until_on: Day = Field(description="The first local date that is not credited any more")


class SolarShareOut(Shape):
    """A home's share from a date on; of the rows of a home the one that begins last holds."""

    unit_id: Id
    share: str = Field(examples=["0.5"])
    from_on: date


class SolarInstallationOut(Shape):
    """An installation and its shares."""

    solar_installation_id: Id
    name: str = Field(examples=["Roof A"])
    capacity_kw: str = Field(examples=["3.5"])
    price: Money = Field(description="Per kW and year")
    first_on: date
    until_on: date | None = Field(description="The first local date that is not credited any more")
    shares: list[SolarShareOut]


class SolarPartOut(Shape):
    """What one installation credits for a month."""

    solar_installation_id: Id
    name: str = Field(examples=["Roof A"])
    capacity_kw: str = Field(examples=["3.5"])
    price: Money = Field(description="Per kW and year")
    days: int = Field(description="Days of the month that count", examples=[31])
    share: str = Field(description="Of one, over these days", examples=["0.5"])
    credit: Money


class SolarCreditOut(Shape):
    """What is booked for a home and month, and the entry that booked it last."""

    unit_id: Id
    month: str = Field(examples=["2025-01"])
    credit: Money
    seq: int = Field(examples=[42])
    parts: list[SolarPartOut]


def installation_out(panels: Panels, *, currency: str) -> SolarInstallationOut:
    """Return an installation as JSON shows it."""
    return SolarInstallationOut(
        solar_installation_id=panels.solar_installation_id,
        name=panels.name,
        capacity_kw=decimal_text(panels.capacity_micro, places=0),
        price=money(panels.price_micro, currency=currency),
        first_on=panels.first_on,
        until_on=panels.until_on,
        shares=[
            SolarShareOut(
                unit_id=each.unit_id, share=decimal_text(each.share_micro, places=0), from_on=each.from_on
            )
            for each in panels.shares
        ],
    )


def credit_out(row: SolarCredit, *, currency: str) -> SolarCreditOut:
    """Return a home's credit as JSON shows it."""
    return SolarCreditOut(
        unit_id=row.unit_id,
        month=f"{row.month:%Y-%m}",
        credit=money(row.new_micro, currency=currency),
        seq=row.seq,
        parts=[
            SolarPartOut(
                solar_installation_id=each.solar_installation_id,
                name=each.name,
                capacity_kw=decimal_text(each.capacity_micro, places=0),
                price=money(each.price_micro, currency=currency),
                days=each.days,
                share=decimal_text(each.share_micro, places=0),
                credit=money(each.credit_micro, currency=currency),
            )
            for each in parts_of(row)
        ],
    )
