"""What is posted is answered once it is durable, and not before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from starlette.exceptions import HTTPException

from mita.entrypoints.api.inlet import INLET, Inlet, close_inlet
from mita.entrypoints.ingest import inbox
from mita.entrypoints.ingest.inbox import Arrival

if TYPE_CHECKING:
    from collections.abc import Sequence


class Settling:
    """Stands for what settles: does as it is told with each batch."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        self.batches: list[int] = []
        self.may_go_on = asyncio.Event()
        self.breaks = False
        self.is_closed = False

    async def settle(self, arrivals: Sequence[Arrival]) -> None:
        self.batches.append(len(arrivals))
        await self.may_go_on.wait()
        if self.breaks:
            raise KeyError("x")
        for each in arrivals:
            each.settle()

    async def close(self) -> None:
        self.is_closed = True


def arrival() -> Arrival:
    return Arrival("t", b"{}", 1, asyncio.get_running_loop().create_future(), source="tts")


def made() -> tuple[Inlet, Settling]:
    nothing: Any = None
    inlet, settling = Inlet(nothing), Settling()
    inlet._settler = settling  # type: ignore[assignment]  # stands for it
    return inlet, settling


async def refused(work: Any) -> str:
    with pytest.raises(HTTPException) as failed:
        await work
    assert (failed.value.status_code, failed.value.headers) == (503, {"Retry-After": "5"})
    return failed.value.detail.partition(";")[0]


async def test_a_post_is_answered_when_it_is_durable() -> None:
    inlet, settling = made()
    taking = [asyncio.create_task(inlet.take(arrival())) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in taking)
    # one that waits too long is told so, and is settled all the same
    late = arrival()
    assert await refused(inlet.take(late, wait_s=0.01)) == "the message waits for the database"
    settling.may_go_on.set()
    await asyncio.gather(*taking)
    await late.settled
    settling.breaks = True
    assert await refused(inlet.take(arrival())) == "the message could not be settled"
    settling.breaks = False
    await inlet.take(arrival())
    assert sum(settling.batches) == 6
    parts: dict[str, Any] = {INLET: inlet}
    await close_inlet(parts)
    await close_inlet(parts)
    assert (settling.is_closed, settling.stopping.is_set(), parts) == (True, True, {})
    assert await refused(inlet.take(arrival())) == "too many messages wait"


async def test_a_full_inlet_takes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "ARRIVALS_MAX", 2)
    inlet, settling = made()
    taking = [asyncio.create_task(inlet.take(arrival()))]
    # the first is under way, the next two wait
    await asyncio.sleep(0.1)
    taking += [asyncio.create_task(inlet.take(arrival())) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert await refused(inlet.take(arrival())) == "too many messages wait"
    settling.may_go_on.set()
    await asyncio.gather(*taking)
    await inlet.close()
