"""What devices behind any LoRaWAN server have in common; each server's driver adds how it writes. Pure."""

from __future__ import annotations

import base64
import binascii
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mita.drivers.lorawan import downlink
from mita.drivers.lorawan.radio import finite
from mita.drivers.lorawan.settings import plan_of
from mita.drivers.lorawan.uplink import CodecInput
from mita.drivers.wire import Decoded
from mita.kit.clock import from_us
from mita.metering.domain import Rejection, truncated

if TYPE_CHECKING:
    from mita.drivers.lorawan.settings import Plan
    from mita.drivers.wire import Abilities, Arrival, Device, Order, Outgoing


@dataclass(frozen=True, slots=True)
class Uplink:
    """An uplink's bytes, the port that they came on, and when the server had them (seconds)."""

    payload: bytes
    f_port: int
    received_s: int

    @property
    def is_for_codec(self) -> bool:
        """Whether there is anything to decode; port 0 is the radio's own talk."""
        return bool(self.payload and self.f_port)


class Served(ABC):
    """A driver of devices behind a LoRaWAN server; the address is the DevEUI."""

    name: str
    # what it takes to send a command, in words for who sets a device up
    _wants: str

    def abilities(self, device: Device) -> Abilities:
        """Return what the device can do, as it is set up."""
        return downlink.abilities(device)

    def check(self, device: Device) -> list[str]:
        """Return what is wrong with its settings and fields, in plain words."""
        plan = plan_of(device)
        found = list(downlink.problems(device, plan))
        if (plan.relay is not None or plan.limit is not None) and self._where_to(device, plan) is None:
            found.append(self._wants)
        return found

    def decode(self, arrival: Arrival, device: Device) -> Decoded:
        """Return what a message holds, by what the server made of the uplink. Never raises."""
        return self.decode_with(arrival, device, decoded=None)

    @abstractmethod
    def decode_with(self, arrival: Arrival, device: Device, *, decoded: Any | None) -> Decoded:
        """Return what a message holds; ``decoded`` is what the device's codec made of it. Never raises."""

    def codec_input(self, arrival: Arrival, device: Device) -> CodecInput | None:
        """Return what the device's codec is to decode; None if it has none or there is nothing to decode."""
        plan = plan_of(device)
        uplink = None if plan.codec is None else self._uplink(arrival, device)
        if plan.codec is None or uplink is None or not uplink.is_for_codec:
            return None
        received_at = iso(uplink.received_s)
        return CodecInput(plan.codec, uplink.payload, uplink.f_port, received_at, dict(plan.variables))

    def encode(self, order: Order, device: Device) -> list[Outgoing]:
        """Return the downlink that carries out an order, with its id.

        None if the device cannot be told so, or if its codec has to encode: see ``downlink_object``.
        """
        plan = plan_of(device)
        payload = downlink.payload_of(order, plan)
        means = downlink.means_of(order, plan)
        if means is None or payload is None:
            return []
        if means.encoder == "codec" and not isinstance(payload, bytes):
            return []
        return self._outgoing(order, device, plan, payload=payload, f_port=means.f_port)

    def encode_with(
        self, order: Order, device: Device, *, payload: bytes, f_port: int | None = None
    ) -> list[Outgoing]:
        """Return the downlink with the bytes that the device's codec made; none if it cannot be told."""
        plan = plan_of(device)
        means = downlink.means_of(order, plan)
        if means is None:
            return []
        return self._outgoing(order, device, plan, payload=payload, f_port=f_port or means.f_port)

    @abstractmethod
    def _uplink(self, arrival: Arrival, device: Device) -> Uplink | None:
        """Return the uplink that a message holds; None if it is another one, or of another device."""

    @abstractmethod
    def _where_to(self, device: Device, plan: Plan) -> str | None:
        """Return where a device's downlinks go; None if the settings do not tell."""

    @abstractmethod
    def _outgoing(
        self, order: Order, device: Device, plan: Plan, *, payload: Any, f_port: int
    ) -> list[Outgoing]:
        """Return the message with a downlink: bytes, or an object that the server encodes."""

    def _rejected(self, arrival: Arrival, code: str, detail: str) -> Decoded:
        rejection = Rejection(self.name, None, None, truncated(arrival.payload), code, detail)
        return Decoded(rejections=[rejection])


def payload_in(message: Any, key: str) -> bytes:
    """Return the bytes that stand in a message in Base64; none if that cannot be read."""
    data = message.get(key)
    try:
        return base64.b64decode(data, validate=True) if isinstance(data, str) else b""
    except (binascii.Error, ValueError):
        return b""


def f_port_in(message: Any, key: str) -> int:
    """Return a port; 0, which servers leave out, if there is none."""
    number = finite(message.get(key))
    return 0 if number is None else int(number)


def iso(seconds: int) -> str:
    """Return seconds since 1970 as servers write times."""
    return from_us(seconds * 1_000_000).isoformat().replace("+00:00", "Z")
