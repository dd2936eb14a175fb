"""The users of a benchmark in a process of their own: a plan comes as JSON, what was measured goes out so.

A plan either lets users think between their requests (``mix``), or lets connections ask again at once for
what they were told (``closed``).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from mita.entrypoints.bench.users import Habits, User
from mita.entrypoints.bench.wire import Broken, Wire

if TYPE_CHECKING:
    from collections.abc import Callable

_HOST = "127.0.0.1"
_REFUSED = 400
_SAID_CHARS = 300


@dataclass
class Tally:
    """What came back: milliseconds of each answer, and how many were none, or refusals."""

    counted_from: float
    milliseconds: list[float] = field(default_factory=list)
    errors: int = 0
    last_error: str = ""

    def count(self, began: float, *, error: str | None) -> None:
        """Count an answer, from when the count begins; an error at any time."""
        ended = time.perf_counter()
        if error is not None:
            self.errors += 1
            self.last_error = error
        if began >= self.counted_from:
            self.milliseconds.append(1_000 * (ended - began))


async def _asks(
    port: int, tally: Tally, *, until: float, next_request: Callable[[], bytes], pause: Callable[[], float]
) -> None:
    """Ask until the time is over, over one connection; a broken one is made again."""
    wire: Wire | None = None
    while time.perf_counter() < until:
        if (pause_s := pause()) > 0:
            await asyncio.sleep(min(pause_s, max(0.0, until - time.perf_counter())))
            if time.perf_counter() >= until:
                break
        request, began = next_request(), time.perf_counter()
        try:
            if wire is None or not wire.is_open:
                wire = await Wire.to(_HOST, port)
            status, body = await wire.ask(request)
        except (OSError, Broken, TimeoutError) as error:
            tally.count(began, error=f"{type(error).__name__}: {request[:_SAID_CHARS]!r}")
            wire = None
            continue
        is_error = status >= _REFUSED
        what = request.partition(b" HTTP")[0].decode()
        tally.count(began, error=f"{status} to {what}: {body[:_SAID_CHARS]!r}" if is_error else None)
    if wire is not None:
        wire.close()


_Asking = tuple["Callable[[], bytes]", "Callable[[], float]"]


def _mixed(plan: dict[str, Any]) -> list[_Asking]:
    all_habits = [Habits(User(**told), seed=seed) for seed, told in enumerate(plan["users"])]
    return [(each.next_request, partial(each.pause_s, plan["think_s"])) for each in all_habits]


def _same(request: bytes) -> _Asking:
    return (lambda: request), (lambda: 0.0)


async def drive(plan: dict[str, Any]) -> dict[str, Any]:
    """Carry out a plan; return how many answers a second there were, how long they took, and the errors."""
    began = time.perf_counter()
    tally = Tally(began + plan["warm_up_s"])
    until = tally.counted_from + plan["seconds"]
    users = _mixed(plan) if plan["kind"] == "mix" else [_same(told.encode()) for told in plan["requests"]]
    cpu = time.process_time()
    await asyncio.gather(
        *(_asks(plan["port"], tally, until=until, next_request=ask, pause=pause) for ask, pause in users)
    )
    times = sorted(tally.milliseconds) or [0.0]
    return {
        "answers": len(tally.milliseconds),
        "per_second": len(tally.milliseconds) / plan["seconds"],
        "mean_ms": sum(times) / len(times),
        "p99_ms": times[min(len(times) - 1, len(times) * 99 // 100)],
        "errors": tally.errors,
        "last_error": tally.last_error,
        "busy": (time.process_time() - cpu) / (time.perf_counter() - began),
    }


def main() -> int:
    """Read a plan from standard input, write what was measured to standard output."""
    sys.stdout.write(json.dumps(asyncio.run(drive(json.load(sys.stdin)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
