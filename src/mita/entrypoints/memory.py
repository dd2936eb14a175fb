"""How much memory this process took at most."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_mb() -> int | None:
    """Return the most that was resident, in MB, or None where the system does not tell.

    On Linux not by ``getrusage``: that begins with what the parent had when it started this process.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            name, _, told = line.partition(":")
            if name == "VmHWM":
                return int(told.split()[0]) // 1024
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1024 * 1024 if sys.platform == "darwin" else 1024)
