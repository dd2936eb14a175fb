"""The bytes of a file, or of the one file in a zip. Pure."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import TYPE_CHECKING

from mita.drivers.files.gathered import UnreadableFile

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE_BYTES = 1 << 18
_ZIP = b"PK\x03\x04"
# of what a password, or a way of packing that Python does not know, makes
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError)


def unpacked(content: bytes, *, name: str, bytes_max: int) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces, of a zip those of the one file in it.

    What is packed is counted as it comes out, whatever the zip says of itself; a zip in a zip is not opened.

    :raises UnreadableFile: if the zip is broken or locked, holds several files, or more than ``bytes_max``
    """
    if not content.startswith(_ZIP):
        for first in range(0, len(content), _PIECE_BYTES):
            yield content[first : first + _PIECE_BYTES]
        return
    left = bytes_max
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(_only(archive, name)) as stream:
            while piece := stream.read(_PIECE_BYTES):
                left -= len(piece)
                if left < 0:
                    raise UnreadableFile(
                        f"{name}: unpacked it is larger than {bytes_max >> 20} MiB: split it"
                    )
                yield piece
    except _BROKEN as error:
        raise UnreadableFile(f"{name}: the zip cannot be read: {error}") from error


def _only(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = [
        each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")
    ]
    if len(members) != 1:
        raise UnreadableFile(f"{name}: a zip must hold one file, this one holds {len(members)}")
    return members[0]
