"""Request and response shapes of charging, and the reading of single readings that must not fail a batch."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from mita.charging.domain.cadence import Cadence
from mita.charging.domain.outcome import Outcome
from mita.charging.operations.settle import Settled
from mita.kit.clock import to_us
from mita.kit.money import BIGINT_MAX
from mita.kit.quantity import BadValue, base_unit, value_micro
from mita.kit.shapes import Id, Instant, Money, Quantity, Shape, Text, money, parse_instant, quantity
from mita.metering.domain import (
    BASE_UNIT,
    SHOWN_CLASSES,
    ClassWord,
    ReadingClass,
    Rejection,
    temperature_centi,
)
from mita.metering.queries import RegisterInfo

READINGS_MAX = 10_000
SOURCE = "http"
_TEXT_MAX = 200
# Decimal arithmetic keeps 28 digits; a longer number would be rounded before it could be refused
_DIGITS_MAX = 28
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?", re.ASCII)
_FIELDS = {
    "meter": True,
    "register": False,
    "taken_at": True,
    "value": True,
    "unit": True,
    "temperature": False,
}

_READING_SCHEMA = {
    "type": "object",
    "title": "ReadingIn",
    "description": "One reading. What is wrong with it rejects this one only, with a reason.",
    "required": ["meter", "taken_at", "value", "unit"],
    "properties": {
        "meter": {"type": "string", "description": "The meter's serial", "examples": ["E-1001"]},
        "register": {"type": "string", "default": "import", "examples": ["import"]},
        "taken_at": {"type": "string", "format": "date-time", "examples": ["2026-01-31T06:30:00Z"]},
        "value": {"type": "string", "description": "What the register shows", "examples": ["123.456"]},
        "unit": {"type": "string", "enum": ["kWh", "Wh", "MWh", "m3", "kL", "L"], "examples": ["kWh"]},
        "temperature": {
            "type": "string",
            "description": "Degrees Celsius of the water, kept with the reading",
            "examples": ["58.25"],
        },
    },
    "examples": [{"meter": "E-1001", "taken_at": "2026-01-31T06:30:00Z", "value": "123.456", "unit": "kWh"}],
}
# any JSON passes: a bad reading is rejected with a reason and must not fail its batch
ReadingIn = Annotated[Any, WithJsonSchema(_READING_SCHEMA)]


class ReadingsIn(Shape):
    """Readings of one estate, in the order in which they came."""

    estate_id: Id | None = Field(default=None, description="May be left out: the path names it")
    readings: Annotated[list[ReadingIn], Field(min_length=1, max_length=READINGS_MAX)]


class EstateReadingsIn(Shape):
    """Readings of the estate ``estate_id``, in the order in which they came."""

    estate_id: Id
    readings: Annotated[list[ReadingIn], Field(min_length=1, max_length=READINGS_MAX)]


class ReadingResult(Shape):
    """What became of one reading."""

    class_: ClassWord = Field(alias="class")
    code: str | None = Field(
        default=None, description="Rejected only: stable word for the reason", examples=[None]
    )
    reason: str = Field(default="", description="A sentence; empty if there is nothing to say", examples=[""])


class Counts(Shape):
    """How many readings of the request ended in each class; they add up to the readings sent."""

    first: int = Field(examples=[0])
    charged: int = Field(examples=[1])
    unchanged: int = Field(examples=[0])
    late: int = Field(examples=[0])
    duplicate: int = Field(examples=[0])
    conflict: int = Field(examples=[0])
    backwards: int = Field(examples=[0])
    held: int = Field(examples=[0])
    rejected: int = Field(examples=[0])


class ReadingsOut(Shape):
    """What became of each reading, in the order of the request."""

    counts: Counts
    readings: list[ReadingResult]


class AcceptedOut(Shape):
    """A held reading after a person accepted it, and what that changed: negative money is a refund."""

    register_id: Id
    taken_at: Instant
    class_: ClassWord = Field(alias="class")
    quantity: Quantity
    net: Money
    tax: Money


@dataclass(frozen=True, slots=True)
class Item:
    """One well-formed reading: key (serial, register, base unit), whole seconds, micro base units.

    ``temperature_centi`` is hundredths of a degree Celsius; None: it came without.
    """

    key: tuple[str, str, str]
    taken_s: int
    value_micro: int
    temperature_centi: int | None = None


class _Unreadable(ValueError):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_item(raw: Any) -> Item | Rejection:
    """Return a reading as charging takes it, or why it is none."""
    try:
        fields = _fields(raw)
        unit, scale = base_unit(fields["unit"])
        taken_at = _taken_at(fields["taken_at"])
        micro_value = value_micro(_number(fields["value"]), scale=scale)
        warmth = _temperature(fields.get("temperature"))
    except (_Unreadable, BadValue) as error:
        return _rejection(raw, code=error.code, detail=str(error))
    key = (fields["meter"], fields.get("register", "import"), unit)
    return Item(key, to_us(taken_at) // 1_000_000, micro_value, warmth)


def _fields(raw: Any) -> dict[str, str]:
    if not isinstance(raw, dict):
        raise _Unreadable("malformed", "a reading is an object with meter, taken_at, value and unit")
    for name, is_required in _FIELDS.items():
        if name not in raw and is_required:
            raise _Unreadable("malformed", f"{name} is missing")
        if name in raw and not _is_clean(raw[name]):
            raise _Unreadable(
                "malformed", f"{name} must be text of 1 to {_TEXT_MAX} characters, without control characters"
            )
    unknown = [name for name in raw if name not in _FIELDS]
    if unknown:
        raise _Unreadable("malformed", f"unknown field {json.dumps(unknown[0][:40])}")
    return raw


def _is_clean(value: Any) -> bool:
    # isprintable is false for control characters and for halves of surrogate pairs
    return isinstance(value, str) and 0 < len(value) <= _TEXT_MAX and value.isprintable()


def _taken_at(text: str) -> datetime:
    if _NAIVE.fullmatch(text):
        raise _Unreadable("naive_time", "taken_at has no offset: add Z or one such as +02:00")
    try:
        return parse_instant(text)
    except ValueError as error:
        raise _Unreadable("bad_time", f"taken_at {error}") from error


def _number(text: str) -> Decimal:
    if _NUMBER.fullmatch(text) is None:
        raise _Unreadable(
            "not_a_number", f"value {json.dumps(text[:40])} is not a decimal number such as 123.456"
        )
    value = Decimal(text)
    if len(value.as_tuple().digits) > _DIGITS_MAX:
        raise _Unreadable("too_many_decimals", f"value has more than {_DIGITS_MAX} digits")
    return value


def _temperature(text: str | None) -> int | None:
    if text is None:
        return None
    found = temperature_centi(Decimal(text)) if _NUMBER.fullmatch(text) else None
    if found is None:
        raise _Unreadable(
            "bad_temperature", f"temperature {json.dumps(text[:40])} is not -50 to 150 degrees Celsius"
        )
    return found


def _rejection(raw: Any, *, code: str, detail: str) -> Rejection:
    named: dict[str, Any] = raw if isinstance(raw, dict) else {}
    return Rejection(
        source=SOURCE,
        meter=_named(named.get("meter")),
        register=_named(named.get("register")),
        raw=_shortened(raw),
        code=code,
        detail=detail[:500],
    )


def _named(value: Any) -> str | None:
    return str(value)[:100] if _is_clean(value) else None


def _shortened(raw: Any) -> str:
    try:
        return json.dumps(raw)[:500]
    except (ValueError, RecursionError):
        return "unprintable"


def readings_out(read: Sequence[Item | Rejection], *, outcome: Outcome | None) -> ReadingsOut:
    """Return each reading's class in order; ``outcome`` is that of the well-formed ones among ``read``."""
    results: list[ReadingResult] = []
    place = 0
    for each in read:
        if isinstance(each, Rejection):
            results.append(ReadingResult(class_="rejected", code=each.code, reason=each.detail))
            continue
        if outcome is not None:
            results.append(_result(outcome, place))
            place += 1
    counts = Counter(dict.fromkeys(SHOWN_CLASSES, 0))
    counts.update(each.class_ for each in results)
    return ReadingsOut(counts=Counts(**counts), readings=results)


def _result(outcome: Outcome, place: int) -> ReadingResult:
    class_, reason = outcome.reading(place)
    if class_ is not ReadingClass.REJECTED:
        return ReadingResult(class_=class_.shown, reason=reason)
    code, _, sentence = reason.partition(": ")
    return ReadingResult(class_="rejected", code=code, reason=sentence)


def accepted_out(
    settled: Settled, *, info: RegisterInfo, taken_at: datetime, class_: str, currency: str
) -> AcceptedOut:
    """Return what accepting a held reading changed, as JSON shows it."""
    old, new = settled.old, settled.new
    return AcceptedOut(
        register_id=info.register_id,
        taken_at=taken_at,
        class_=class_,
        quantity=quantity(new.quantity_micro - old.quantity_micro, unit=BASE_UNIT[info.utility]),
        net=money(new.net_micro - old.net_micro, currency=currency),
        tax=money(new.tax_micro - old.tax_micro, currency=currency),
    )


class ReversalIn(Shape):
    """The entry to reverse, by its place in its account's chain."""

    account_id: Id
    seq: int = Field(ge=1, le=BIGINT_MAX, examples=[42])
    reason: Text = Field(examples=["Paid in at the wrong unit"])


class ReversalOut(Shape):
    """What a reversal did."""

    journal_id: UUID
    account_id: Id
    balance: Money = Field(description="Of the account, after it")


class ChargingRuleBody(Shape):
    """How often an estate's charges become entries. In between they are live in every balance."""

    cadence: Cadence = Field(examples=["daily"])
