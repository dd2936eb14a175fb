"""A job runs under the correlation id of the request that caused it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mita.entrypoints.worker.app import with_cause
from mita.kit import context


def job(**arguments: Any) -> Any:
    return SimpleNamespace(job=SimpleNamespace(id=7, task_name="wallets:fill_group", task_kwargs=arguments))


async def test_a_job_inherits_its_cause_and_its_task_is_not_told() -> None:
    caused = job(estate_id=1, caused_by="order-4711")
    seen = []

    async def work() -> str:
        seen.append((context.current(), dict(caused.job.task_kwargs)))
        return "done"

    assert await with_cause(work, caused, None) == "done"  # of no worker
    ((cause, arguments),) = seen
    assert (cause.correlation_id, cause.actor, cause.action) == ("order-4711", "system", "wallets.fill_group")
    assert arguments == {"estate_id": 1}
    # what is logged at its end names it again
    assert caused.job.task_kwargs == {"estate_id": 1, "caused_by": "order-4711"}
    assert context.current().correlation_id == ""


async def test_a_job_without_a_cause_is_named_by_its_number_also_when_it_fails() -> None:
    alone = job()

    async def work() -> None:
        raise RuntimeError(context.current().correlation_id)

    with pytest.raises(RuntimeError, match=r"^job:7$"):
        await with_cause(work, alone, None)  # of no worker
    assert alone.job.task_kwargs == {}
