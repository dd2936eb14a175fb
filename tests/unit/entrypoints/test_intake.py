"""What is posted is answered once it is durable, and not before."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mita.entrypoints.ingest import inbox
from mita.entrypoints.ingest.inbox import Arrival
from mita.entrypoints.posts import Intake, NotTaken

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


def made() -> tuple[Intake, Settling]:
    nothing: Any = None
    intake, settling = Intake(nothing), Settling()
    intake._settler = settling  # stands for it
    return intake, settling


async def refused(work: Any) -> str:
    with pytest.raises(NotTaken) as failed:
        await work
    assert (failed.value.status, failed.value.headers) == (503, {"Retry-After": "5"})
    return str(failed.value).partition(";")[0]


async def test_a_post_is_answered_when_it_is_durable() -> None:
    intake, settling = made()
    taking = [asyncio.create_task(intake.take(arrival())) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert not any(task.done() for task in taking)
    # one that waits too long is told so, and is settled all the same
    late = arrival()
    assert await refused(intake.take(late, wait_s=0.01)) == "it could not be stored in time"
    settling.may_go_on.set()
    await asyncio.gather(*taking)
    await late.settled
    settling.breaks = True
    assert await refused(intake.take(arrival())) == "it could not be settled"
    settling.breaks = False
    await intake.take(arrival())
    assert sum(settling.batches) == 6
    await intake.close()
    assert (settling.is_closed, settling.stopping.is_set()) == (True, True)
    assert await refused(intake.take(arrival())) == "too many posts wait already"


async def test_a_full_intake_takes_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "ARRIVALS_MAX", 2)
    intake, settling = made()
    taking = [asyncio.create_task(intake.take(arrival()))]
    # the first is under way, the next two wait
    await asyncio.sleep(0.1)
    taking += [asyncio.create_task(intake.take(arrival())) for _ in range(2)]
    await asyncio.sleep(0.01)
    assert await refused(intake.take(arrival())) == "too many posts wait already"
    settling.may_go_on.set()
    await asyncio.gather(*taking)
    await intake.close()
