"""Installations in temporary directories."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def directory() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="mita-up-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def installation(directory: Path) -> Iterator[Installation]:
    """An installation that nobody has started yet."""
    made = Installation(directory / "data", log=directory / "up.log")
    yield made
    made.end()
    for log in (directory / "up.log", *sorted((directory / "data" / "logs").glob("*.log"))):
        print(f"--- {log.name}\n{log.read_text(encoding='utf-8')[-3000:]}")
