"""Files on flash, and a small state that survives power cuts."""

import binascii
import os
import struct


class Files:
    """A folder of small files; each write is on flash when the call returns."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        try:
            os.mkdir(folder)
        except OSError:
            # it is there
            pass

    def names(self) -> list[str]:
        """Return the names of all files, in order."""
        return sorted(os.listdir(self._folder))

    def read(self, name: str) -> bytes:
        """Return a file's bytes; empty if there is none."""
        try:
            with open(self._folder + "/" + name, "rb") as file:
                return file.read()
        except OSError:
            return b""

    def append(self, name: str, data: bytes) -> None:
        """Add bytes at a file's end."""
        self._put(name, data, "ab")

    def write(self, name: str, data: bytes) -> None:
        """Make a file of these bytes."""
        self._put(name, data, "wb")

    def _put(self, name: str, data: bytes, mode: str) -> None:
        with open(self._folder + "/" + name, mode) as file:
            file.write(data)
            file.flush()

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        try:
            os.remove(self._folder + "/" + name)
        except OSError:
            pass


class Slots:
    """One small value in two files, written in turn: a torn write leaves the value before it."""

    def __init__(self, files: Files, name: str) -> None:
        self._files = files
        self._names = (name + ".0", name + ".1")
        self._turn = 0

    def read(self) -> bytes | None:
        """Return what was written last and whole; None if nothing was."""
        newest: bytes | None = None
        for name in self._names:
            data = self._files.read(name)
            if len(data) < 8:
                continue
            crc, turn = struct.unpack("<II", data[:8])
            if binascii.crc32(data[4:]) & 0xFFFFFFFF == crc and (newest is None or turn > self._turn):
                newest, self._turn = data[8:], turn
        return newest

    def write(self, value: bytes) -> None:
        """Keep a value; the one before stays in the other file."""
        turn = self._turn + 1
        body = struct.pack("<I", turn) + value
        self._files.write(self._names[turn & 1], struct.pack("<I", binascii.crc32(body) & 0xFFFFFFFF) + body)
        self._turn = turn
