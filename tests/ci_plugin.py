"""How tests are run: where CI is set a skipped one is a failed one; garbage is looked for less often."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

_IN_CI = os.environ.get("CI", "").lower() not in {"", "0", "false"}


def _fail_if_skipped(report: pytest.TestReport | pytest.CollectReport) -> None:
    # an expected failure is reported as skipped too
    if not _IN_CI or not report.skipped or hasattr(report, "wasxfail"):
        return
    where = report.longrepr
    reason = f"{where[0]}:{where[1]}: {where[2]}" if isinstance(where, tuple) else str(where)
    report.outcome = "failed"
    report.longrepr = f"{reason}\nA skipped test fails a CI run: install what it needs."


def pytest_collection_finish() -> None:
    """Let what is there by now, tens of thousands of objects, be no garbage to look for at every turn."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the report of a skipped test into a failure."""
    report = yield
    _fail_if_skipped(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the report of a skipped file into an error."""
    report = yield
    _fail_if_skipped(report)
    return report
