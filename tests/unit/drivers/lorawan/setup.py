"""A device behind a LoRaWAN server, and the events that ChirpStack sends of it."""

from __future__ import annotations

import json
from decimal import Decimal
from uuid import UUID

from mita.drivers.fields import Field
from mita.drivers.wire import Arrival, Device, Order

EUI = "0101010101010101"
COMMAND = UUID("019aa0c4-5b7e-7c3a-8a51-3f7d6c1e2b90")
# 2026-11-22T07:00:00Z
NOW_S = 1_795_330_800
SERVER_S = 1_658_136_855
ON_ORDER = Order(COMMAND, is_on=True, expires_s=NOW_S + 3_600)
OFF_ORDER = Order(COMMAND, is_on=False, expires_s=NOW_S + 3_600)


def device(*fields: Field, server: str = "chirpstack", zone=None, meters=None, **settings) -> Device:
    """A device with an electricity meter E-1."""
    return Device(f"{server}:{EUI}", meters or [("E-1", "electricity")], fields, zone, settings)


def kwh(path: str = "kwh", register: str = "import", **more) -> Field:
    """A field in kWh."""
    return Field(path, register, "kWh", **more)


def event(channel: str = "up", *, received_s: int = NOW_S, eui: str = EUI, **more) -> Arrival:
    """An event as ChirpStack writes it, with the time of its documentation's example."""
    body = {
        "time": "2022-07-18T09:34:15.775023242+00:00",
        "deviceInfo": {"devEui": eui, "deviceClassEnabled": "CLASS_C"},
        **more,
    }
    return Arrival(channel, json.dumps(body).encode(), received_s)


def reports(decoded, kind: type) -> list:
    """Those of a kind."""
    return [each for each in decoded.reports if isinstance(each, kind)]


def values(decoded) -> list[tuple[str, int, int, bool]]:
    """The readings as (register, seconds, millionths, timed)."""
    return [(each.register, each.taken_s, each.value_micro, each.is_timed) for each in decoded.readings]


def rejected(decoded) -> list[str]:
    """The codes of the rejections."""
    return [each.code for each in decoded.rejections]


def number(text: str) -> Decimal:
    return Decimal(text)
