"""The JSON Schema (draft 2020-12) of a rate table document.

It accepts every valid document and refuses unknown keys, wrong types and wrong words. What needs two
places of the document at once (letters of a clock, dates in exactly one season) is the parser's to say.
"""

from __future__ import annotations

from typing import Any

from .charges import CHARGES_MAX, INTERVAL_MINUTES, KIND_KEYS, REQUIRED_KEYS
from .document import (
    CARRIED,
    DAY,
    DAY_TYPES,
    FORMAT_VERSION,
    KVA,
    KW,
    MONTH,
    PAID,
    SLAB,
    UTILITIES,
    VOLUME,
)
from .parsing import BILLING_DAY_MAX, CONVERTED_UNITS, KEYS, REQUIRED
from .scalars import NAME_CHARS_MAX, REGISTER_NAME, URL_CHARS_MAX
from .times_of_use import CALENDAR_DATES_MAX, CLOCK_LETTERS, SEASON_NAME, SEASONS_MAX
from .usage import BLOCKS_MAX

_SCHEMA = "https://json-schema.org/draft/2020-12/schema"
_LETTER = "^[A-Z]$"
_SEASON = f"^(?:{SEASON_NAME})$"
_DATE = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def document_schema() -> dict[str, Any]:
    """Return the schema as plain values, made anew at each call."""
    return {
        "$schema": _SCHEMA,
        "$id": f"urn:mita:rate-table:{FORMAT_VERSION}",
        "title": "Rate table",
        "description": "Everything about a price. Money and quantities are texts with at most six decimals.",
        **_closed(_keys(), required=REQUIRED),
        "$defs": _definitions(),
    }


def _keys() -> dict[str, Any]:
    keys = {
        "rate_table": {"const": FORMAT_VERSION, "description": "The version of this format"},
        "name": _ref("text", "What people call it"),
        "utility": {"enum": list(UTILITIES), "description": "What is supplied"},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217, such as ZAR"},
        "effective_from": _ref("date", "A local date; the table before it ends there"),
        "source": _closed(
            {
                "title": _ref("text"),
                "url": {"type": "string", "minLength": 1, "maxLength": URL_CHARS_MAX},
                "retrieved": _ref("date"),
            },
            description="Where the prices were published; shown to people",
        ),
        "tax": _closed(
            {
                "name": _ref("text", "Such as VAT"),
                "percent": _ref("decimal", "0 to 100"),
                "prices": {
                    "enum": ["exclusive", "inclusive"],
                    "description": "Whether prices contain it",
                },
            },
            required=("name", "percent", "prices"),
        ),
        "period": {"const": MONTH, "description": "What blocks and monthly amounts run over"},
        "billing_day": {
            "type": "integer",
            "minimum": 1,
            "maximum": BILLING_DAY_MAX,
            "description": "The day of the month on which the billing period begins; 1 unless told",
        },
        "calendar": _calendar(),
        "seasons": {
            **_map(SEASON_NAME, _closed({"from": _ref("day"), "to": _ref("day")}, required=("from", "to"))),
            "minProperties": 1,
            "maxProperties": SEASONS_MAX,
            "description": "Both dates inclusive; each date of the year in exactly one season",
        },
        "clocks": {
            "anyOf": [_ref("clock"), {**_map(SEASON_NAME, _ref("clock")), "minProperties": 1}],
            "description": "24 or 48 letters from 00:00 local time for each day type, by season",
        },
        "conversion": _conversion(),
        "charges": {
            "type": "array",
            "minItems": 1,
            "maxItems": CHARGES_MAX,
            "items": {"oneOf": [_ref(kind) for kind in KIND_KEYS]},
        },
    }
    assert tuple(keys) == KEYS, "the schema has the keys of the document, in its order"
    return keys


def _calendar() -> dict[str, Any]:
    day_type = {"enum": list(DAY_TYPES)}
    keys = {
        "country": {"type": "string", "pattern": "^[A-Z]{2}$", "description": "Whose public holidays count"},
        "subdivision": {
            "type": "string",
            "minLength": 1,
            "description": "Part of it, such as ENG",
        },
        "holiday_as": {**day_type, "description": "The day type of public holidays"},
        "holidays": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": CALENDAR_DATES_MAX,
            "additionalProperties": day_type,
            "description": "The day type of a public holiday by its name; wins over holiday_as",
        },
        "dates": {
            "type": "object",
            "maxProperties": CALENDAR_DATES_MAX,
            "propertyNames": {"pattern": _DATE},
            "additionalProperties": day_type,
            "description": "The day type of a date; wins over everything",
        },
    }
    needs_country = {key: ["country"] for key in ("subdivision", "holiday_as", "holidays")}
    says_how = {"anyOf": [{"required": ["holiday_as"]}, {"required": ["holidays"]}]}
    return {
        **_closed(keys, description="Which day type a date has"),
        "dependentRequired": needs_country,
        "dependentSchemas": {"country": says_how},
    }


def _conversion() -> dict[str, Any]:
    by_factor = {"unit": {"enum": list(CONVERTED_UNITS)}, "factor": _ref("decimal")}
    of_gas = {
        "unit": {"const": "kWh"},
        "volume_correction": _ref("decimal"),
        "calorific_value": _ref("decimal", "MJ per m3"),
    }
    return {
        "description": "What a base unit of the register is in the unit that prices and blocks are for",
        "oneOf": [_closed(by_factor, required=tuple(by_factor)), _closed(of_gas, required=tuple(of_gas))],
    }


def _definitions() -> dict[str, Any]:
    return {
        "text": {"type": "string", "minLength": 1, "maxLength": NAME_CHARS_MAX},
        "decimal": {"type": "string", "pattern": r"^[0-9]+(?:\.[0-9]{1,6})?$", "examples": ["2.7472"]},
        "date": {"type": "string", "format": "date", "pattern": _DATE, "examples": ["2025-04-01"]},
        "day": {"type": "string", "pattern": "^[0-9]{2}-[0-9]{2}$", "examples": ["06-01"]},
        "clock": _closed(
            {day: {"type": "string", "pattern": f"^(?:{CLOCK_LETTERS})$"} for day in DAY_TYPES},
            required=DAY_TYPES,
        ),
        "blocks": {
            "type": "array",
            "minItems": 1,
            "maxItems": BLOCKS_MAX,
            "items": _closed({"up_to": _ref("decimal"), "price": _ref("decimal")}, required=("price",)),
            "description": "Each up to and including its limit; the last one without a limit",
        },
        "letters": {
            "type": "array",
            "minItems": 1,
            "uniqueItems": True,
            "items": {"type": "string", "pattern": _LETTER},
        },
        "usage": _usage(),
        "fixed": _charge(
            "fixed",
            per={"enum": [DAY, MONTH]},
            price=_ref("decimal"),
            while_off={"type": "boolean", "default": True, "description": "Due also while supply is off"},
        ),
        "demand": _charge(
            "demand",
            register=_register(),
            interval_minutes={"enum": list(INTERVAL_MINUTES)},
            unit={"enum": [KW, KVA]},
            price={"anyOf": [_ref("decimal"), _by_season(_ref("decimal"))]},
            when={"anyOf": [_ref("letters"), _by_season(_ref("letters"))]},
        ),
        "minimum": _charge("minimum", per={"const": MONTH}, price=_ref("decimal")),
        "netting": _netting(),
    }


def _usage() -> dict[str, Any]:
    charge = _charge(
        "usage",
        register=_register(),
        allowance=_ref("decimal", "The first units of the period that are free"),
        price=_by_season_and_letter(_ref("decimal")),
        blocks=_by_season_and_letter(_ref("blocks")),
        blocks_mode={"enum": [SLAB, VOLUME], "default": SLAB},
        blocks_per_letter={"type": "boolean", "default": False},
    )
    return {**charge, "oneOf": [{"required": ["price"]}, {"required": ["blocks"]}]}


def _netting() -> dict[str, Any]:
    charge = _charge(
        "netting",
        surplus={
            "enum": [PAID, CARRIED],
            "default": PAID,
            "description": "What export beyond import becomes",
        },
        carried_until=_ref("day", "Its billing period is the last: what is left then is paid"),
        surplus_price=_ref("decimal", "Per unit of surplus that is paid"),
    )
    is_carried = {"properties": {"surplus": {"const": CARRIED}}, "required": ["surplus"]}
    until = {"required": ["carried_until"]}
    return {**charge, "if": is_carried, "then": until, "else": {"not": until}}


def _charge(kind: str, **keys: dict[str, Any]) -> dict[str, Any]:
    known = {"name": _ref("text", "How the line of a bill is called"), "kind": {"const": kind}, **keys}
    assert tuple(known) == KIND_KEYS[kind], "the schema has the keys of the charge, in their order"
    return _closed(known, required=("kind", *REQUIRED_KEYS[kind]))


def _register() -> dict[str, Any]:
    return {"type": "string", "pattern": f"^(?:{REGISTER_NAME})$", "examples": ["import", "export"]}


def _by_season_and_letter(leaf: dict[str, Any]) -> dict[str, Any]:
    by_letter = {**_map("[A-Z]", leaf), "minProperties": 1}
    return {"anyOf": [leaf, by_letter, _by_season({"anyOf": [leaf, by_letter]})]}


def _by_season(leaf: dict[str, Any]) -> dict[str, Any]:
    return {**_map(SEASON_NAME, leaf), "minProperties": 1}


def _map(pattern: str, value: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "patternProperties": {f"^(?:{pattern})$": value},
        "additionalProperties": False,
    }


def _closed(keys: dict[str, Any], *, required: tuple[str, ...] = (), description: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {"type": "object", "properties": keys, "additionalProperties": False}
    if required:
        found["required"] = list(required)
    return {"description": description, **found} if description else found


def _ref(name: str, description: str = "") -> dict[str, Any]:
    found = {"$ref": f"#/$defs/{name}"}
    return {**found, "description": description} if description else found
