"""`mita up` as a real process, and every process that belongs to it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

MITA = Path(sys.executable).parent / "mita"
ROLES = ("broker", "api", "worker", "ingest")
PATIENCE_S = 90.0


def eventually(question: Callable[[], object], *, what: str) -> None:
    """Wait until the answer is true; generous, because other work may share the machine."""
    deadline = time.monotonic() + PATIENCE_S
    while not question():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S:.0f} s in vain until {what}"
        time.sleep(0.1)


class Installation:
    """One data directory and the `mita up` that runs on it."""

    def __init__(self, data: Path, *, log: Path) -> None:
        self.data, self._log = data, log
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start `mita up` with arguments; any port is taken unless they say otherwise."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("MITA_")}
        with self._log.open("wb") as log:
            return subprocess.Popen(
                [MITA, "up", *arguments],
                env={
                    **known,
                    "MITA_DATA": str(self.data),
                    "MITA_PORT": "0",
                    "MITA_MQTT_PORT": "0",
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def start(self, *arguments: str, **environment: str) -> Installation:
        """Start and wait until it says that it runs."""
        self.process = self.run(*arguments, **environment)
        eventually(self._is_up, what="Mita is running")
        return self

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"mita up ended:\n{self.output}"
        return "Mita is running" in self.output and self.url is not None

    @property
    def output(self) -> str:
        # it may be looked at in the middle of a character
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def url(self) -> str | None:
        text = (self.data / "up.lock").read_text(encoding="utf-8")
        return json.loads(text)["url"] if text else None

    @property
    def token(self) -> str:
        return (self.data / "token").read_text(encoding="utf-8").strip()

    @property
    def mqtt_port(self) -> int:
        role = self.roles()["broker"][0]
        return int(role.environ()["MITA_MQTT_PORT"])

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API; return its answer's JSON."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.request(method, f"{self.url}{path}", json=body, headers=headers, timeout=30)
        assert answer.is_success, answer.text
        return answer.json()

    def is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def processes(self) -> list[psutil.Process]:
        """Return every living process with the data directory in its environment, arguments or as its place.

        What was read of each is in its ``info``.
        """
        found = psutil.process_iter(["name", "status", "cmdline", "environ", "cwd"])
        return [process for process in found if self._belongs(process.pid, process.info)]

    def _belongs(self, pid: int, info: dict[str, Any]) -> bool:
        if pid == os.getpid() or info["status"] == psutil.STATUS_ZOMBIE:
            return False
        # PostgreSQL's children write their titles over the others, but live in the directory
        places = ((info["environ"] or {}).get("MITA_DATA"), *(info["cmdline"] or ()), info["cwd"])
        return any(str(self.data) in place for place in places if place)

    def roles(self) -> dict[str, list[psutil.Process]]:
        """Return the processes of each role."""
        found: dict[str, list[psutil.Process]] = {}
        for process in self.processes():
            module = (process.info["cmdline"] or [""])[-1]
            if module.startswith("mita.entrypoints."):
                found.setdefault(module.rpartition(".")[2], []).append(process)
        return found

    def postgres(self) -> list[psutil.Process]:
        return [process for process in self.processes() if process.info["name"] == "postgres"]

    def connections(self, kind: str) -> list[tuple[psutil.Process, Any]]:
        """Return the sockets of every process, each with whose it is."""
        found = []
        for process in self.processes():
            # PostgreSQL's children come and go
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [(process, each) for each in process.net_connections(kind=kind)]
        return found

    def has_left_nothing(self) -> bool:
        """Tell whether no process is left: no role at once, and no PostgreSQL in a moment."""
        if self.roles():
            return False
        # it takes its number away, which is what is waited for, before it ends
        eventually(lambda: not self.processes(), what="PostgreSQL has ended")
        return True

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to stop; return its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def end(self) -> None:
        """End whatever is left, whoever left it."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
