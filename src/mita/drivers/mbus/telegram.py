"""A telegram, wired or wireless, as records with exact values. Pure.

The parser names quantities and units and decrypts. What it gives as a float is read again here: it leaves
out the power of ten of such records.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from pymbusparser import MbusParserError, parse

from mita.drivers.mbus.fixed import Fixed, fixed
from mita.drivers.mbus.mend import is_long_frame, mended, record_end

_CUTS_MAX = 30
_RECORDS_MAX = 250
_EXTENSION_MAX = 10
_NO_ERROR_VIFE = 0x00
_PLAIN_EXTRA = "Reserved for object actions"
_OPENED = "2F2F"
_MORE_FOLLOW, _MANUFACTURER = "More records follow", "Manufacturer specific"
# first VIF code of a row, how many codes it has, the power of ten of the first
_POWERS = (
    (0x00, 8, 0),
    (0x08, 8, 0),
    (0x10, 8, -6),
    (0x18, 8, -3),
    (0x28, 8, -3),
    (0x30, 8, 0),
    (0x38, 8, -6),
    (0x50, 8, -3),
    (0x58, 4, -3),
    (0x5C, 4, -3),
    (0x60, 4, -3),
    (0x64, 4, -3),
    (0x68, 4, -3),
)
_WATT_HOURS = range(8)
_VIF_MASK, _MORE = 0x7F, 0x80


class BadTelegram(ValueError):
    """Bytes that are no telegram, or one that cannot be opened; ``code`` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Record:
    """What a record says. ``extras`` are what qualifies the quantity, in hex as it stands in the record.

    ``is_now`` tells an instantaneous value of today from history, extremes and errors. ``rate`` is what
    M-Bus calls the tariff, 0 for the total. ``value`` is None where the record holds none that is exact;
    ``data`` are its bytes.
    """

    quantity: str
    qualifiers: tuple[str, ...]
    extras: str
    unit: str | None
    is_now: bool
    storage: int
    rate: int
    subunit: int
    function: str
    value: Decimal | str | None
    data: bytes


@dataclass(slots=True)
class Telegram:
    """A telegram: who sends it, its status byte, its records, and what could not be read (hex)."""

    identification: str | None
    manufacturer: str | None
    version: int | None
    medium: int | None
    medium_name: str | None
    status: int
    records: list[Record] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    has_more: bool = False
    is_partial: bool = False


def telegram(raw: bytes, *, key: bytes | None = None) -> Telegram:
    """Return what a telegram says; ``key`` opens one that is encrypted (16 bytes, AES).

    :raises BadTelegram: ``no_telegram``, ``key_missing``, ``wrong_key`` or ``not_encrypted``
    """
    old = fixed(raw) if is_long_frame(raw) else None
    if old is not None:
        return _of_fixed(old)
    wired = mended(raw)
    said = _parsed(raw if wired is None else wired.frame, key)
    unread: list[str] = []
    while wired is not None and (at := _stopped_at(said)) is not None and len(unread) < _CUTS_MAX:
        end = record_end(wired.records, at)
        if at >= end:
            break
        unread.append(wired.records[at:end].hex())
        wired = wired.without(at, end)
        said = _parsed(wired.frame, key)
    _check_security(said, has_key=key is not None)
    meter = said.get("meter") or {}
    identity = meter.get("identity") or {}
    if not identity and not said.get("records"):
        raise BadTelegram("no_telegram", "names no meter and holds no values")
    made = Telegram(
        wired.identification if wired is not None else identity.get("id"),
        identity.get("manufacturer_code"),
        identity.get("version"),
        identity.get("device_type_code"),
        identity.get("device_type"),
        wired.status if wired is not None else _status(said),
        unread=unread,
        is_partial=said.get("decode_state") != "complete",
    )
    _fill(made, said.get("records") or [])
    return made


def _fill(made: Telegram, records: list[dict[str, Any]]) -> None:
    for said in records[:_RECORDS_MAX]:
        if said.get("function") == _MORE_FOLLOW:
            made.has_more = True
        elif said.get("function") != _MANUFACTURER and said.get("quantities"):
            made.records.append(_record(said))


def _parsed(raw: bytes, key: bytes | None) -> dict[str, Any]:
    try:
        return parse(raw, key=key, include_enrichment=False)
    except MbusParserError as error:
        raise BadTelegram("no_telegram", f"is no M-Bus telegram: {str(error)[:200]}") from error


def _stopped_at(said: dict[str, Any]) -> int | None:
    for each in said.get("diagnostics") or ():
        if each.get("code") == "application.record_partial":
            at = each.get("offset_start")
            return at if isinstance(at, int) else None
    return None


def _check_security(said: dict[str, Any], *, has_key: bool) -> None:
    """Say nothing if what was read may be believed.

    The parser hands out what a wrong key makes of a telegram. What the right one opens begins with 2F 2F.
    """
    security = said.get("security") or {}
    if security.get("payload_protection") != "encrypted":
        if has_key and said.get("protocol") == "wireless":
            raise BadTelegram("not_encrypted", "the device has a secret, and the telegram is not encrypted")
        return
    if security.get("decryption_state") == "key_missing":
        raise BadTelegram("key_missing", "the telegram is encrypted, and the device has no secret")
    opened = security.get("decrypted_payload_hex")
    if not isinstance(opened, str) or not opened.upper().startswith(_OPENED):
        mode = security.get("mode")
        raise BadTelegram("wrong_key", f"the secret does not open the telegram ({mode})")


def _status(said: dict[str, Any]) -> int:
    found = 0
    for each in (said.get("transport") or {}).get("statuses") or ():
        found |= int(each["raw"], 16)
    return found


def _of_fixed(old: Fixed) -> Telegram:
    made = Telegram(old.identification, None, None, old.medium, old.medium_name, old.status)
    for place, counter in enumerate(old.counters):
        made.records.append(
            Record(
                quantity=counter.quantity or "Counter",
                qualifiers=(),
                extras="",
                unit=counter.unit,
                is_now=counter.is_now,
                storage=0 if counter.is_now else 1,
                rate=0,
                # the second counter is a register of its own, even where it counts the same
                subunit=place,
                function="Instantaneous value",
                value=counter.value,
                data=b"",
            )
        )
    return made


def _record(said: dict[str, Any]) -> Record:
    header = bytes.fromhex(said["header_hex"])
    data = bytes.fromhex(said["data_hex"])
    vif, extras = _information(header)
    qualifiers = tuple(
        name
        for name in said["quantities"][1:]
        # this one is what "no error" is called as an answer
        if not (name == _PLAIN_EXTRA and _NO_ERROR_VIFE in extras)
    )
    function, storage = said["function"], said["storage_number"]
    return Record(
        quantity=said["quantities"][0],
        qualifiers=qualifiers,
        extras=extras.hex(),
        unit=said.get("unit"),
        is_now=function == "Instantaneous value" and storage == 0,
        storage=storage,
        rate=said["tariff"] or 0,
        subunit=said["subunit"] or 0,
        function=function,
        value=_value(said["value"] or {}, vif=vif, extras=extras, data=data),
        data=data,
    )


def _information(header: bytes) -> tuple[int | None, bytes]:
    """Return the VIF of a record's header and the VIFEs after it; None where it is an extension."""
    at = 0
    while at < len(header) and header[at] & _MORE and at < _EXTENSION_MAX:
        at += 1
    vif, extras = header[at + 1 : at + 2], header[at + 2 :]
    if not vif:
        return None, b""
    return (None if vif[0] in {0xFB, 0xFD, 0xFF, 0x7F, 0xFC, 0x7C} else vif[0] & _VIF_MASK), extras


def _value(said: dict[str, Any], *, vif: int | None, extras: bytes, data: bytes) -> Decimal | str | None:
    kind, value = said.get("kind"), said.get("value")
    if kind == "decimal" and isinstance(value, str):
        return Decimal(value)
    if kind == "float":
        return _float(data, vif=vif, extras=extras)
    return value[:200] if kind in {"text", "datetime"} and isinstance(value, str) else None


def _float(data: bytes, *, vif: int | None, extras: bytes) -> Decimal | None:
    """Return the shortest decimal that a float32 means, in the record's unit; None if that is not known."""
    power = None if extras or vif is None else _power(vif)
    if len(data) != 4 or power is None:  # noqa: PLR2004 - the only size that the wire has
        return None
    number = Decimal(str(np.float32(struct.unpack("<f", data)[0])))
    return number.scaleb(power) if number.is_finite() else None


def _power(vif: int) -> int | None:
    for begin, count, power in _POWERS:
        if begin <= vif < begin + count:
            # 10^-3 Wh is the first; the parser's unit is Wh
            return vif - begin + (-3 if vif in _WATT_HOURS else power)
    return None
