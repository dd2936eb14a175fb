"""What a protocol that is asked, not told, looks like to the polling service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.drivers.wire import Decoded, Device, FlatPrices, HeldPrices, Order, Report


class Unreachable(ConnectionError):
    """A device or its bus does not answer, or not what it should; in words that an installer understands."""


class RefusedByDevice(Unreachable):
    """The device answered that it does not do it, or its answer proves that it did not."""


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
