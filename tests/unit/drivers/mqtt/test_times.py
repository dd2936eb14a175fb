"""When a device says that something was."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mita.drivers.mqtt.times import Taken, taken
from tests.unit.drivers.mqtt.says import AMSTERDAM, RECEIVED_S


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Decimal(1795330799), 1795330799),
        (Decimal("1795330799.98"), 1795330799),
        (Decimal(1795330799999), 1795330799),
        ("2026-11-22T06:59:59Z", 1795330799),
        ("2026-11-22T07:59:59+01:00", 1795330799),
        ("2026-11-22T07:59:59+0100", 1795330799),
        ("2026-11-22T07:59:59", 1795330799),
        ("2026-11-22 07:59", 1795330740),
        ("2026-11-22T07:59:59.775023242", 1795330799),
        ("2026-07-01T12:00:00", 1782900000),
    ],
)
def test_a_time_is_read(value: Any, expected: int) -> None:
    assert taken(value, zone=AMSTERDAM, received_s=RECEIVED_S) == Taken(expected, is_timed=True)


def test_without_a_zone_local_time_says_nothing() -> None:
    assert taken("2026-11-22T07:59:59", zone=None, received_s=RECEIVED_S) == Taken(RECEIVED_S)
    assert taken(None, zone=AMSTERDAM, received_s=RECEIVED_S) == Taken(RECEIVED_S)


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        # the clock in Amsterdam showed 02:30 at 00:30 and again at 01:30 UTC
        ("2026-10-25T00:30:02+00:00", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T01:20:00+00:00", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T01:30:02+00:00", "2026-10-25T01:30:00+00:00"),
        # clocks run apart by as much as a reading may lie ahead
        ("2026-10-25T01:26:00+00:00", "2026-10-25T01:30:00+00:00"),
    ],
)
def test_the_repeated_hour_is_told_apart_by_the_arrival(received: str, expected: str) -> None:
    found = taken("2026-10-25T02:30:00", zone=AMSTERDAM, received_s=at(received))
    assert found == Taken(at(expected), is_timed=True)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("2026-03-29T02:30:00", "skipped 2026-03-29T02:30:00"),
        ("1970-01-01T00:03:11", "not set"),
        (Decimal(41), "not set"),
        ("2026-11-22T08:06:00", "ahead"),
        ("2026-02-30T00:00:00", "no time"),
        ("0000-01-01T00:00:00Z", "no time"),
        ("0001-01-01T00:00:00", "no time"),
        ("9999-12-31T23:59:59-23:59", "ahead"),
        ("2026-11-22", "neither"),
        ("٢٠٢٦-11-22T07:00:00", "neither"),
        (Decimal("NaN"), "no number"),
        (Decimal("1e400"), "no number"),
        (Decimal(-5), "no number"),
        (True, "neither"),
        ({"a": 1}, "neither"),
    ],
)
def test_a_time_that_cannot_be_is_told_and_the_arrival_taken(value: Any, why: str) -> None:
    found = taken(value, zone=AMSTERDAM, received_s=RECEIVED_S)
    assert (found.taken_s, found.is_timed) == (RECEIVED_S, False)
    assert found.fault is not None
    assert why in found.fault
