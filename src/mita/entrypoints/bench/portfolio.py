"""The portfolio of many estates, beside that of one and the list of estates without figures, in one run."""

from __future__ import annotations

import asyncio
import http.client
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from mita.entrypoints.bench.api import served_api
from mita.entrypoints.bench.charge import live_batches, new_estate
from mita.entrypoints.lane import Lane
from mita.entrypoints.ports import LOOPBACK
from mita.identity.domain import new_token
from mita.identity.operations import replace_token
from mita.kit.clock import now_utc
from mita.kit.db import Database
from mita.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 30
_WARM_UP = 5
_ROUNDS_S = 1_800
_READ = 48
_BATCH = 10_000
_ENDS_S = 20.0
_OK = 200
# of a hundred
_P95 = 95


@dataclass
class Run:
    """How long each answer took in milliseconds, by what was asked."""

    estates: int
    units: int
    took_ms: dict[str, list[float]] = field(default_factory=dict)


def run(url: str, *, estates: int, units: int, tell: Callable[[str], None]) -> Run:
    """Grow the estates, then ask for each kind of answer in turns."""
    token = asyncio.run(_grown(url, estates=estates, units=units, tell=tell))
    asked = {
        "portfolio": f"/api/v1/portfolio?limit={estates}",
        "one": "/api/v1/portfolio?limit=1",
        "list": f"/api/v1/estates?limit={estates}",
    }
    found = Run(estates, units, {name: [] for name in asked})
    with TemporaryDirectory() as directory, served_api(url, Path(directory)) as port:
        tell("Asking…")
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ENDS_S)
        try:
            for number in range(_WARM_UP + ROUNDS):
                for name, path in asked.items():
                    took_ms = _answer_ms(connection, path, token=token)
                    if number >= _WARM_UP:
                        found.took_ms[name].append(took_ms)
        finally:
            connection.close()
    return found


def _answer_ms(connection: http.client.HTTPConnection, path: str, *, token: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    answer.read()
    took_ms = (time.perf_counter() - began) * 1_000
    assert answer.status == _OK, f"{path} answers {answer.status}"
    return took_ms


async def _grown(url: str, *, estates: int, units: int, tell: Callable[[str], None]) -> str:
    """Make the estates, a meter in each unit with a day of half hours that were charged; return a token."""
    wire()
    database = Database(url)
    token = new_token()
    try:
        async with database.unit_of_work(estates=[]) as session:
            await replace_token(session, name="bench", token=token, now=now_utc())
        for number in range(estates):
            tell(f"Growing estate {number + 1} of {estates}…")
            estate_id, serials = await new_estate(database, name=f"Estate {number}", meters=units)
            lane = Lane(database, estate_id=estate_id)
            start_s = int(now_utc().timestamp()) // _ROUNDS_S * _ROUNDS_S - _READ * _ROUNDS_S
            for one in live_batches(
                serials, start_s=start_s, first_round=0, readings=units * _READ, batch=_BATCH
            ):
                await lane.charge(one, now=now_utc())
        async with database.unit_of_work(estates=[]) as session:
            # as every night
            await session.execute(text("SELECT refresh_statistics()"))
    finally:
        await database.close()
    return token


def summary(found: Run) -> dict[str, Any]:
    """Return a run in the command's JSON shape."""

    def shown(took_ms: list[float]) -> dict[str, float]:
        ordered = sorted(took_ms)
        late = ordered[(len(ordered) * _P95) // 100]
        return {"p50_ms": float(f"{statistics.median(ordered):.1f}"), "p95_ms": float(f"{late:.1f}")}

    kinds = {name: shown(took_ms) for name, took_ms in found.took_ms.items()}
    times = kinds["portfolio"]["p50_ms"] / kinds["one"]["p50_ms"]
    return {"estates": found.estates, "units": found.units, **kinds, "times_one": float(f"{times:.1f}")}
