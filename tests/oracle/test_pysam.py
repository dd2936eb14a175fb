"""Hundreds of generated rates over years of load, against NREL-PySAM: each month to a millionth."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from mita.tariffs.domain import Interval, bill, parse_document

from .ausgrid import half_hours
from .pysam_cases import NETTED, Case, cases

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("PySAM") is None,
        reason="the outside judge NREL-PySAM is not installed: uv sync --group oracle, where a wheel exists",
    ),
]

# a Monday, in a year of 365 days; UTC has no clock changes
START_S = int(datetime(2018, 1, 1, tzinfo=UTC).timestamp())
ZONE = ZoneInfo("UTC")
EXPORTING = ("net_billing", *NETTED)
HOUR_MICRO = 1_000_000


class Year:
    """A load in millionths of a kWh by step, and a solar yield: net billing sees what is left of them."""

    def __init__(self, load: Sequence[int], gen: Sequence[int] | None = None) -> None:
        self.load, self.gen = load, gen
        self.step_s = 365 * 86_400 // len(load)
        # beyond double the bill's twelve digits nothing is lost: kW as PySAM wants them
        steps = 3_600 // self.step_s
        self.load_kw = [each * steps / HOUR_MICRO for each in load]
        self.gen_kw = [each * steps / HOUR_MICRO for each in gen or []]
        net = [each - made for each, made in zip(load, gen or [0] * len(load), strict=True)]
        self.uses = {"import": self._intervals(load)}
        self.net_uses = {
            "import": self._intervals([max(each, 0) for each in net]),
            "export": self._intervals([max(-each, 0) for each in net]),
        }

    def _intervals(self, quantities: Sequence[int]) -> list[Interval]:
        return [
            Interval(START_S + at * self.step_s, START_S + (at + 1) * self.step_s, quantity)
            for at, quantity in enumerate(quantities)
        ]

    def bills(self, case: Case) -> list[int]:
        """What Mita says of each month, micro."""
        uses = self.net_uses if case.kind in EXPORTING else self.uses
        found = bill(
            [parse_document(case.document)],
            zone=ZONE,
            uses=uses,
            first=date(2018, 1, 1),
            until=date(2019, 1, 1),
        )
        assert len(found.periods) == 12
        bills = [period.net_micro + period.tax_micro for period in found.periods]
        return with_credit_kept(bills) if case.kind == "net_dollars" else bills


def with_credit_kept(bills: Sequence[int]) -> list[int]:
    """What each month is paid where a credit waits for the bills that come, until December pays it out."""
    found, credit = [], 0
    for amount in bills[:-1]:
        found.append(max(0, amount - credit))
        credit = max(0, credit - amount)
    return [*found, bills[-1] - credit]


def judged(years: Sequence[Year], asked: Sequence[tuple[Case, int]]) -> list[list[float]]:
    """What PySAM says of each case over the load of a year."""
    question = {
        "loads": [year.load_kw for year in years],
        "gens": [year.gen_kw for year in years],
        "cases": [
            case.rate | {"load": year} | ({"gen": year} if case.kind in EXPORTING else {})
            for case, year in asked
        ],
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.oracle.pysam"],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr[-2000:]
    answers: list[list[float]] = json.loads(done.stdout)
    return answers


def check(years: Sequence[Year], asked: Sequence[tuple[Case, int]]) -> None:
    binding = compared(years, asked)
    assert binding > 10, "the minimum is what some months cost"


def compared(years: Sequence[Year], asked: Sequence[tuple[Case, int]]) -> int:
    """Hold each month against PySAM; return how many cost just the minimum."""
    binding = 0
    for (case, year), judgement in zip(asked, judged(years, asked), strict=True):
        bills = years[year].bills(case)
        ours = [micro / 1_000_000 for micro in bills]
        # a month of less than a cent is compared to a thousandth of a cent
        assert ours == pytest.approx(judgement, rel=1e-6, abs=1e-5), (case.kind, case.document)
        minimum = round(case.rate.get("minimum", -1) * 1_000_000)
        binding += sum(micro == minimum for micro in bills)
    return binding


def generated_load(seed: int, steps: int) -> list[int]:
    rng = random.Random(seed)
    unit = 2_000_000 * 8_760 // steps
    level = rng.choice([100, 400, 1_500])
    return [
        rng.randrange(level) * (1 + 3 * (17 <= at * 24 * 365 // steps % 24 < 21)) * unit // 1_000
        for at in range(steps)
    ]


def sunshine(seed: int, steps: int) -> list[int]:
    rng = random.Random(seed)
    per_day = steps // 365
    return [
        max(0, per_day // 4 - abs(at % per_day - per_day // 2)) * rng.randrange(2_000) * 1_000
        for at in range(steps)
    ]


def test_generated_hourly_years() -> None:
    years = [Year(generated_load(seed, 8_760), sunshine(seed, 8_760)) for seed in range(4)]
    asked = [(case, at % 4) for at, case in enumerate(cases(350, seed=1, minutes=60))]
    check(years, asked)


def test_generated_net_metering() -> None:
    years = [Year(generated_load(seed, 8_760), sunshine(seed, 8_760)) for seed in range(4)]
    asked = [(case, at % 4) for at, case in enumerate(cases(120, seed=3, minutes=60, kinds=NETTED))]
    bills = [years[year].bills(case) for case, year in asked]
    assert sum(0 in months for months in bills) > 10, "some months draw nothing"
    assert sum(min(months) < 0 for months in bills) > 10, "some years end with surplus"
    compared(years, asked)


def test_generated_years_of_half_hours() -> None:
    years = [Year(generated_load(7, 17_520), sunshine(7, 17_520))]
    check(years, [(case, 0) for case in cases(70, seed=2, minutes=30)])


def test_a_real_household_with_solar(fixtures_path: Path) -> None:
    (path,) = sorted((fixtures_path / "metering" / "ausgrid_c12").glob("*.csv"))[:1]
    # the shape of 365 days from July on; its dates do not matter here
    steps = list(half_hours(path))[:17_520]
    assert len(steps) == 17_520
    year = Year([each.import_micro for each in steps], [each.export_micro for each in steps])
    check([year], [(case, 0) for case in cases(70, seed=3, minutes=30)])
