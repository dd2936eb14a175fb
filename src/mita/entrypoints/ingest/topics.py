"""Which conventions this installation listens to, and whose each topic is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.drivers.mqtt.routes import Prefixes, Table

if TYPE_CHECKING:
    from mita.entrypoints.ingest.settings import IngestSettings

_DEFAULTS = Prefixes()
CONVENTIONS = ("tasmota", "shelly", "shelly1", "esphome", "zigbee2mqtt", "homie", "chirpstack")


def table_of(settings: IngestSettings) -> Table:
    """Return the table of routes; beside our own convention only those that the settings name.

    Whoever may publish on a convention's topics may speak for its devices: what is not used stays closed.

    :raises ValueError: if there is no such convention, or a pattern is none
    """
    named = {each.strip() for each in settings.mqtt_conventions.split(",") if each.strip()}
    if unknown := sorted(named - set(CONVENTIONS)):
        raise ValueError(f"no convention is called {unknown[0]!r}; known are {', '.join(CONVENTIONS)}")
    patterns = tuple(each.strip() for each in settings.mqtt_json_topics.split(",") if each.strip())
    return Table(
        Prefixes(
            tasmota=_DEFAULTS.tasmota if "tasmota" in named else (),
            shelly=_DEFAULTS.shelly if "shelly" in named else (),
            shelly1="shelly1" in named,
            esphome=_DEFAULTS.esphome if "esphome" in named else (),
            zigbee2mqtt=_DEFAULTS.zigbee2mqtt if "zigbee2mqtt" in named else (),
            homie=_DEFAULTS.homie if "homie" in named else (),
            json=patterns,
            chirpstack="chirpstack" in named,
        )
    )
