"""The drivers by their names. Each is loaded when it is first asked for: some bring large libraries. Pure."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from mita.drivers.wire import Driver

CHIRPSTACK, TTS = "chirpstack", "tts"
# driver -> module and class
_PLACES = {
    "mita": ("mita.drivers.own", "Own"),
    "tasmota": ("mita.drivers.mqtt.tasmota", "Tasmota"),
    "shelly": ("mita.drivers.mqtt.shelly", "Shelly"),
    "shelly1": ("mita.drivers.mqtt.shelly1", "Shelly1"),
    "esphome": ("mita.drivers.mqtt.esphome", "Esphome"),
    "zigbee2mqtt": ("mita.drivers.mqtt.zigbee2mqtt", "Zigbee2mqtt"),
    "homie": ("mita.drivers.mqtt.homie", "Homie"),
    "json": ("mita.drivers.mqtt.generic", "Generic"),
    CHIRPSTACK: ("mita.drivers.lorawan.chirpstack", "ChirpStack"),
    TTS: ("mita.drivers.lorawan.things_stack", "Tts"),
    "p1": ("mita.drivers.p1.driver", "P1Driver"),
    "modbus": ("mita.drivers.modbus.driver", "Modbus"),
    "mbus": ("mita.drivers.mbus.driver", "MbusDriver"),
    "dlms": ("mita.drivers.dlms.driver", "DlmsDriver"),
    "emop": ("mita.drivers.emop.driver", "EmopDriver"),
}
DRIVERS = tuple(_PLACES)
# those that are asked, and those whose messages and commands go through the broker
POLLED = frozenset({"modbus", "mbus", "dlms", "emop"})
OVER_MQTT = frozenset(DRIVERS) - POLLED - {TTS, "p1"}
# LoRaWAN servers: they keep what they are given, and their devices' bytes are for manufacturers' codecs
LORAWAN = frozenset({CHIRPSTACK, TTS})


@cache
def driver_named(name: str) -> Driver | None:
    """Return a driver, or None if there is none of that name."""
    place = _PLACES.get(name)
    if place is None:
        return None
    return cast("Driver", getattr(import_module(place[0]), place[1])())
