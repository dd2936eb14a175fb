"""Where a balance stands: at a line, above it, and coming back over it."""

from __future__ import annotations

import pytest

from mita.wallets.domain import NOT_WATCHED, Standing, WatchLines, standing_after

LINES = WatchLines(low_micro=50, cut_micro=0, restore_micro=10)
IN_CREDIT, LOW, OUT = Standing.IN_CREDIT, Standing.LOW, Standing.OUT


@pytest.mark.parametrize(
    ("before", "balance", "after"),
    [
        (IN_CREDIT, 51, IN_CREDIT),
        (IN_CREDIT, 50, LOW),
        (LOW, 1, LOW),
        (LOW, 0, OUT),
        (IN_CREDIT, -1, OUT),
        (OUT, 1, OUT),
        (OUT, 9, OUT),
        (OUT, 10, LOW),
        (OUT, 51, IN_CREDIT),
        (LOW, 9, LOW),
    ],
)
def test_a_balance_returns_at_the_restore_line_and_not_before(before, balance, after):
    assert standing_after(before, balance_micro=balance, lines=LINES) is after


@pytest.mark.parametrize("before", list(Standing))
def test_without_lines_nothing_is_watched(before):
    assert standing_after(before, balance_micro=-(10**15), lines=NOT_WATCHED) is IN_CREDIT
