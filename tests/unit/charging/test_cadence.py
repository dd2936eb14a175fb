"""When an hour or a local day has begun since charges were posted."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from mita.charging.domain.cadence import Cadence, is_due

JOHANNESBURG = "Africa/Johannesburg"


@pytest.mark.parametrize(
    ("cadence", "zone", "booked_until", "now", "expected"),
    [
        (Cadence.EACH, JOHANNESBURG, "2026-03-20T12:00:00Z", "2026-03-20T12:00:00Z", True),
        (Cadence.HOURLY, JOHANNESBURG, "2026-03-20T12:05:00Z", "2026-03-20T12:59:59Z", False),
        (Cadence.HOURLY, JOHANNESBURG, "2026-03-20T12:05:00Z", "2026-03-20T13:00:00Z", True),
        (Cadence.HOURLY, JOHANNESBURG, "2026-03-20T13:00:00Z", "2026-03-20T13:00:00Z", False),
        (Cadence.HOURLY, JOHANNESBURG, "2026-03-18T13:00:00Z", "2026-03-20T13:30:00Z", True),
        # midnight in Johannesburg is 22:00 UTC
        (Cadence.DAILY, JOHANNESBURG, "2026-03-20T12:00:00Z", "2026-03-20T21:59:59Z", False),
        (Cadence.DAILY, JOHANNESBURG, "2026-03-20T12:00:00Z", "2026-03-20T22:00:00Z", True),
        (Cadence.DAILY, JOHANNESBURG, "2026-03-20T22:00:00Z", "2026-03-21T21:00:00Z", False),
        # London's day of 25 hours: 24 October 23:00 UTC to 26 October 00:00 UTC
        (Cadence.DAILY, "Europe/London", "2026-10-24T23:00:00Z", "2026-10-25T23:30:00Z", False),
        (Cadence.DAILY, "Europe/London", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z", True),
        # a midnight that the clock skipped: the day began at 01:00, which was 03:00 UTC
        (Cadence.DAILY, "America/Sao_Paulo", "2018-11-04T02:59:00Z", "2018-11-04T02:59:59Z", False),
        (Cadence.DAILY, "America/Sao_Paulo", "2018-11-04T02:59:00Z", "2018-11-04T03:00:00Z", True),
        # a midnight that came twice: the second one begins no other day
        (Cadence.DAILY, "America/Havana", "2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z", False),
    ],
)
def test_due(cadence: Cadence, zone: str, booked_until: str, now: str, *, expected: bool) -> None:
    found = is_due(
        cadence,
        booked_until=datetime.fromisoformat(booked_until),
        now=datetime.fromisoformat(now),
        local=ZoneInfo(zone),
    )
    assert found is expected
