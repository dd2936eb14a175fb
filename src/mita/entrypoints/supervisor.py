"""Child processes, one per role: started, watched, started again when they die, stopped in order.

It does little on purpose: in production the roles run under systemd, Kubernetes or the like.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
TERMINATE_S = 10.0
_DELAY_FIRST_S = 0.5
_DELAY_MAX_S = 30.0
# a child that lived so long did not die of its start
_STEADY_S = 60.0
_LOG_BYTES_MAX = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Role:
    """A process to run as ``python -m mita.entrypoints.<name>``.

    ``environment`` changes the supervisor's own (None: unset); secrets travel there, never in arguments.
    A role that ``may_end`` is done when it exits with status 0.
    """

    name: str
    environment: Mapping[str, str | None] = field(repr=False)
    may_end: bool = False

    @property
    def module(self) -> str:
        """The module that is run."""
        return f"mita.entrypoints.{self.name}"

    @property
    def exists(self) -> bool:
        """Whether this installation has the module."""
        try:
            spec = importlib.util.find_spec(self.module)
            if spec is not None and spec.submodule_search_locations is not None:
                spec = importlib.util.find_spec(f"{self.module}.__main__")
        except ModuleNotFoundError:
            return False
        return spec is not None


@dataclass(slots=True)
class _Child:
    role: Role
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    delay_s: float = _DELAY_FIRST_S
    start_again_at: float | None = None
    restarts: int = 0


class Supervisor:
    """Runs roles until told to stop. ``tell`` gets a line whenever a child dies."""

    def __init__(self, roles: Sequence[Role], *, logs: Path, tell: Callable[[str], None]) -> None:
        self._children = [_Child(role) for role in roles]
        self._logs = logs
        self._tell = tell

    def start(self) -> None:
        """Start all roles, in order."""
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        for child in self._children:
            self._start(child)

    def add(self, role: Role) -> None:
        """Start a role beside those that run."""
        child = _Child(role)
        self._children.append(child)
        self._start(child)

    def log_path(self, name: str) -> Path:
        """Return where a role's output goes."""
        return self._logs / f"{name}.log"

    def restarts(self, name: str) -> int:
        """Return how often a role had to be started again."""
        return next(child.restarts for child in self._children if child.role.name == name)

    def _start(self, child: _Child) -> None:
        path = self.log_path(child.role.name)
        if path.exists() and path.stat().st_size > _LOG_BYTES_MAX:
            path.replace(path.with_suffix(".log.1"))
        with path.open("ab") as log:
            child.process = subprocess.Popen(
                [sys.executable, "-m", child.role.module],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(child.role),
                # the terminal's Ctrl-C is for the supervisor, which stops its children in order
                start_new_session=True,
                preexec_fn=_die_with_parent(os.getpid()),  # noqa: PLW1509 - this process has one thread
            )
        child.started_at = time.monotonic()
        child.start_again_at = None

    def watch(self) -> None:
        """Look after the children once: note who died, start again whose time has come."""
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, now=now)
            if child.start_again_at is not None and child.start_again_at <= now:
                child.restarts += 1
                self._start(child)

    def _bury(self, child: _Child, *, now: float) -> None:
        assert child.process is not None, "only a started child dies"
        status = child.process.returncode
        child.process = None
        if child.role.may_end and status == 0:
            return
        if now - child.started_at > _STEADY_S:
            child.delay_s = _DELAY_FIRST_S
        child.start_again_at = now + child.delay_s
        self._tell(
            f"{child.role.name} ended {_how(status)}; starting it again in {child.delay_s:.1f} s"
            f" (see {self.log_path(child.role.name)})"
        )
        child.delay_s = min(child.delay_s * 2, _DELAY_MAX_S)

    def stop(self) -> None:
        """Stop all roles in the opposite order of their start; one that does not end is killed."""
        for child in reversed(self._children):
            child.start_again_at = None
            if child.process is None:
                continue
            child.process.terminate()
            try:
                child.process.wait(TERMINATE_S)
            except subprocess.TimeoutExpired:
                self._tell(f"{child.role.name} did not end within {TERMINATE_S:.0f} s and is killed")
                child.process.kill()
                child.process.wait()
            child.process = None


def _environment(role: Role) -> dict[str, str]:
    changed = {**os.environ, **role.environment, "PYTHONUNBUFFERED": "1"}
    return {name: value for name, value in changed.items() if value is not None}


def _how(status: int) -> str:
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """Return what a child runs before its program: kill -9 of the supervisor must leave nobody behind."""
    if _LIBC is None:
        return None
    prctl = _LIBC.prctl

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask
