"""Writes of one turn of the loop go out as one."""

from __future__ import annotations

import asyncio
from typing import Any


class Gathered:
    """A transport that sends at the end of the loop's turn what was written in it, in one piece.

    A batch that is durable sets free hundreds of acknowledgements at once, of four bytes each.
    """

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._written = bytearray()

    def __getattr__(self, name: str) -> Any:
        """Be the transport in all else."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Keep for the end of the turn."""
        if not self._written:
            asyncio.get_running_loop().call_soon(self.flush)
        self._written += data

    def flush(self) -> None:
        """Send what was written; once it is closed, nothing."""
        if self._written and not self._transport.is_closing():
            self._transport.write(bytes(self._written))
        self._written.clear()

    def close(self) -> None:
        """Send what was written, then close."""
        self.flush()
        self._transport.close()
