"""Green Button (ESPI in Atom): consumption by intervals. Pure.

A block of intervals belongs to the MeterReading whose address begins its own, and that names its ReadingType
and lies in a UsagePoint. Times are UTC; days of 23 and 25 hours are intervals like any other. Cost is passed
over: prices are ours. A document type is refused, so no entity is ever expanded.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING
from xml.parsers import expat

from mita.drivers.files.gathered import BadLine, Channel, Quality, UnreadableFile, checked_name
from mita.kit.quantity import BadValue, base_unit, value_micro

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mita.drivers.files.gathered import Gathered

_ESPI = "http://naesb.org/espi"
_ATOM = "http://www.w3.org/2005/Atom"
_UNITS = {"72": "Wh", "42": "m3", "134": "L"}
_UNIT_NAMES = {
    "169": "therm",
    "132": "BTU",
    "119": "cubic feet",
    "38": "W",
    "63": "VAr",
    "73": "VArh",
    "71": "VAh",
}
_REGISTERS = {"": "import", "0": "import", "1": "import", "19": "export"}
# estimated by three methods, or projected: these are replaced
_ESTIMATES = {"8", "9", "12"}
_UTILITIES = {"0": "electricity", "1": "gas", "2": "water"}
_DELTA = {"", "0", "4"}
_MULTIPLIER_MAX = 9
_TEXT_MAX = 2_000


@dataclass(slots=True)
class _Reading:
    """An IntervalReading as it stands there."""

    line: int
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Entry:
    """An entry of the feed: its addresses, and what it says if it is one of those asked for."""

    self_href: str = ""
    hrefs: list[str] = field(default_factory=list)
    kind: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    readings: list[_Reading] = field(default_factory=list)
    line: int = 0


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the values of a MeterReading are; without a channel: left out."""

    channel: Channel | None
    scale: Decimal = Decimal(0)


def read_greenbutton(pieces: Iterable[bytes], gathered: Gathered, *, name: str, meter: str | None) -> None:
    """Gather the intervals of a Green Button file; ``meter`` names the one usage point of the file.

    :raises UnreadableFile: if it is no Atom feed of ESPI, or holds no intervals
    """
    feed = _Feed(name)
    feed.parse(pieces)
    blocks = [entry for entry in feed.entries if entry.kind == "IntervalBlock"]
    if not blocks:
        raise UnreadableFile(f"{name}: there is no block of intervals (IntervalBlock) in the file")
    points = {entry.self_href for entry in feed.entries if entry.kind == "UsagePoint"}
    if meter is not None and len(points) > 1:
        raise UnreadableFile(f"{name}: the file has {len(points)} usage points: one name is not enough")
    meanings: dict[str, _Meaning | BadLine] = {}
    for block in blocks:
        of = _owner(block, feed.entries, kind="MeterReading")
        if of not in meanings:
            meanings[of] = _meaning_or_fault(of, feed.entries, meter=meter, gathered=gathered)
        found = meanings[of]
        if isinstance(found, BadLine):
            gathered.add_fault(block.line, found)
        elif found.channel is not None:
            for reading in block.readings:
                _add(reading, found.channel, found.scale, gathered)


class _Feed:
    """The entries of a feed, read piece by piece."""

    def __init__(self, name: str) -> None:
        self.entries: list[_Entry] = []
        self._name = name
        self._path: list[str] = []
        self._text: list[str] = []
        self._entry: _Entry | None = None
        self._reading: _Reading | None = None
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse

    def parse(self, pieces: Iterable[bytes]) -> None:
        """Read all of the file.

        :raises UnreadableFile: if it is no XML, or another document
        """
        iterator = iter(pieces)
        first = next(iterator, b"")
        if not first:
            raise UnreadableFile(f"{self._name}: the file is empty")
        try:
            for piece in itertools.chain([first], iterator):
                self._parser.Parse(piece, False)
            self._parser.Parse(b"", True)
        except UnreadableFile:
            raise
        except expat.ExpatError as error:
            where = f"{self._name}: line {error.lineno}"
            raise UnreadableFile(f"{where}: no XML: {expat.errors.messages[error.code]}") from error
        except (LookupError, ValueError) as error:
            # an encoding that nobody knows
            raise UnreadableFile(f"{self._name}: no XML: {error}") from error

    def _refuse(self, *_: object) -> None:
        line = self._parser.CurrentLineNumber
        raise UnreadableFile(
            f"{self._name}: line {line}: a document type is not taken, because of its entities"
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        space, _, local = tag.rpartition(" ")
        if not self._path and (space, local) not in {(_ATOM, "feed"), (_ATOM, "entry")}:
            raise UnreadableFile(f"{self._name}: the document is {local!r}, and no Atom feed")
        self._path.append(local)
        self._text = []
        line = self._parser.CurrentLineNumber
        if (space, local) == (_ATOM, "entry"):
            self._entry = _Entry(line=line)
        elif self._entry is None:
            return
        elif (space, local) == (_ATOM, "link"):
            self._link(self._entry, attributes)
        elif space == _ESPI and local in {"UsagePoint", "MeterReading", "ReadingType", "IntervalBlock"}:
            self._entry.kind = local
        elif space == _ESPI and local == "IntervalReading":
            self._reading = _Reading(line)

    @staticmethod
    def _link(entry: _Entry, attributes: dict[str, str]) -> None:
        href = attributes.get("href", "").rstrip("/")[:_TEXT_MAX]
        if attributes.get("rel") == "self":
            entry.self_href = href
        elif attributes.get("rel") == "related":
            entry.hrefs.append(href)

    def _characters(self, text: str) -> None:
        if sum(map(len, self._text)) < _TEXT_MAX:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        local = tag.rpartition(" ")[2]
        self._path.pop()
        text, self._text = "".join(self._text).strip()[:_TEXT_MAX], []
        if self._entry is None:
            return
        if local == "IntervalReading" and self._reading is not None:
            self._entry.readings.append(self._reading)
            self._reading = None
        elif local == "entry":
            self.entries.append(self._entry)
            self._entry = None
        elif self._reading is not None:
            # the cost of a reading has no key that is asked for
            self._reading.texts.setdefault(local, text)
        elif self._path[-1:] in (["ReadingType"], ["ServiceCategory"]):
            self._entry.texts[local] = text


def _owner(entry: _Entry, entries: list[_Entry], *, kind: str) -> str:
    """Return the address of the entry of a kind in which another one lies; empty if there is none."""
    fitting = [
        each.self_href
        for each in entries
        if each.kind == kind and each.self_href and entry.self_href.startswith(f"{each.self_href}/")
    ]
    if not fitting:
        only = [each.self_href for each in entries if each.kind == kind]
        return only[0] if len(only) == 1 else ""
    return max(fitting, key=len)


def _meaning_or_fault(
    href: str, entries: list[_Entry], *, meter: str | None, gathered: Gathered
) -> _Meaning | BadLine:
    try:
        return _meaning(href, entries, meter=meter, gathered=gathered)
    except BadLine as error:
        return error


def _meaning(href: str, entries: list[_Entry], *, meter: str | None, gathered: Gathered) -> _Meaning:
    meter_reading = next(
        (each for each in entries if each.self_href == href and each.kind == "MeterReading"), None
    )
    if meter_reading is None:
        raise BadLine("no_meter_reading", "the block belongs to no MeterReading of the file")
    types = [each for each in entries if each.kind == "ReadingType"]
    named = [each for each in types if each.self_href in meter_reading.hrefs]
    if len(named or types) != 1:
        raise BadLine(
            "no_reading_type", f"{len(named or types)} ReadingTypes fit the MeterReading of the block"
        )
    texts = (named or types)[0].texts
    unit = _UNITS.get(texts.get("uom", ""))
    if unit is None:
        code = texts.get("uom", "")[:10]
        gathered.left_out[f"uom {code} ({_UNIT_NAMES.get(code, 'another unit')})"] += 1
        return _Meaning(None)
    if texts.get("accumulationBehaviour", "") not in _DELTA:
        raise BadLine("not_a_delta", "the values are no consumption of intervals (accumulationBehaviour 4)")
    register = _REGISTERS.get(texts.get("flowDirection", ""))
    if register is None:
        gathered.left_out[f"flowDirection {texts['flowDirection'][:10]}"] += 1
        return _Meaning(None)
    base, micro = base_unit(unit)
    point = _owner(meter_reading, entries, kind="UsagePoint")
    name = checked_name(meter or point.rpartition("/")[2], what="meter")
    of = next((each for each in entries if each.kind == "UsagePoint" and each.self_href == point), None)
    utility = None if of is None else _UTILITIES.get(of.texts.get("kind", ""))
    if utility is not None:
        gathered.utility_of[name] = utility
    return _Meaning(
        Channel(name, register, base), _power_of_ten(texts.get("powerOfTenMultiplier", "")) * micro
    )


def _power_of_ten(text: str) -> Decimal:
    power = _whole(text or "0", what="powerOfTenMultiplier")
    if abs(power) > _MULTIPLIER_MAX:
        raise BadLine("bad_multiplier", f"powerOfTenMultiplier {power} is beyond all reason")
    return Decimal(1).scaleb(power)


def _whole(text: str, *, what: str) -> int:
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 18:  # noqa: PLR2004 - inside 64 bits
        raise BadLine("not_a_number", f"{what} {text[:30]!r} is not a whole number")
    return int(text)


def _add(reading: _Reading, channel: Channel, scale: Decimal, gathered: Gathered) -> None:
    texts = reading.texts
    try:
        start_s = _whole(texts.get("start", ""), what="start")
        end_s = start_s + _whole(texts.get("duration", ""), what="duration")
        micro = value_micro(_whole(texts.get("value", ""), what="value") * scale, scale=1)
        quality = Quality.ESTIMATE if texts.get("quality", "") in _ESTIMATES else Quality.FINAL
        gathered.add_interval(channel, start_s, end_s, micro, quality=quality, line=reading.line)
    except (BadLine, BadValue) as error:
        gathered.add_fault(reading.line, error, meter=channel.meter)
