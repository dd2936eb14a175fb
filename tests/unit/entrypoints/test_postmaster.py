"""What ``postmaster.pid`` says is believed only of a living server of that directory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from mita.entrypoints.embedded.postmaster import BadDirectory, check_name, socket_directory, wait_until_ready

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = 2_147_483_647


def test_no_file_is_no_server(tmp_path: Path):
    assert wait_until_ready(tmp_path) is False
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        # another program's number; the key of the shared memory must stay for PostgreSQL to look at
        (
            [str(os.getpid()), "/data", "1712346200", "5432", "/run", "", "  8826964     65536", "ready   "],
            [str(NOBODY), "/data", "1712346200", "5432", "/run", "", "  8826964     65536", "ready   "],
        ),
        (["12345", "/data"], [str(NOBODY), "/data", "0", "", "", "", "", ""]),
        ([""], [str(NOBODY), "", "0", "", "", "", "", ""]),
        (
            ["rubbish", "a", "b", "c", "d", "e", "f", "g", "h"],
            [str(NOBODY), "a", "0", "c", "d", "e", "f", "g"],
        ),
    ],
    ids=["reused", "half", "empty", "rubbish"],
)
def test_a_stale_file_names_nobody(tmp_path: Path, lines: list[str], kept: list[str]):
    path = tmp_path / "postmaster.pid"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert wait_until_ready(tmp_path) is False
    assert path.read_text(encoding="utf-8").split("\n") == [*kept, ""]


def test_the_socket_is_in_the_data_directory_if_its_name_will_do(tmp_path: Path):
    runtime = tmp_path / "run"
    runtime.mkdir()
    assert socket_directory(tmp_path, runtime) == tmp_path
    for name in ("with space", "ümlaut", "a,b", "x" * 120):
        strange = tmp_path / name
        strange.mkdir()
        elsewhere = socket_directory(strange, runtime)
        assert elsewhere.parent == runtime
        assert socket_directory(strange, runtime) == elsewhere
        assert elsewhere.stat().st_mode & 0o077 == 0


def test_a_socket_directory_that_somebody_else_made_is_refused(tmp_path: Path):
    strange, runtime = tmp_path / "with space", tmp_path / "run"
    strange.mkdir()
    runtime.mkdir()
    place = socket_directory(strange, runtime)
    place.rmdir()
    place.symlink_to(tmp_path)
    with pytest.raises(PermissionError, match="somebody else"):
        socket_directory(strange, runtime)


def test_names_that_a_shell_would_act_on_are_refused(tmp_path: Path):
    check_name(tmp_path / "Ömer's & co")
    for name in ("$HOME", "`ls`", 'a"b', "a\\b", "a\nb"):
        with pytest.raises(BadDirectory, match="MITA_DATA"):
            check_name(tmp_path / name)
