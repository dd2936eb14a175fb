"""The `mita` command as a user runs it: a process of its own, with nothing of our environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MITA = Path(sys.executable).with_name("mita")
TIMEOUT_S = 240


def mita(*arguments: str | Path, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end with these ``MITA_*`` settings and no others."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MITA_")}
    return subprocess.run(
        [MITA, *map(str, arguments)],
        env=environment | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=TIMEOUT_S,
        check=False,
    )
