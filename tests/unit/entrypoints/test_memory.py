"""The memory that a process took is its own, not that of who started it."""

from __future__ import annotations

import subprocess
import sys

from mita.entrypoints.memory import peak_mb

_LOOKS = "from mita.entrypoints.memory import peak_mb; print(peak_mb())"


def test_a_small_child_of_a_big_parent_is_small():
    ballast = bytearray(300 * 1024 * 1024)
    ballast[::4096] = b"x" * len(ballast[::4096])
    mine = peak_mb()
    its = subprocess.run([sys.executable, "-c", _LOOKS], capture_output=True, text=True, check=True).stdout
    assert mine is not None
    assert mine >= 300
    assert 0 < int(its) < 150
