"""One data directory, one running Mita: the lock, and what the second one is told."""

from __future__ import annotations

import fcntl
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class AlreadyRunning(RuntimeError):
    """Another process has this data directory."""

    def __init__(self, *, pid: int | None, url: str | None) -> None:
        where = f" at {url}" if url else " and still starting"
        who = f" (process {pid})" if pid else ""
        super().__init__(f"Mita is running already{where}{who}")
        self.pid, self.url = pid, url


class InstallationLock:
    """Held by the system for as long as the process lives, however it ends."""

    def __init__(self, data: Path) -> None:
        self._path = data / "up.lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the data directory.

        :raises AlreadyRunning: if another process has it
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            told = self._told(descriptor)
            os.close(descriptor)
            raise AlreadyRunning(pid=told.get("pid"), url=told.get("url")) from None
        self._descriptor = descriptor
        self.tell(url=None)

    def _told(self, descriptor: int) -> dict[str, Any]:
        try:
            told = json.loads(os.read(descriptor, 10_000) or b"{}")
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    def tell(self, *, url: str | None) -> None:
        """Leave word for whoever comes second."""
        assert self._descriptor is not None, "the lock is not taken"
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)

    def release(self) -> None:
        """Let the next one in."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
