r"""A P1 telegram: ``/XXX5...``, lines ``1-0:1.8.1(001581.123*kWh)``, ``!`` and its CRC16. Pure.

The checksum is CRC-16/ARC (reflected 0x8005, from 0) over all bytes from ``/`` to ``!``, both included.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TELEGRAM_BYTES_MAX = 16_384
_LINE = re.compile(r"(\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3})((?:\([^()]*\))+)")
_TIME = re.compile(r"(\d{12})([SW])")
_MEASURED = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\*([A-Za-z0-9]{1,6})")
_OFFSETS = {"S": timezone(timedelta(hours=2)), "W": timezone(timedelta(hours=1))}
# import and export: both tariffs, or their total
_TOTALS = {
    "import": ("1-0:1.8.0", "1-0:1.8.1", "1-0:1.8.2"),
    "export": ("1-0:2.8.0", "1-0:2.8.1", "1-0:2.8.2"),
}
_UTILITIES = {3: "gas", 6: "hot_water", 7: "water"}
_MBUS = re.compile(r"0-([1-9]):(24\.1\.0|24\.2\.1|24\.2\.3|96\.1\.[012])")


class BadTelegram(ValueError):
    """A telegram that cannot be taken, with a stable ``code``."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Behind:
    """A meter on the telegram's M-Bus: its channel, serial, utility (None: none of ours) and newest value."""

    channel: int
    serial: str
    utility: str | None
    taken_s: int | None = None
    value: Decimal | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Telegram:
    """What a telegram says. ``totals`` are import and export (value, unit); ``lines`` all of its values."""

    identification: str
    serial: str
    taken_s: int
    totals: dict[str, tuple[Decimal, str]] = field(default_factory=dict)
    behind: tuple[Behind, ...] = ()
    lines: dict[str, tuple[Decimal, str]] = field(default_factory=dict)


def crc16(data: bytes) -> int:
    """Return the CRC-16/ARC of bytes."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def telegrams(pieces: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the telegrams of a stream, each with the number of its first line, checksum included.

    What stands before the first ``/`` and between telegrams is passed over. Line ends are as they came.
    """
    found: list[bytes] = []
    first = size = 0
    for number, line in enumerate(_lines(pieces), start=1):
        if line.startswith(b"/"):
            if found:
                yield first, b"".join(found)
            found, first, size = [], number, 0
        elif not found:
            continue
        size += len(line)
        found.append(line[:TELEGRAM_BYTES_MAX])
        if line.startswith(b"!") or size > TELEGRAM_BYTES_MAX:
            yield first, b"".join(found)
            found = []
    if found:
        yield first, b"".join(found)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line + b"\n"
        if len(rest) > TELEGRAM_BYTES_MAX:
            yield rest
            rest = b""
    if rest:
        yield rest


def parse_telegram(data: bytes) -> Telegram:
    r"""Return what a telegram says.

    Where a transport made ``\n`` of ``\r\n``, the checksum is that of the telegram as it was.

    :raises BadTelegram: ``no_telegram``, ``no_checksum``, ``bad_checksum``, ``repeated_value``, ``bad_time``,
        ``bad_value`` or ``no_time``
    """
    text = _checked(data)
    found = _found(text)
    taken_s = _instant(_single(found, "0-0:1.0.0"))
    measured = {code: value for code, texts in found.items() if (value := _measured(texts[-1])) is not None}
    identification, _, _ = text.partition("\n")
    return Telegram(
        identification=identification[1:].strip()[:100],
        serial=_serial(found.get("0-0:96.1.1", found.get("0-0:96.1.4", [""]))[-1]),
        taken_s=taken_s,
        totals=_totals(measured),
        behind=tuple(_behind(found)),
        lines={code: value for code, value in measured.items() if not _MBUS.fullmatch(code)},
    )


def _checked(data: bytes) -> str:
    start, end = data.find(b"/"), data.rfind(b"!")
    if start < 0 or end < start or len(data) > 2 * TELEGRAM_BYTES_MAX:
        raise BadTelegram("no_telegram", "there is no whole telegram from / to !")
    said = data[end + 1 :].strip()
    if not said:
        raise BadTelegram(
            "no_checksum", "there is no checksum after the !: telegrams before DSMR 4 are not read"
        )
    if not re.fullmatch(rb"[0-9A-Fa-f]{4}", said):
        raise BadTelegram("no_checksum", "what follows the ! is no checksum of four digits")
    body = data[start : end + 1]
    if int(said, 16) not in {crc16(body), crc16(body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))}:
        raise BadTelegram(
            "bad_checksum", f"the checksum says {said.decode()}, the bytes make {crc16(body):04X}"
        )
    return body.decode("latin-1")


def _found(text: str) -> dict[str, list[str]]:
    """Return what stands in the brackets behind each code."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines()[1:]:
        matched = _LINE.fullmatch(line.strip())
        if matched is None:
            continue
        if matched[1] in found:
            raise BadTelegram("repeated_value", f"{matched[1]} stands there twice")
        found[matched[1]] = matched[2][1:-1].split(")(")
    return found


def _single(found: dict[str, list[str]], code: str) -> str:
    texts = found.get(code)
    if not texts:
        raise BadTelegram("no_time", "the telegram carries no time (0-0:1.0.0)")
    return texts[0]


def _instant(text: str) -> int:
    """Return the second of ``YYMMDDhhmmssX``: X is S in summer (UTC and two hours), W in winter (one)."""
    matched = _TIME.fullmatch(text)
    wrong = BadTelegram("bad_time", f"time {text[:20]!r} is not yymmddhhmmss with S or W")
    if matched is None:
        raise wrong
    try:
        local = datetime.strptime(f"20{matched[1]}", "%Y%m%d%H%M%S")  # noqa: DTZ007 - the letter is the zone
    except ValueError:
        raise wrong from None
    instant = local.replace(tzinfo=_OFFSETS[matched[2]])
    return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _measured(text: str) -> tuple[Decimal, str] | None:
    matched = _MEASURED.fullmatch(text)
    if matched is None:
        return None
    try:
        return Decimal(matched[1]), matched[2]
    except InvalidOperation:
        return None


def _totals(measured: dict[str, tuple[Decimal, str]]) -> dict[str, tuple[Decimal, str]]:
    """Return import and export: the total as it is said, else the sum of the two tariffs."""
    totals = {}
    for register, (total, low, high) in _TOTALS.items():
        if total in measured:
            totals[register] = measured[total]
        elif low in measured and high in measured and measured[low][1] == measured[high][1]:
            # one of the two alone would not rise while the other one does
            totals[register] = (measured[low][0] + measured[high][0], measured[low][1])
    return totals


def _behind(found: dict[str, list[str]]) -> Iterator[Behind]:
    for channel in sorted({int(matched[1]) for code in found if (matched := _MBUS.fullmatch(code))}):
        kind = found.get(f"0-{channel}:24.1.0", [""])[0]
        utility = _UTILITIES.get(int(kind)) if kind.isascii() and kind.isdecimal() else None
        serials = [found[code][0] for place in (0, 1, 2) if found.get(code := f"0-{channel}:96.1.{place}")]
        serial = _serial(next(filter(None, serials), ""))
        told = found.get(f"0-{channel}:24.2.1") or found.get(f"0-{channel}:24.2.3") or []
        value = _measured(told[1]) if len(told) == 2 else None  # noqa: PLR2004 - its time, and it
        if value is None:
            yield Behind(channel, serial, utility)
        else:
            yield Behind(channel, serial, utility, _instant(told[0]), *value)


def _serial(text: str) -> str:
    """Return a serial: text in hex as the standard wants it, else as it stands there."""
    try:
        decoded = bytes.fromhex(text).decode("ascii")
    except ValueError:
        decoded = ""
    serial = decoded if decoded.isprintable() and decoded else text
    return serial.strip()[:100]
