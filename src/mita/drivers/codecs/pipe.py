"""What both ends of the worker's pipe agree on. Imports next to nothing: the worker has to start fast.

Frames are four bytes of length, then JSON. A request is ``{"name", "text"?, "operation", "given", "cpu_s"}``;
``given`` is JSON in a text, ``text`` the codec, sent when it is not among the last ones. Its answer is
``{"function", "console", "output"}``, ``output`` JSON in a text as the codec gave it, or
``{"error", "detail", "line", "console"}``.
"""

from __future__ import annotations

import json
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import BinaryIO

LENGTH = struct.Struct(">I")
# codecs whose text is kept; both ends count in the same way, so that none is sent twice or missed
TEXTS_KEPT = 128


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of the worker: bytes, except ``output`` (characters) and ``load_s`` (processor seconds)."""

    memory: int
    stack: int
    address_space: int
    output: int
    load_s: float
    contexts: int


class Recent(OrderedDict[str, Any]):
    """The newest things by name, the oldest dropped."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def touch(self, name: str, value: Any = None) -> Any:
        """Return what is kept by a name, made the newest; keep ``value`` if nothing is."""
        kept = self.setdefault(name, value)
        self.move_to_end(name)
        while len(self) > self._size:
            self.popitem(last=False)
        return kept


def frame(content: Any) -> bytes:
    """Return JSON as a frame."""
    body = json.dumps(content).encode("ascii")
    return LENGTH.pack(len(body)) + body


def read_frame(stream: BinaryIO) -> bytes | None:
    """Return the next frame of a pipe; None at its end."""
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    body = stream.read(size)
    return body if len(body) == size else None
