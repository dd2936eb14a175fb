"""Files that are whole from their first moment."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FileIsThere(FileExistsError):
    """A file that would be overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already")


@contextmanager
def whole_file(path: Path, *, is_forced: bool) -> Iterator[IO[bytes]]:
    """Write ``path`` under another name first; it appears, synced, when the block ends without an error.

    :raises FileIsThere: if the file exists and is not to be replaced
    """
    if path.exists() and not is_forced:
        raise FileIsThere(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if is_forced:
            draft.replace(path)
            return
        try:
            os.link(draft, path)  # unlike a rename, it replaces nothing
        except FileExistsError as error:
            raise FileIsThere(path) from error
    finally:
        draft.unlink(missing_ok=True)
