"""Shapes that every request and response of the HTTP API is made of: amounts, instants, pages, problems."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from mita.kit.money import BIGINT_MAX, format_micro, parse_micro

R = TypeVar("R")
T = TypeVar("T")

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
# what PostgreSQL, NumPy and every zone can hold with room to spare
_YEAR_MIN, _YEAR_MAX = 1900, 2200
AMOUNT_PATTERN = r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"
_POSITIVE_PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,6})?$"
UtilityWord = Literal["electricity", "water", "hot_water", "gas", "solar"]


class Shape(BaseModel):
    """Base of requests and responses: unknown fields are errors, nothing changes after it was made."""

    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True, populate_by_name=True)


Id = Annotated[int, Field(ge=1, le=BIGINT_MAX, examples=[7])]
AfterId = Annotated[int, Field(ge=0, le=BIGINT_MAX)]
Limit = Annotated[int, Field(ge=1, le=1000)]
# no control characters: PostgreSQL stores no NUL, and a line break in a name is a mistake
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Amount = Annotated[str, StringConstraints(pattern=AMOUNT_PATTERN)]
PositiveAmount = Annotated[str, StringConstraints(pattern=_POSITIVE_PATTERN)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


def micro(amount: str) -> int:
    """Return an :data:`Amount` in millionths."""
    return parse_micro(amount)


def parse_instant(text: Any) -> datetime:
    """Return an ISO 8601 date and time with its offset, in UTC.

    :raises ValueError: if it is none, has no offset, or lies outside the years 1900 to 2200
    """
    if isinstance(text, datetime):
        return text.astimezone(UTC)
    if not isinstance(text, str) or not _INSTANT.fullmatch(text):
        raise ValueError("must be a date and time with its offset, such as 2026-01-31T06:30:00Z")
    found = datetime.fromisoformat(text.upper())
    if not _YEAR_MIN <= found.year <= _YEAR_MAX:
        raise ValueError(f"must lie between the years {_YEAR_MIN} and {_YEAR_MAX}")
    return found.astimezone(UTC)


def show_instant(instant: datetime) -> str:
    """Return an instant as ISO 8601 in UTC, with Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    BeforeValidator(parse_instant),
    PlainSerializer(show_instant, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-01-31T06:30:00Z"]}),
]


class Money(Shape):
    """An amount of money: a decimal text with six decimals, never a JSON number."""

    amount: str = Field(examples=["12.345600"])
    currency: str = Field(examples=["ZAR"])


class Quantity(Shape):
    """A quantity in its base unit (kWh or m3): a decimal text with six decimals."""

    amount: str = Field(examples=["1.500000"])
    unit: str = Field(examples=["kWh"])


def money(amount_micro: int, *, currency: str) -> Money:
    """Return micro-money as it is shown in JSON."""
    return Money(amount=format_micro(amount_micro), currency=currency)


def quantity(amount_micro: int, *, unit: str) -> Quantity:
    """Return a quantity in millionths of its base unit as it is shown in JSON."""
    return Quantity(amount=format_micro(amount_micro), unit=unit)


class Page(Shape, Generic[T]):
    """Some of a list; ``next`` is the value of the cursor parameter that continues it, null at the end."""

    items: list[T]
    next: int | str | None = Field(default=None, examples=[None])


def page_of(
    rows: Sequence[R], *, limit: int, shown: Callable[[R], T], cursor: Callable[[T], int | str]
) -> Page[T]:
    """Return the first ``limit`` of rows as they are ``shown``, and where to continue if more follow.

    One more row than ``limit`` was read, if there is one. ``cursor`` is what the list continues after.
    """
    items = [shown(row) for row in rows[:limit]]
    return Page(items=items, next=cursor(items[-1]) if len(rows) > limit else None)


class ProblemDetail(Shape):
    """One fault of a request: the path of the field and what is wrong there."""

    model_config = ConfigDict(extra="allow", frozen=True)

    path: str = Field(examples=["body.amount"])
    message: str = Field(examples=["must be above zero"])


class Problem(Shape):
    """An error as RFC 9457 has it (``application/problem+json``); programs read ``code``."""

    type: str = Field(examples=["about:blank"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["there is no estate 7"])
    code: str = Field(examples=["not_found"], description="Stable word; docs/reference/api.md lists them")
    problems: list[ProblemDetail]
    instance: str = Field(examples=["/api/v1/estates/7"], description="The path of the request")
