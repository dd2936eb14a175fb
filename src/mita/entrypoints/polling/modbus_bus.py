"""A Modbus bus as pymodbus speaks it: one question, one answer, or a sentence why there is none."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from pymodbus import FramerType, ModbusException
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from mita.drivers.modbus.driver import refusal
from mita.entrypoints.polling.line import Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mita.drivers.modbus.setup import Address

    Client = AsyncModbusTcpClient | AsyncModbusSerialClient

# what it logs as errors are silent units, and ours to tell
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)

_CONNECT_S = 3.0
# longer than any of ours
_PATIENCE_S = 30.0
_BUSY = {5, 6}
# how a gateway says that the unit behind it is silent
_NO_PATH = {10, 11}
_PAUSE_S = 0.1
# the silence that RTU wants between two frames is 3.5 characters of 11 bits
_SILENCE_BITS = 39
_SILENCE_S_MIN = 0.002
_COILS = {1, 2}


class Refused(Exception):
    """The unit answered with a Modbus exception."""

    def __init__(self, code: int) -> None:
        super().__init__(refusal(code))
        self.code = code


class Bus:
    """An open bus, or one that the next question opens.

    It is closed after whatever went wrong, so that no answer that comes late is taken for that of the next
    question.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._client: Client | None = None

    def close(self) -> None:
        """Let go of the connection or the serial port."""
        if self._client is not None:
            self._client.close()
        self._client = None

    async def words(
        self, unit: int, run: tuple[int, int, int], *, timeout_ms: int, retries: int
    ) -> list[int]:
        """Return the words of a run (function, first, count); of a coil 0 or 1.

        :raises Refused: if the unit answers with an exception
        :raises Unreachable: if it does not answer
        """
        fn, address, count = run

        async def ask(client: Client) -> Any:
            if fn == 1:
                return await client.read_coils(address, count=count, device_id=unit)
            if fn == 2:  # noqa: PLR2004 - Modbus functions
                return await client.read_discrete_inputs(address, count=count, device_id=unit)
            if fn == 3:  # noqa: PLR2004 - read holding registers
                return await client.read_holding_registers(address, count=count, device_id=unit)
            return await client.read_input_registers(address, count=count, device_id=unit)

        def answer(response: Any) -> list[int] | None:
            found = [int(bit) for bit in response.bits[:count]] if fn in _COILS else list(response.registers)
            return found if len(found) == count else None

        found: list[int] = await self._asked(unit, ask, answer, timeout_ms=timeout_ms, retries=retries)
        return found

    async def write(self, unit: int, fn: int, address: int, *values: int, timeout_ms: int) -> None:
        """Write a coil (function 5), a word (6) or words (16), once: whoever hears no answer reads back.

        :raises Refused: if the unit answers with an exception
        :raises Unreachable: if it does not answer
        """

        async def ask(client: Client) -> Any:
            if fn == 5:  # noqa: PLR2004 - Modbus functions
                return await client.write_coil(address, bool(values[0]), device_id=unit)
            if fn == 6:  # noqa: PLR2004 - write one register
                return await client.write_register(address, values[0], device_id=unit)
            return await client.write_registers(address, list(values), device_id=unit)

        await self._asked(unit, ask, lambda _: [], timeout_ms=timeout_ms, retries=0)

    async def _asked(
        self,
        unit: int,
        ask: Callable[[Client], Awaitable[Any]],
        answer: Callable[[Any], list[int] | None],
        *,
        timeout_ms: int,
        retries: int,
    ) -> list[int]:
        why = "does not answer"
        for attempt in range(retries + 1):
            client = await self._opened()
            try:
                async with asyncio.timeout(timeout_ms / 1_000):
                    await asyncio.sleep(self._silence_s())
                    response = await ask(client)
            except (TimeoutError, ModbusException, OSError):
                self.close()
                continue
            except asyncio.CancelledError:
                self.close()
                raise
            if not response.isError():
                found = answer(response)
                if found is not None:
                    return found
                why = "answers with too few or too many words"
                self.close()
                continue
            code = int(getattr(response, "exception_code", 0))
            if code in _NO_PATH:
                why = f"does not answer: {refusal(code)}"
            elif code not in _BUSY or attempt == retries:
                raise Refused(code)
            await asyncio.sleep(_PAUSE_S)
        raise Unreachable(f"unit {unit} on {self.address.key} {why}: {self._advice()}")

    def _silence_s(self) -> float:
        address = self.address
        if address.kind == "tcp":
            return 0
        return max(_SILENCE_S_MIN, _SILENCE_BITS / address.baud) if address.kind == "rtu" else _SILENCE_S_MIN

    def _advice(self) -> str:
        if self.address.kind == "rtu":
            return "are unit, baud rate and parity those of the meter, and A and B not swapped?"
        return "is the unit right, and does the gateway speak Modbus TCP or plain RTU (rtu+tcp)?"

    async def _opened(self) -> Client:
        if self._client is not None and self._client.connected:
            return self._client
        self.close()
        address = self.address
        client = _client(address)
        try:
            async with asyncio.timeout(_CONNECT_S):
                is_open = await client.connect()
        except (TimeoutError, OSError):
            is_open = False
        if not is_open:
            client.close()
            if address.kind == "rtu":
                raise Unreachable(
                    f"{address.host} cannot be opened: is the adapter plugged in, and ours to use?"
                )
            raise Unreachable(
                f"{address.host}:{address.port} takes no connection: is the address right and the gateway on?"
            )
        self._client = client
        return client


def _client(address: Address) -> Client:
    # no reconnecting and no repeating behind our back; the time-out is ours as well
    if address.kind == "rtu":
        return AsyncModbusSerialClient(
            address.host,
            framer=FramerType.RTU,
            baudrate=address.baud,
            parity=address.parity,
            stopbits=address.stop,
            bytesize=address.bits,
            reconnect_delay=0,
            retries=0,
            timeout=_PATIENCE_S,
        )
    framer = FramerType.SOCKET if address.kind == "tcp" else FramerType.RTU
    return AsyncModbusTcpClient(
        address.host, port=address.port, framer=framer, reconnect_delay=0, retries=0, timeout=_PATIENCE_S
    )
