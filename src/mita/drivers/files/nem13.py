"""NEM13: values of cumulative registers, each with the one before it. Pure.

``250`` says the previous and the current value of a register, ``550`` more of the second, which is passed
over. The meter of suffix 11 is the NMI alone, that of any other ``NMI/suffix``. Direction E is import,
I is export. Where the consumption is not the difference of the two values there is a multiplier or the
register began again: such a row is a fault, because money would be wrong by a factor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.drivers.files.gathered import (
    BadLine,
    Channel,
    Gathered,
    Quality,
    UnreadableFile,
    number,
    quantity,
)
from mita.drivers.files.nem import LINE_MAX, check_header, fields_of, instant_s, meter_name, quality_of
from mita.drivers.localtime import LocalClock, NoSuchLocalTime
from mita.kit.quantity import BadValue, base_unit

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

_REGISTERS = {"E": "import", "I": "export"}
_FIELDS = 20


def read_nem13(lines: Iterable[str], gathered: Gathered, *, zone: ZoneInfo, name: str) -> None:
    """Gather the register values of a NEM13 file; ``zone`` is that of its times.

    :raises UnreadableFile: if it is no NEM13, or holds no values
    """
    clock = LocalClock(zone)
    rows, line = 0, 0
    has_header = has_begun = False
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        fields = fields_of(text[:LINE_MAX].rstrip("\r\n"))
        kind = fields[0]
        if not has_header:
            if has_begun and kind != "100":
                raise UnreadableFile(
                    f"{name}: line {line}: a row stands after the 900 row, without a 100 row"
                )
            check_header(fields, version="NEM13", line=line, name=name)
            has_header = has_begun = True
        elif kind == "250":
            rows += 1
            _take(gathered, fields, clock=clock, line=line)
        elif kind == "900":
            has_header = False
        elif kind != "550":
            fault = BadLine("unknown_row", f"{kind[:20]!r} begins no row of a NEM13 file")
            gathered.add_fault(line, fault)
    if not has_begun:
        raise UnreadableFile(f"{name}: the file is empty")
    if has_header:
        fault = BadLine("no_end", "the file ends without a 900 row: what follows is missing")
        gathered.add_fault(line, fault)
    if not rows:
        raise UnreadableFile(f"{name}: line {line}: there is no row of values (250) in the file")


def _take(gathered: Gathered, fields: list[str], *, clock: LocalClock, line: int) -> None:
    try:
        for channel, taken_s, micro, quality in _values(gathered, fields, clock=clock):
            gathered.add_value(channel, taken_s, micro, quality=quality, line=line)
    except (BadLine, BadValue) as error:
        gathered.add_fault(line, error, meter=fields[1][:100] if len(fields) > 1 else None)
    except NoSuchLocalTime as error:
        gathered.add_fault(line, BadLine("bad_time", str(error)))


def _values(
    gathered: Gathered, fields: list[str], *, clock: LocalClock
) -> list[tuple[Channel, int, int, Quality]]:
    """Return the two values of a 250 row."""
    if len(fields) < _FIELDS:
        raise BadLine("missing_fields", f"a 250 row has at least {_FIELDS} fields, this one {len(fields)}")
    nmi, suffix, direction, unit = fields[1], fields[4], fields[7].upper(), fields[19]
    register = _REGISTERS.get(direction)
    if register is None:
        raise BadLine("bad_direction", f"direction {direction[:10]!r} is not E (import) or I (export)")
    if "var" in unit.lower() or unit.lower() == "kvah":
        gathered.left_out[f"direction {direction} ({unit.lower()[:10]})"] += 1
        return []
    base, scale = base_unit(unit)
    channel = Channel(meter_name(nmi, suffix), register, base)
    before = quantity(fields[8], scale)
    before_quality = quality_of(fields[10])
    found = [(channel, instant_s(fields[9], clock=clock), before, before_quality)]
    quality = quality_of(fields[15])
    after = quantity(fields[13], scale)
    if quality == before_quality == Quality.FINAL and number(fields[13]) - number(fields[8]) != number(
        fields[18]
    ):
        detail = f"the register went from {fields[8]} to {fields[13]}, and the consumption says {fields[18]}"
        raise BadLine("quantity_differs", detail)
    found.append((channel, instant_s(fields[14], clock=clock), after, quality))
    return found
