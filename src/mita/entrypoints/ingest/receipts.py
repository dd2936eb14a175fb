"""Acknowledgements of one connection: written after the commit, those of a batch in one piece."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from gmqtt.mqtt.constants import MQTTCommands
from gmqtt.mqtt.package import CommandWithMidPacket

if TYPE_CHECKING:
    from collections.abc import Callable

# gmqtt has no types
_built: Callable[..., bytes] = CommandWithMidPacket.build_package


class Receipts:
    """Writes the acknowledgements of a client's messages at the end of the loop's turn.

    A batch that is durable sets free hundreds at once, of a few bytes each. They go out over the connection
    that the messages came over; once it is closed, nowhere: the broker sends those messages again.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self._numbers: list[int] = []

    def give(self, number: int) -> None:
        """Acknowledge the message with this packet identifier."""
        if not self._numbers:
            asyncio.get_running_loop().call_soon(self._write)
        self._numbers.append(number)

    def _write(self) -> None:
        numbers, self._numbers = self._numbers, []
        connection = self.client._connection  # noqa: SLF001 - gmqtt has no door for it
        if connection is None or connection.is_closing():
            return
        version = self.client._connection_state.protocol_version  # noqa: SLF001 - as above
        connection.send_package(
            b"".join(_built(MQTTCommands.PUBACK, number, False, proto_ver=version) for number in numbers)
        )


class Taken:
    """One message's receipt; a message without a number wants none."""

    __slots__ = ("_is_done", "_number", "receipts")

    def __init__(self, receipts: Receipts, number: int | None) -> None:
        self.receipts, self._number = receipts, number
        self._is_done = False

    def done(self) -> bool:
        """Tell whether the message is durable."""
        return self._is_done

    def set_result(self, _result: None, /) -> None:
        """Take it that the message is durable."""
        self._is_done = True
        if self._number is not None:
            self.receipts.give(self._number)
