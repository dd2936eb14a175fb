"""The DLMS line against a meter of another library, in a process of its own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from mita.drivers.wire import Device, Health, Order, Shown, Step, SwitchState
from mita.entrypoints.polling.dlms import CountersInMemory, DlmsLine
from mita.entrypoints.polling.line import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOW = 1_714_557_600
_KEYS = bytes(range(16)).hex() + ":" + bytes(range(16, 32)).hex()
_LLS = {"client": 32, "security": "lls", "secret": "12345678"}
_GMAC = {"client": 1, "security": "hls_gmac", "secret": _KEYS}


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@contextmanager
def running(framing: str) -> Iterator[str]:
    """Run the meter; yield its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.dlms_meter", framing],
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"tcp://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.communicate(timeout=10)


def device(url: str, **settings: object) -> Device:
    return Device("dlms:1", [("E1", "electricity")], settings={"url": url, **settings})


def line() -> DlmsLine:
    return DlmsLine(CountersInMemory(first=100), limit_s=10)


async def test_a_meter_over_tcp() -> None:
    with running("wrapper") as url:
        gmac = line()
        for at, shared in (
            (device(url), line()),
            (device(url, **_LLS), line()),
            (device(url, **_GMAC), gmac),
        ):
            decoded = await shared.read(at, now_s=_NOW)
            assert [(each.register, each.value_micro) for each in decoded.readings] == [
                ("import", 12_345_678_000),
                ("export", 4_321_000),
            ]
            # what its own library wrote as 12:00 at two hours east
            health = next(each for each in decoded.reports if isinstance(each, Health))
            assert health.clock_s == seconds("2024-05-01T10:00:00")
            assert SwitchState(is_on=True) in decoded.reports
            assert Shown("0.0.96.1.0.255", "PYD0000000001") in decoded.reports
        # the second conversation goes on counting; one that begins again is refused
        assert (await gmac.read(device(url, **_GMAC), now_s=_NOW)).readings
        with pytest.raises(Unreachable):
            await line().read(device(url, **_GMAC), now_s=_NOW)
        for wrong, words in (
            (device(url, **(_GMAC | {"secret": "00" * 16 + ":" + "11" * 16})), "association"),
            (device(url, **(_LLS | {"secret": "87654321"})), "association"),
            (device(url, framing="hdlc"), "127.0.0.1"),
        ):
            with pytest.raises(Unreachable, match=words):
                await DlmsLine(CountersInMemory(first=50_000), limit_s=1).read(wrong, now_s=_NOW)
        await _load_profile(device(url, **_GMAC), gmac)
        await _relay(device(url, **_GMAC), gmac)
        assert await gmac.set_clock(device(url, **_GMAC), now_s=_NOW + 5) == 0
        health = next(
            each
            for each in (await gmac.read(device(url, **_GMAC), now_s=_NOW)).reports
            if isinstance(each, Health)
        )
        assert health.clock_s == _NOW + 5
        assert await gmac.probe(device(url, **_GMAC, registers=["1.0.99.9.9.255"])) != []
        assert await gmac.probe(device(url, **_GMAC)) == []


async def _load_profile(at: Device, shared: DlmsLine) -> None:
    since = seconds("2024-05-01T06:00:00")
    decoded = await shared.read_profile(at, since_s=since, until_s=since + 3 * 900, now_s=_NOW)
    assert [(each.taken_s - since, each.register, each.value_micro) for each in decoded.readings] == [
        (0, "import", (1000 + 24 * 7) * 1_000),
        (900, "import", (1000 + 25 * 7) * 1_000),
        (1800, "import", (1000 + 26 * 7) * 1_000),
        (2700, "import", (1000 + 27 * 7) * 1_000),
    ]


async def _relay(at: Device, shared: DlmsLine) -> None:
    command = UUID(int=7)

    async def switched(*, is_on: bool) -> list[object]:
        order = Order(command, is_on=is_on, expires_s=_NOW + 60)
        return list(await shared.carry_out(order, at, now_s=_NOW))

    for is_on in (False, True, False):
        assert await switched(is_on=is_on) == [
            Step(command, "acknowledged"),
            SwitchState(is_on, command_id=command, taken_s=_NOW),
        ]
    # the fourth time it is taken and nothing happens: never on by its word
    reports = await switched(is_on=True)
    assert reports[1] == SwitchState(is_on=False, command_id=command, taken_s=_NOW)
    assert reports[2] == Step(
        command, "failed", "the meter took the command, and its control state is disconnected", may_retry=True
    )
    # the fifth time it refuses
    state, failed = await switched(is_on=True)
    assert state == SwitchState(is_on=False, command_id=command, taken_s=_NOW)
    assert isinstance(failed, Step)
    assert "refuses" in failed.reason
    late = Order(command, is_on=True, expires_s=_NOW)
    assert [each.step for each in await shared.carry_out(late, at, now_s=_NOW)] == ["failed"]


async def test_a_meter_over_hdlc_and_one_that_says_nothing() -> None:
    with running("hdlc") as url:
        at = device(url, framing="hdlc", **_LLS)
        assert len((await line().read(at, now_s=_NOW)).readings) == 2
        since = seconds("2024-05-01T00:00:00")
        decoded = await line().read_profile(at, since_s=since, until_s=since + 86_399, now_s=_NOW)
        assert len(decoded.readings) == 96
        hours = device(url, framing="hdlc", profile_hours=1, **_LLS)
        decoded = await line().read(hours, now_s=since + 7_200)
        assert [each.taken_s - since for each in decoded.readings] == [
            3600,
            4500,
            5400,
            6300,
            7200,
            7200,
            7200,
        ]
    # it hangs up, at once or after a while, or never answers
    for pause_s in (0.0, 0.05, 60.0):
        done = asyncio.Event()

        async def deaf(
            reader: asyncio.StreamReader,
            writer: asyncio.StreamWriter,
            pause_s: float = pause_s,
            done: asyncio.Event = done,
        ) -> None:
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), pause_s)
            writer.transport.abort()

        server = await asyncio.start_server(deaf, "127.0.0.1", 0)
        silent = device(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        began = asyncio.get_running_loop().time()
        with pytest.raises(Unreachable):
            await DlmsLine(CountersInMemory(), limit_s=0.3).read(silent, now_s=_NOW)
        assert asyncio.get_running_loop().time() - began < 15
        done.set()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(0.02)
