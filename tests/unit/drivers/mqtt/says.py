"""Devices and messages for the tests of conventions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mita.drivers.wire import Arrival, Device, Shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.drivers.fields import Field
    from mita.drivers.wire import Decoded, Report

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
# 2026-11-22T07:00:00Z
RECEIVED_S = 1_795_330_800
ONE = (("E-1", "electricity"),)


def device(
    name: str,
    *,
    meters: Sequence[tuple[str, str]] = ONE,
    fields: Sequence[Field] = (),
    zone: ZoneInfo | None = AMSTERDAM,
    **settings: Any,
) -> Device:
    return Device(name, meters, fields, zone, settings)


def arrival(channel: str, said: Any, *, received_s: int = RECEIVED_S, is_retained: bool = False) -> Arrival:
    """A message of text, bytes, or anything else as JSON."""
    payload = (
        said if isinstance(said, bytes) else (said if isinstance(said, str) else json.dumps(said)).encode()
    )
    return Arrival(channel, payload, received_s, is_retained)


def figures(decoded: Decoded) -> list[tuple[str, str, int, int, bool]]:
    """Serial, register, seconds, millionths, timed."""
    return [
        (told.meter, told.register, told.taken_s, told.value_micro, told.is_timed)
        for told in decoded.readings
    ]


def shown(decoded: Decoded) -> dict[str, tuple[str, str | None]]:
    return {
        report.path: (str(report.value), report.unit)
        for report in decoded.reports
        if isinstance(report, Shown)
    }


def of(decoded: Decoded, kind: type[Report]) -> list[Report]:
    return [report for report in decoded.reports if isinstance(report, kind)]


def codes(decoded: Decoded) -> list[str]:
    return [rejection.code for rejection in decoded.rejections]
