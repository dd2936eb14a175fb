"""The folders above the data: PostgreSQL's own user must get through them, and nobody has to look in."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


_PASS = stat.S_IXGRP | stat.S_IXOTH


def let_pass(path: Path) -> None:
    """Let other users reach ``path`` through the folders above it, and read nothing of these.

    Stands in for the wheel's own function, which lets everybody read them; it is called for root only.
    """
    for folder in path.resolve().parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & _PASS != _PASS:
            folder.chmod(mode | _PASS)
