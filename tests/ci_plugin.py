"""Where CI is set, a skipped test is a failed one: nothing may hide behind what is not installed."""

from __future__ import annotations

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
