"""Which words of a device about its switch are news."""

from __future__ import annotations

import asyncio
from uuid import UUID

from mita.devices.operations import LastWord
from mita.drivers.mqtt.routes import Route
from mita.drivers.wire import Decoded, Health, SwitchState
from mita.entrypoints.ingest.decoding import Heard
from mita.entrypoints.ingest.inbox import Arrival
from mita.entrypoints.ingest.reported import news, without_repeats
from mita.kit.clock import from_us

COMMAND = UUID(int=5)


def heard(*reports: SwitchState | Health, at_s: int) -> Heard:
    route = Route("chirpstack", "0101010101010101", "up")
    arrival = Arrival("t", b"", at_s * 1_000_000, asyncio.get_running_loop().create_future(), route)
    return Heard(arrival, Decoded(reports=list(reports)), is_registered=True)


async def test_what_a_later_word_has_overtaken_is_left_out() -> None:
    words: dict[str, LastWord] = {}
    on, off = (SwitchState(is_on=is_on, taken_s=100) for is_on in (True, False))
    assert news(heard(on, at_s=102), words) == [on]
    assert words == {"chirpstack:0101010101010101": LastWord(is_on=True, at=from_us(100_000_000))}
    # of the same second nobody knows: the first stands; what it repeats may be said again
    assert news(heard(Health(is_online=True), off, on, at_s=103), words) == [Health(is_online=True), on]
    earlier = SwitchState(is_on=False, taken_s=99)
    assert news(heard(earlier, at_s=104), words) == []
    # who names a command answers it; several switches tell of each on its own
    named = SwitchState(is_on=False, command_id=COMMAND, taken_s=99)
    second = SwitchState(is_on=False, meter="E-2", taken_s=100)
    assert news(heard(named, second, at_s=104), words) == [named, second]
    # a clock that is ahead is not believed further than to when the word came
    ahead, untimed = SwitchState(is_on=True, taken_s=500), SwitchState(is_on=False)
    assert news(heard(ahead, at_s=105), words) == [ahead]
    assert news(heard(untimed, at_s=106), words) == [untimed]


def test_what_is_repeated_in_a_batch_is_said_once() -> None:
    on, off, named = SwitchState(is_on=True), SwitchState(is_on=False), SwitchState(True, command_id=COMMAND)
    other = SwitchState(is_on=True, meter="E-2")
    said: dict[tuple[str, str | None], bool] = {}
    assert without_repeats([on, on, other, named, off], device="d", said=said) == [on, other, named, off]
    assert without_repeats([off, on, on], device="d", said=said) == [on]
    assert without_repeats([off, other], device="e", said=said) == [off, other]
