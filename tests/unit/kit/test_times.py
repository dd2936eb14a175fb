from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from mita.kit.clock import EPOCH, from_us, now_utc, to_us
from mita.kit.zones import UnknownZone, local_month, zone

UTC = dt.UTC
MADRID = ZoneInfo("Europe/Madrid")


@pytest.mark.parametrize(
    ("instant", "microseconds"),
    [
        (EPOCH, 0),
        (dt.datetime(2026, 3, 29, 1, 0, 0, 1, tzinfo=UTC), 1_774_746_000_000_001),
        (dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1),
        # the hour that comes twice: first in summer time, then in winter time
        (dt.datetime(2026, 10, 25, 2, 30, tzinfo=MADRID), 1_792_888_200_000_000),
        (dt.datetime(2026, 10, 25, 2, 30, tzinfo=MADRID, fold=1), 1_792_891_800_000_000),
    ],
)
def test_instants_are_whole_microseconds(instant: dt.datetime, microseconds: int) -> None:
    assert to_us(instant) == microseconds
    assert from_us(microseconds) == instant.astimezone(UTC)
    assert from_us(microseconds).tzinfo is UTC


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(AssertionError, match="without a zone"):
        to_us(dt.datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_now_carries_utc() -> None:
    assert now_utc().utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize(
    ("instant", "name", "month"),
    [
        ("2026-02-28T21:59:59+00:00", "Africa/Johannesburg", "2026-02-01"),
        ("2026-02-28T22:00:00+00:00", "Africa/Johannesburg", "2026-03-01"),
        ("2026-01-01T04:59:59+00:00", "America/New_York", "2025-12-01"),
        ("2026-01-01T05:00:00+00:00", "America/New_York", "2026-01-01"),
        ("2026-03-31T22:00:00+00:00", "Europe/Madrid", "2026-04-01"),  # summer time
        ("2026-10-31T22:00:00+00:00", "Europe/Madrid", "2026-10-01"),  # winter time again
        ("2026-12-31T10:00:00+00:00", "Pacific/Kiritimati", "2027-01-01"),
    ],
)
def test_the_month_is_local(instant: str, name: str, month: str) -> None:
    assert local_month(dt.datetime.fromisoformat(instant), local=zone(name)) == dt.date.fromisoformat(month)


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "Africa", "x" * 5000, "a\x00b"]
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownZone) as raised:
        zone(name)
    assert len(str(raised.value)) < 300
