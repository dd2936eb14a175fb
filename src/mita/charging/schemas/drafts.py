"""Shapes of drafts of rate tables: a document as it is written, and what a consumption costs under it."""

from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from mita.charging.schemas.calculation import CalculationOut, ConsumptionIn
from mita.kit.shapes import Id, Shape

# the reader refuses longer ones with a problem of its own
_TEXT_MAX = 512 * 1024
EXAMPLE = {
    "rate_table": 1,
    "name": "Domestic 2027",
    "utility": "electricity",
    "currency": "ZAR",
    "effective_from": "2027-01-01",
    "charges": [{"name": "Energy", "kind": "usage", "price": "2.95"}],
}


class DraftIn(Shape):
    """A rate table that is written, as YAML or JSON ``text`` or as a ``document``, and what to price."""

    text: Annotated[str, StringConstraints(max_length=_TEXT_MAX)] | SkipJsonSchema[None] = Field(
        default=None, examples=["rate_table: 1\nname: Domestic 2027\n"]
    )
    document: dict[str, Any] | SkipJsonSchema[None] = Field(default=None, examples=[EXAMPLE])
    consumption: ConsumptionIn | SkipJsonSchema[None] = None
    beside: Id | SkipJsonSchema[None] = Field(
        default=None, description="A rate table that the same consumption is priced by as well"
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.text is None) == (self.document is None):
            raise ValueError("give either text or document")
        if self.beside is not None and self.consumption is None:
            raise ValueError("beside goes with consumption")
        return self


class DraftOut(Shape):
    """The draft as it would be stored, and what the consumption costs; nothing is stored."""

    document: dict[str, Any] = Field(examples=[EXAMPLE])
    text: str = Field(
        description="The same document as YAML", examples=["rate_table: 1\nname: Domestic 2027\n"]
    )
    calculation: CalculationOut | None = Field(
        description="Null without a consumption, or where it could not be priced"
    )
    beside: CalculationOut | None = Field(description="The same by the other table")
    not_calculated: str | None = Field(
        description="Why the draft does not price the consumption",
        examples=[None],
    )
    beside_not_calculated: str | None = Field(description="Why the other table does not", examples=[None])
