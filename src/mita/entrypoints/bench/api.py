"""The API under the load of its users, and a wallet's balance beside the framework alone, in one run."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mita.entrypoints.bench.homes import grow
from mita.entrypoints.bench.wire import request_of
from mita.entrypoints.ports import LOOPBACK, free_port
from mita.kit.db import Database
from mita.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROUNDS = 3
_CONNECTIONS = 16
_STARTS_S = 60.0
_LOOK_S = 0.1
_ENDS_S = 20.0
_SAID_CHARS = 2_000


class NotStarted(RuntimeError):
    """A server of the benchmark does not answer."""


@dataclass
class Run:
    """What was measured: the mix, and answers per second of the balance and of the framework, by round."""

    users: int
    mix: dict[str, Any]
    balance_per_s: list[float] = field(default_factory=list)
    bare_per_s: list[float] = field(default_factory=list)
    driver_busy: float = 0.0
    errors: int = 0
    last_error: str = ""


def run(
    url: str,
    *,
    users: int,
    units: int,
    seconds: float,
    think_ms: int,
    tell: Callable[[str], None],
) -> Run:
    """Grow the estates, let users ask for ``seconds``, and compare the balance with the bare framework."""
    told = asyncio.run(_grown(url, units=units, users=users, tell=tell))
    with TemporaryDirectory() as directory, served_api(url, Path(directory)) as port:
        tell(f"{len(told)} users ask…")
        warm_up_s = min(3.0, seconds)
        plan = {"kind": "mix", "users": told, "think_s": think_ms / 1_000}
        mix = _drive(plan, port=port, seconds=seconds, warm_up_s=warm_up_s)
        found = Run(len(told), mix, errors=mix["errors"], last_error=mix["last_error"])
        requests = _balances(told)
        body = _body(port, requests[0])
        with _served([sys.executable, "-m", "mita.entrypoints.bench.bare"], body=body) as bare_port:
            for number in range(ROUNDS):
                tell(f"The balance and the bare framework, {number + 1} of {ROUNDS}…")
                _compare(found, requests, port=port, bare_port=bare_port, seconds=max(1.0, seconds / 10))
    return found


async def _grown(url: str, *, units: int, users: int, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    wire()
    database = Database(url)
    try:
        return await grow(database, units=units, users=users, tell=tell)
    finally:
        await database.close()


def _balances(users: list[dict[str, Any]]) -> list[str]:
    """Return requests for a balance, each of another resident for their own wallet."""
    residents = [user for user in users if user["kind"] == "resident"]
    return [
        request_of(
            "GET", f"/api/v1/estates/{user['estate_id']}/wallets/{user['wallet_ids'][0]}", token=user["token"]
        ).decode()
        for user in residents[:_CONNECTIONS]
    ]


def _compare(found: Run, requests: list[str], *, port: int, bare_port: int, seconds: float) -> None:
    for rates, where in ((found.bare_per_s, bare_port), (found.balance_per_s, port)):
        asked = [requests[place % len(requests)] for place in range(_CONNECTIONS)]
        done = _drive({"kind": "closed", "requests": asked}, port=where, seconds=seconds, warm_up_s=0.5)
        rates.append(done["per_second"])
        found.errors += done["errors"]
        found.last_error = found.last_error or done["last_error"]
        found.driver_busy = max(found.driver_busy, done["busy"])


def _drive(plan: dict[str, Any], *, port: int, seconds: float, warm_up_s: float) -> dict[str, Any]:
    """Let a process of its own carry out a plan."""
    whole = {**plan, "port": port, "seconds": seconds, "warm_up_s": warm_up_s}
    done = subprocess.run(
        [sys.executable, "-m", "mita.entrypoints.bench.driver"],
        input=json.dumps(whole).encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _body(port: int, request: str) -> bytes:
    """Return what the API answers to a request, which the yardstick answers as well."""
    line, _, rest = request.partition("\r\n")
    headers = dict(each.split(": ", 1) for each in rest.split("\r\n") if each)
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ENDS_S)
    try:
        connection.request("GET", line.split()[1], headers=headers)
        return connection.getresponse().read()
    finally:
        connection.close()


@contextmanager
def served_api(url: str, directory: Path) -> Iterator[int]:
    """Serve the API as ``mita api`` does, with its access log, and without a limit for single callers."""
    changed = {
        "MITA_DATA": str(directory),
        "MITA_DATABASE_URL": url,
        "MITA_REQUESTS_PER_MINUTE": "0",
        "MITA_HOST": LOOPBACK,
    }
    command = [sys.executable, "-m", "mita.entrypoints.api"]
    with _served(command, environment=changed, log=directory / "api.log", path="/readyz") as port:
        yield port


@contextmanager
def _served(
    command: list[str],
    *,
    body: bytes | None = None,
    environment: dict[str, str] | None = None,
    log: Path | None = None,
    path: str = "/",
) -> Iterator[int]:
    """Run a server until the end of the block; yield its port once it answers."""
    port = free_port()
    with log.open("wb") if log is not None else nullcontext() as written:
        process = subprocess.Popen(
            [*command, str(port)],
            env={**os.environ, **(environment or {}), "MITA_PORT": str(port)},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=written,
        )
    try:
        assert process.stdin is not None, "it was asked for"
        process.stdin.write(body or b"")
        process.stdin.close()
        _wait(process, port, path=path, command=command, log=log)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(
    process: subprocess.Popen[bytes], port: int, *, path: str, command: list[str], log: Path | None
) -> None:
    until = time.monotonic() + _STARTS_S
    while time.monotonic() < until and process.poll() is None:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_ENDS_S)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            time.sleep(_LOOK_S)
        else:
            return
        finally:
            connection.close()
    raise NotStarted(f"{' '.join(command)} does not answer: {_said(log)}")


def _said(log: Path | None) -> str:
    return "" if log is None else log.read_text(errors="replace")[-_SAID_CHARS:]


def summary(found: Run) -> dict[str, Any]:
    """Return a run in the command's JSON shape."""
    bare, balance = statistics.median(found.bare_per_s), statistics.median(found.balance_per_s)
    ratios = [one / other for one, other in zip(found.balance_per_s, found.bare_per_s, strict=True) if other]
    return {
        "users": found.users,
        "requests_per_second": float(f"{found.mix['per_second']:.1f}"),
        "mean_ms": float(f"{found.mix['mean_ms']:.1f}"),
        "p99_ms": float(f"{found.mix['p99_ms']:.1f}"),
        "errors": found.errors,
        "balance_of_bare": float(f"{statistics.median(ratios) if ratios else 0:.2f}"),
        "balance_per_second": int(balance),
        "bare_per_second": int(bare),
        "driver_busy": float(f"{found.driver_busy:.2f}"),
    }
