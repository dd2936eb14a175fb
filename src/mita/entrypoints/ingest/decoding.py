"""Messages are decoded by their devices' drivers, and by manufacturers' codecs where a device has one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from mita.devices.operations import Noted, Passed
from mita.drivers import wire
from mita.drivers.codecs.runner import Call, CodecFailed, CodecRunner
from mita.drivers.known import LORAWAN, driver_named
from mita.drivers.wire import Alarm, Decoded, LimitState, Shown, Step, SwitchState
from mita.kit.clock import from_us
from mita.kit.quantity import PULSE
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mita.drivers.lorawan.served import Served
    from mita.entrypoints.ingest.devices import SetUp
    from mita.entrypoints.ingest.inbox import Arrival

_SHOWN_MAX = 100
_TEXT_MAX = 200


@dataclass(slots=True)
class Heard:
    """A message and what it held."""

    arrival: Arrival
    decoded: Decoded
    is_registered: bool

    @property
    def has_supply_reports(self) -> bool:
        """Whether it says something of a supply; what a broker retained is not new, and says nothing."""
        return not self.arrival.is_retained and any(
            isinstance(each, SwitchState | LimitState | Step) for each in self.decoded.reports
        )

    def noted(self) -> Noted:
        """Return what is noted of its device."""
        frame = Passed(self.arrival.topic, self.arrival.payload, _found(self.decoded))
        return Noted(
            self.arrival.device,
            from_us(self.arrival.received_us),
            self.decoded.reports,
            len(self.decoded.readings),
            len(self.decoded.rejections),
            frames=[frame],
            source=self.arrival.source,
        )


class Decoder:
    """Decodes messages; codecs run in a process of their own, which is started with the first of them."""

    def __init__(self) -> None:
        self._runner: CodecRunner | None = None

    async def close(self) -> None:
        """End the process that runs codecs."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await asyncio.to_thread(runner.close)

    async def decoded(self, messages: Sequence[tuple[Arrival, SetUp]]) -> list[Heard]:
        """Return what messages hold, in their order. Never raises for what a device sent."""
        by_codec = await self._by_codec(messages)
        return [
            Heard(
                arrival,
                set_up.configured.kept(_decoded(arrival, set_up, codec=by_codec.get(place))),
                set_up.configured.device_id is not None,
            )
            for place, (arrival, set_up) in enumerate(messages)
        ]

    async def _by_codec(self, messages: Sequence[tuple[Arrival, SetUp]]) -> dict[int, Any]:
        """Return what codecs made of those messages that are for them, by place."""
        calls: dict[int, Call] = {}
        for place, (arrival, set_up) in enumerate(messages):
            if set_up.codec is None or arrival.route is None or arrival.route.driver not in LORAWAN:
                continue
            driver = cast("Served", driver_named(arrival.route.driver))
            given = driver.codec_input(_of_wire(arrival), set_up.configured.device)
            if given is not None:
                calls[place] = Call(set_up.codec, "decodeUplink", given.as_document())
        if not calls:
            return {}
        self._runner = self._runner or CodecRunner()
        ran = await asyncio.to_thread(self._runner.run_many, list(calls.values()))
        return dict(zip(calls, ran, strict=True))


def _decoded(arrival: Arrival, set_up: SetUp, *, codec: Any) -> Decoded:
    route = arrival.route
    driver = None if route is None else driver_named(route.driver)
    if driver is None:
        return Decoded()
    given, device = _of_wire(arrival), set_up.configured.device
    if isinstance(codec, CodecFailed):
        return _not_decoded(arrival, codec.code, f"the codec failed: {codec.detail}")
    if codec is not None and codec.errors:
        return _not_decoded(arrival, "codec_bad_output", f"the codec says: {'; '.join(codec.errors)}")
    if codec is not None:
        return with_resets(cast("Served", driver).decode_with(given, device, decoded=codec.data))
    return with_resets(driver.decode(given, device))


def with_resets(decoded: Decoded) -> Decoded:
    """Let pulses of a message that says its register began anew be counted on from where they were."""
    alarms = [each for each in decoded.reports if isinstance(each, Alarm) and not each.is_over]
    if any(each.alarm == "reset" for each in alarms):
        decoded.readings = [
            replace(each, is_reset=True) if each.unit == PULSE else each for each in decoded.readings
        ]
    return decoded


def _not_decoded(arrival: Arrival, code: str, detail: str) -> Decoded:
    raw = truncated(arrival.payload)
    return Decoded(rejections=[Rejection(source_of(arrival), None, None, raw, code, truncated(detail)[:500])])


def _of_wire(arrival: Arrival) -> wire.Arrival:
    assert arrival.route is not None, "it was routed"
    return wire.Arrival(
        arrival.route.channel,
        arrival.payload,
        arrival.received_us // 1_000_000,
        arrival.is_retained,
        arrival.source,
    )


def _found(decoded: Decoded) -> dict[str, Any]:
    """Return what was found, for people who look at a device on site."""
    shown = [each for each in decoded.reports if isinstance(each, Shown)][:_SHOWN_MAX]
    return {
        "readings": [
            {
                "meter": each.meter,
                "register": each.register,
                "micro": each.value_micro,
                "unit": each.unit,
            }
            for each in decoded.readings[:_SHOWN_MAX]
        ],
        "shown": {each.path[:_TEXT_MAX]: _text(each.value) for each in shown},
        "rejections": [
            {"code": each.code, "detail": each.detail[:_TEXT_MAX]} for each in decoded.rejections[:10]
        ],
    }


def _text(value: object) -> str:
    return str(value).replace("\x00", "")[:_TEXT_MAX]


def source_of(arrival: Arrival) -> str:
    """Return where a message came from, as it stands beside a rejection."""
    return truncated(f"{arrival.source}:{arrival.topic}")
