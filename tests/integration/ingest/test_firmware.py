"""The reference firmware, run by CPython over a real socket: pulses into charges, commands into a relay."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from mita.entrypoints.keys import device_token
from mita.kit.clock import now_utc
from tests.integration.world import at
from tests.unit.firmware.rig import Board, Broker

from .rig import PATIENCE_S
from .test_charging import ts
from .test_supply import come_to, commands, funded, is_on

# isort: split
from mita_meter.app import App
from mita_meter.files import Files

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from psycopg import Connection

    from mita.kit.db import Database

    from .conftest import Line


class Socket:
    """A connection as MicroPython's streams are: ``read`` gives None when there is nothing yet."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._socket.setblocking(False)
        self.close = self._socket.close

    def read(self, size: int) -> bytes | None:
        try:
            return self._socket.recv(size)
        except BlockingIOError:
            return None

    def write(self, data: bytes) -> int | None:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return None


class SocketBoard(Board):
    """A board whose broker is a real one, once it is told the port, and whose flash is a folder."""

    def __init__(self, *, now_s: int, folder: Path) -> None:
        super().__init__(Broker(), now_s=now_s)
        self.files = Files(str(folder))
        self.port: int | None = None
        self.stream: Socket | None = None

    def connect(self) -> Socket:
        if self.port is None:
            raise OSError(113)
        self.stream = Socket(self.port)
        return self.stream


async def until(app: App, board: Board, question: Callable[[], Awaitable[bool]]) -> None:
    """Let the program go round in real time until the answer is yes."""
    async with asyncio.timeout(PATIENCE_S):
        while not await question():
            for _ in range(20):
                app.turn()
                board.step(0.01)
                await asyncio.sleep(0.002)


async def test_pulses_become_charges_and_the_relay_obeys(
    embedded_line: Line, database: Database, admin: Connection, tmp_path: Path
):
    line = embedded_line
    world = await funded(database)
    name = f"dev-{world.estate_id}-1"
    config = {
        "device": name,
        "token": device_token(line.broker.keys.device_secret, name),
        "interval_s": 900,
        "channels": [{"pulses": 1000, "register": "4321", "meter": "M1"}],
        "relay": {},
    }
    board = SocketBoard(now_s=ts(at(0)), folder=tmp_path / "flash")
    app = App(config, board)

    def use(*, pulses: int, seconds: int) -> None:
        for _ in range(seconds):
            board.step(1)
            board.counters[0].raw += pulses
            app.turn()

    async def charged(readings: int) -> bool:
        return admin.execute("SELECT count(*) FROM reading").fetchone() == (readings,)

    # three hours without a network, 9 kWh after the first quarter
    app.turn()
    use(pulses=0, seconds=900)
    use(pulses=1, seconds=9_000)
    await line.start_ingest()
    board.port = line.broker.port
    app._wait_until_ms = 0
    await until(app, board, lambda: charged(11))
    assert await world.balances() == [2_300_000]
    assert await commands(world) == []
    # the tenth kWh, and a power cut before it is told: nothing of it is lost
    app.link.close()
    board.port = None
    use(pulses=1, seconds=1_000)
    # counts are written once a minute
    use(pulses=0, seconds=61)
    board.power_cycle()
    app = App(config, board)
    app.turn()
    use(pulses=0, seconds=900)
    board.port = line.broker.port
    app._wait_until_ms = 0
    assert board.switch.acts == [True]

    async def is_cut() -> bool:
        return not await is_on(world)

    await until(app, board, is_cut)
    await come_to(world, ("off", "confirmed"))
    assert board.switch.acts == [True, False]
    assert await world.balances() == [0]
    await world.top_up("20.00", key="more", now=now_utc())
    await until(app, board, lambda: is_on(world))
    await come_to(world, ("on", "confirmed"), ("off", "confirmed"))
    assert board.switch.acts == [True, False, True]
    assert admin.execute("SELECT code, raw FROM rejected_reading").fetchall() == []
    assert await world.verified()
    app.link.close()
