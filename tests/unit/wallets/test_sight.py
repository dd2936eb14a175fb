"""From when on somebody sees a wallet."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from mita.wallets.domain import EVERYTHING, Sight


@pytest.mark.parametrize("sight", [EVERYTHING, Sight(datetime(2026, 3, 1, tzinfo=UTC), {"7": 12})])
def test_what_is_written_down_is_read_again(sight: Sight) -> None:
    assert Sight.of(json.loads(json.dumps(sight.recorded()))) == sight


def test_how_it_is_written_down() -> None:
    assert Sight(datetime(2026, 3, 1, tzinfo=UTC), {"7": 12}).recorded() == [
        "2026-03-01T00:00:00+00:00",
        {"7": 12},
    ]
