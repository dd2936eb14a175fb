"""Files and streams of P1 telegrams. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.drivers.files.gathered import BadLine, Channel, Quality, UnreadableFile, checked_name
from mita.drivers.p1.telegram import BadTelegram, parse_telegram, telegrams
from mita.kit.quantity import BadValue, base_unit, value_micro

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from mita.drivers.files.gathered import Gathered
    from mita.drivers.p1.telegram import Telegram


def read_p1(pieces: Iterable[bytes], gathered: Gathered, *, name: str, meter: str | None) -> None:
    """Gather the values of telegrams; ``meter`` names the electricity meter, else its serial does.

    :raises UnreadableFile: if there is no telegram in the file
    """
    count = 0
    for line, data in telegrams(pieces):
        count += 1
        try:
            _take(parse_telegram(data), gathered, line=line, meter=meter)
        except BadTelegram as bad:
            gathered.add_fault(line, BadLine(bad.code, str(bad)))
        except (BadLine, BadValue) as error:
            gathered.add_fault(line, error)
    if not count:
        raise UnreadableFile(f"{name}: there is no telegram in the file")


def _take(telegram: Telegram, gathered: Gathered, *, line: int, meter: str | None) -> None:
    serial = checked_name(meter or telegram.serial or telegram.identification, what="meter")
    if not telegram.totals:
        raise BadLine("no_value", "the telegram says neither import nor export")
    gathered.utility_of[serial] = "electricity"
    for register, (value, unit) in telegram.totals.items():
        _add(gathered, serial, register, value, unit, taken_s=telegram.taken_s, line=line)
    for behind in telegram.behind:
        if behind.utility is None:
            gathered.left_out[f"M-Bus channel {behind.channel}"] += 1
        elif behind.value is not None and behind.taken_s is not None:
            name = checked_name(behind.serial or f"{serial}/{behind.channel}", what="meter")
            gathered.utility_of[name] = behind.utility
            _add(gathered, name, "import", behind.value, behind.unit, taken_s=behind.taken_s, line=line)


def _add(
    gathered: Gathered, meter: str, register: str, value: Decimal, unit: str, *, taken_s: int, line: int
) -> None:
    base, scale = base_unit(unit)
    micro = value_micro(value, scale=scale)
    gathered.add_value(Channel(meter, register, base), taken_s, micro, quality=Quality.FINAL, line=line)
