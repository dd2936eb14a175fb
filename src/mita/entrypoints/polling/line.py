"""What a protocol that is asked, not told, looks like to the polling service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mita.drivers.wire import Decoded, Device, FlatPrices, HeldPrices, Order, Report


class Unreachable(ConnectionError):
    """A device or its bus does not answer, or not what it should; in words that an installer understands."""


class NotReached(Unreachable):
    """Nobody took the connection: the device heard nothing of it."""


class RefusedByDevice(Unreachable):
    """The device answered that it does not do it, or its answer proves that it did not."""


class TokenRefused(RefusedByDevice):
    """The meter refused the token itself, or took it and its balance did not rise (``no_rise``)."""

    def __init__(self, words: str, *, reason: Literal["refused", "no_rise"] = "refused") -> None:
        super().__init__(words)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TokenTaken:
    """The balance before and after a token, in millionths of the currency."""

    before_micro: int
    after_micro: int


class Line(Protocol):
    """A bus or host with the devices on it; one conversation at a time, however many ask.

    Every call ends within its own limit of time, by :class:`Unreachable` if not otherwise, and leaves nothing
    open that would make the next one fail. What is no reading is a rejection in the answer.
    """

    @staticmethod
    def key(device: Device) -> str:
        """Return what devices on the same bus or host share, such as ``tcp://10.0.0.7:502``."""

    async def read(self, device: Device, *, now_s: int) -> Decoded:
        """Ask a device for its readings, and the state of its switch if it has one.

        :raises Unreachable: if it does not answer
        """

    async def carry_out(self, order: Order, device: Device, *, now_s: int) -> Sequence[Report]:
        """Switch, and read back: a ``SwitchState`` as the device reports it, after steps on the way there.

        :raises Unreachable: if it does not answer; the order may have arrived all the same
        """

    async def probe(self, device: Device) -> Sequence[str]:
        """Return what is wrong between us and the device, in plain words; nothing if it answers sensibly."""

    async def set_clock(self, device: Device, *, now_s: int) -> int:
        """Set the device's clock and read it back; return by how many seconds it is ahead then.

        :raises RefusedByDevice: if it has none that can be set, or refuses
        :raises Unreachable: if it does not answer
        """

    async def close(self) -> None:
        """Let go of the bus."""


@runtime_checkable
class PriceLine(Protocol):
    """A line whose devices take prices that they charge by themselves."""

    async def give_prices(self, device: Device, *, prices: FlatPrices, from_s: int) -> None:
        """Write prices that hold from a time on, each read back.

        :raises RefusedByDevice: if it refuses, or still holds others
        :raises Unreachable: if it does not answer
        """

    async def held_prices(self, device: Device) -> HeldPrices:
        """Return what it charges now.

        :raises Unreachable: if it does not answer, or not what it should
        """


@runtime_checkable
class TokenLine(Protocol):
    """A line whose devices count money themselves and take tokens."""

    async def give_token(
        self, device: Device, *, token: str, before_sending: Callable[[int], Awaitable[None]]
    ) -> TokenTaken:
        """Give the meter a token, once; proved by its balance, which must have risen.

        ``before_sending`` is awaited with the balance before, in millionths; nothing is sent before.

        :raises TokenRefused: if the meter refuses it, or its balance did not rise
        :raises NotReached: if the meter heard nothing of the token
        :raises Unreachable: if it may have heard of it, and did not answer
        """

    async def held_balance_micro(self, device: Device) -> int:
        """Return the balance that the meter shows, in millionths of the currency.

        :raises Unreachable: if it does not answer
        """
