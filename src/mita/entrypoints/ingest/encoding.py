"""Orders become messages: by a device's driver, and by a manufacturer's codec where that makes downlinks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mita.drivers.codecs.runner import CodecFailed, CodecRunner
from mita.drivers.lorawan.downlink import encoder_input, sendable
from mita.drivers.lorawan.served import Served

if TYPE_CHECKING:
    from mita.drivers.wire import Device, Driver, Order, Outgoing


class Encoder:
    """Encodes orders; codecs run in a process of their own, which is started with the first of them."""

    def __init__(self) -> None:
        self._runner: CodecRunner | None = None

    async def close(self) -> None:
        """End the process that runs codecs."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await asyncio.to_thread(runner.close)

    async def messages(
        self, order: Order, device: Device, *, driver: Driver, codec: str | None
    ) -> list[Outgoing]:
        """Return the messages that carry out an order; none if the device has no switch.

        :raises CodecFailed: if the device's codec is to encode, and does not
        """
        given = encoder_input(order, device) if isinstance(driver, Served) else None
        if given is None or not isinstance(driver, Served):
            return driver.encode(order, device)
        if codec is None:
            raise CodecFailed("codec_missing", "the device has no codec that could encode")
        self._runner = self._runner or CodecRunner()
        ran = await asyncio.to_thread(self._runner.run, codec, "encodeDownlink", given)
        f_port, payload = ran.message()
        if not sendable(payload, f_port):
            raise CodecFailed("codec_bad_output", f"gives {len(payload)} bytes for port {f_port}")
        return driver.encode_with(order, device, payload=payload, f_port=f_port)
