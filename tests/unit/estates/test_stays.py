"""Since when somebody lives in a unit without a break."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from mita.estates.models import Occupancy
from mita.estates.queries import began_at, unbroken

ZONE = ZoneInfo("Africa/Johannesburg")
TODAY = date(2026, 3, 10)


def stay(first: str, until: str | None = None, **more: object) -> Occupancy:
    return Occupancy(
        from_on=date.fromisoformat(first),
        until_on=None if until is None else date.fromisoformat(until),
        **more,
    )


@pytest.mark.parametrize(
    ("stays", "wanted"),
    [
        ([], None),
        # over, and over today
        ([("2025-01-01", "2026-01-01")], None),
        ([("2025-01-01", "2026-03-10")], None),
        # without a day
        ([("2026-04-01", "2026-04-01")], None),
        ([("2025-01-01", None)], "2025-01-01"),
        # one continues another, in whatever order; a day between them breaks it
        ([("2026-01-01", None), ("2024-01-01", "2025-01-01"), ("2025-01-01", "2026-01-01")], "2024-01-01"),
        ([("2026-01-01", None), ("2024-01-01", "2025-12-31")], "2026-01-01"),
        # what is to come, the first of it
        ([("2026-05-01", None), ("2026-04-01", "2026-04-20")], "2026-04-01"),
    ],
)
def test_since_when_it_lasts(stays: list[tuple[str, str | None]], wanted: str | None) -> None:
    found = unbroken([stay(*each) for each in stays], day=TODAY)
    assert (found and found.from_on.isoformat()) == wanted


def test_it_begins_with_the_local_day_or_the_handover() -> None:
    assert began_at(stay("2026-03-01"), zone=ZONE) == datetime(2026, 2, 28, 22, tzinfo=UTC)
    handed_over = datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert began_at(stay("2026-03-01", from_at=handed_over), zone=ZONE) == handed_over
