"""docs/reference/metrics.md lists what there is, with its labels."""

from __future__ import annotations

import re

from prometheus_client.metrics import MetricWrapperBase

from mita.entrypoints import metrics
from tests.unit.house.test_docs_complete import REFERENCE, table_rows


def test_every_metric_is_documented() -> None:
    rows = table_rows((REFERENCE / "metrics.md").read_text(encoding="utf-8"))
    found = {
        each._name: each._labelnames for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)
    }
    assert len(found) >= 15
    assert {name: tuple(re.findall(r"`(\w+)`", cells[0])) for name, cells in rows.items()} == found
