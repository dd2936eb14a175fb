"""All conventions at once: which driver is whose, and what an unknown device seems to be. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.drivers.mqtt.esphome import Esphome
from mita.drivers.mqtt.generic import Generic
from mita.drivers.mqtt.homie import Homie
from mita.drivers.mqtt.shelly import Shelly
from mita.drivers.mqtt.shelly1 import Shelly1
from mita.drivers.mqtt.tasmota import Tasmota
from mita.drivers.mqtt.zigbee2mqtt import Zigbee2mqtt

if TYPE_CHECKING:
    from typing import Protocol

    from mita.drivers.mqtt.routes import Table
    from mita.drivers.mqtt.suggestion import Suggestion
    from mita.drivers.wire import Driver

    class Convention(Driver, Protocol):
        """A driver that also knows strangers of its kind."""

        def suggest(self, address: str, *, channel: str, payload: bytes) -> list[Suggestion]:
            """Return what a message of an unknown device tells of it."""


CONVENTIONS: dict[str, Convention] = {
    each.name: each for each in (Tasmota(), Shelly(), Shelly1(), Esphome(), Zigbee2mqtt(), Homie(), Generic())
}


def discover(topic: str, payload: bytes, *, table: Table) -> list[Suggestion]:
    """Return the devices that a message of nobody known tells of: mostly one or none, a bridge's many.

    A message may tell of a part of a device only, such as one of its sensors; suggestions of the same
    ``device`` add up.
    """
    route = table.find(topic)
    convention = None if route is None else CONVENTIONS.get(route.driver)
    if route is None or convention is None:
        return []
    return convention.suggest(route.address, channel=route.channel, payload=payload)
