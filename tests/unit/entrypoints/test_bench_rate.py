from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from mita.entrypoints.bench import rate as bench_rate
from mita.entrypoints.cli.bench import app

if TYPE_CHECKING:
    import pytest


def test_a_loop_over_decimal_gives_the_same_money(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench_rate, "_CHUNK", 2)
    done = CliRunner().invoke(app, ["rate", "--meters", "3", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report.keys() == {
        *("intervals_per_second", "decimal_intervals_per_second", "times", "seconds", "equal"),
        *("peak_mb", "meters", "intervals", "threads", "blocks"),
    }
    assert (report["meters"], report["intervals"], report["equal"]) == (3, 3 * 17_520, True)
    assert report["blocks"]["equal"]
    assert report["decimal_intervals_per_second"] > 0


def test_a_difference_of_a_millionth_is_told(monkeypatch: pytest.MonkeyPatch):
    right = bench_rate._in_blocks

    def wrong(*arguments):
        first, *others = right(*arguments)
        return [first + Decimal("0.000001"), *others]

    monkeypatch.setattr(bench_rate, "_in_blocks", wrong)
    done = CliRunner().invoke(app, ["rate", "--meters", "1"])
    assert done.exit_code == 1
    assert "the same money: NO" in done.output


def test_the_decimal_loop_goes_from_block_to_block():
    year = bench_rate._Year(place=[("high", "P")] * 3 + [("high", "O")], month=[0, 0, 1, 1])
    blocks = {
        ("high", "P"): [
            (Decimal(10), Decimal(1)),
            (Decimal(20), Decimal(2)),
            (Decimal("Infinity"), Decimal(3)),
        ],
        ("high", "O"): [(Decimal(5), Decimal(7)), (Decimal("Infinity"), Decimal(5))],
    }
    nets = bench_rate._in_blocks([Decimal(8), Decimal(17), Decimal(10), Decimal(1)], blocks, year)
    # 8 at 1, 2 at 1, 10 at 2, 5 at 3; then 10 at 1, and one of the other letter above its 5
    assert nets[:3] == [45, 15, 0]
