"""Zigbee2MQTT's messages."""

from __future__ import annotations

import json
from decimal import Decimal
from uuid import UUID

from mita.drivers.mqtt.discovery import discover
from mita.drivers.mqtt.routes import Prefixes, Table
from mita.drivers.mqtt.zigbee2mqtt import DEVICES_BYTES_MAX, Zigbee2mqtt
from mita.drivers.wire import Alarm, Health, Order, Renamed, SwitchState

from .says import RECEIVED_S, arrival, codes, device, figures, of, shown

DRIVER = Zigbee2mqtt()
IEEE = "0x00158d0001b79111"
PLUG = device(f"zigbee2mqtt:{IEEE}")
BRIDGE = device("zigbee2mqtt:bridge", meters=())
COMMAND = UUID("0199f7a2-1b2c-7d3e-8f40-51627384a5b6")


def numeric(name: str, unit: str) -> dict[str, str]:
    return {"type": "numeric", "name": name, "property": name, "unit": unit}


DEVICES = [
    {"ieee_address": "0x00124b0012345678", "friendly_name": "Coordinator", "type": "Coordinator"},
    {
        "ieee_address": IEEE,
        "friendly_name": "flat 3/kitchen",
        "type": "Router",
        "definition": {
            "vendor": "Innr",
            "model": "SP 240",
            "exposes": [
                {"type": "switch", "features": [{"type": "binary", "name": "state", "property": "state"}]},
                numeric("power", "W"),
                numeric("energy", "kWh"),
            ],
        },
    },
    {
        "ieee_address": "0x00158d0001b79222",
        "friendly_name": "two gang",
        "type": "Router",
        "definition": {
            "vendor": "X",
            "model": None,
            "exposes": [
                {"type": "switch", "features": [{"property": "state_l1"}]},
                {"type": "switch", "features": [{"property": "state_l2"}]},
                numeric("energy_l1", "kWh"),
                numeric("energy_today", "kWh"),
                numeric("water_consumed", "m³"),
            ],
        },
    },
    {"ieee_address": "0x00158d0001b79333", "friendly_name": "door", "type": "EndDevice", "definition": None},
    {"ieee_address": "kitchen", "friendly_name": "no address", "type": "Router"},
    "nonsense",
]


def test_a_plug_tells_register_state_and_power() -> None:
    said = {
        "state": "ON",
        "power": 12,
        "energy": 3.2,
        "voltage": 231,
        "linkquality": 87,
        "produced_energy": 0.25,
    }
    decoded = DRIVER.decode(arrival("", said), PLUG)
    assert [(told[1], told[3], told[4]) for told in figures(decoded)] == [
        ("import", 3_200_000, False),
        ("export", 250_000, False),
    ]
    assert of(decoded, SwitchState) == [SwitchState(is_on=True)]
    assert shown(decoded) == {"power": ("12", "W"), "voltage": ("231", "V"), "linkquality": ("87", None)}
    # volts of the mains are no battery
    assert of(decoded, Health) == []


def test_last_seen_is_the_time_in_each_of_its_formats() -> None:
    for last_seen in ("2026-11-22T06:59:00.000Z", "2026-11-22T07:59:00+01:00", 1795330740123):
        said = {"energy": 3.2, "last_seen": last_seen}
        (told,) = figures(DRIVER.decode(arrival("", said, is_retained=True), PLUG))
        assert told[2:] == (1795330740, 3_200_000, True)
    assert DRIVER.decode(arrival("", {"energy": 3.2}, is_retained=True), PLUG).readings == []


def test_a_battery_and_its_complaints() -> None:
    said = {"battery": 41.5, "voltage": 2900, "tamper": False, "water_leak": True, "battery_low": "yes"}
    decoded = DRIVER.decode(arrival("", said), device(f"zigbee2mqtt:{IEEE}", meters=[("W", "water")]))
    assert of(decoded, Health) == [Health(battery_percent=Decimal("41.5"), battery_mv=2900)]
    assert of(decoded, Alarm) == [Alarm("tamper", "tamper", is_over=True), Alarm("leak", "water_leak")]
    assert of(DRIVER.decode(arrival("", {"battery": 400}), PLUG), Health) == []


def test_presence_old_and_new() -> None:
    for said, is_online in [({"state": "online"}, True), ("offline", False), ({"state": "offline"}, False)]:
        decoded = DRIVER.decode(arrival("availability", said, is_retained=True), PLUG)
        assert decoded.reports == [Health(is_online=is_online)]
    assert DRIVER.decode(arrival("state", {"state": "online"}), BRIDGE).reports == [Health(is_online=True)]


def test_names_change_and_addresses_do_not() -> None:
    decoded = DRIVER.decode(arrival("devices", DEVICES, is_retained=True), BRIDGE)
    assert decoded.reports == [
        Renamed(IEEE, "flat 3/kitchen"),
        Renamed("0x00158d0001b79222", "two gang"),
        Renamed("0x00158d0001b79333", "door"),
    ]
    east = DRIVER.decode(arrival("devices", DEVICES[:2]), device("zigbee2mqtt:east/bridge", meters=()))
    assert east.reports == [Renamed(f"east/{IEEE}", "east/flat 3/kitchen")]
    assert codes(DRIVER.decode(arrival("devices", {"a": 1}), BRIDGE)) == ["bad_shape"]
    huge = b"[" + b" " * DEVICES_BYTES_MAX + b"]"
    assert codes(DRIVER.decode(arrival("devices", huge), BRIDGE)) == ["too_large"]
    (fault,) = DRIVER.check(device("zigbee2mqtt:flat 3/kitchen"))
    assert "IEEE" in fault
    assert DRIVER.check(PLUG) == DRIVER.check(device(f"zigbee2mqtt:east/{IEEE}")) == []


def test_a_command_goes_to_the_address_and_asks_for_the_state() -> None:
    off = Order(COMMAND, is_on=False, expires_s=RECEIVED_S)
    assert [(each.channel, json.loads(each.payload)) for each in DRIVER.encode(off, PLUG)] == [
        (f"zigbee2mqtt/{IEEE}/set", {"state": "OFF"}),
        (f"zigbee2mqtt/{IEEE}/get", {"state": ""}),
    ]
    gang = device(f"zigbee2mqtt:east/{IEEE}", relay="state_l2")
    assert [(each.channel, json.loads(each.payload)) for each in DRIVER.encode(off, gang)] == [
        (f"east/{IEEE}/set", {"state_l2": "OFF"}),
        (f"east/{IEEE}/get", {"state_l2": ""}),
    ]
    decoded = DRIVER.decode(arrival("", {"state_l1": "ON", "state_l2": "OFF"}), gang)
    assert of(decoded, SwitchState) == [SwitchState(is_on=False)]
    assert DRIVER.encode(off, device(f"zigbee2mqtt:{IEEE}", relay=False)) == []


def test_a_bridge_tells_of_all_that_count() -> None:
    payload = json.dumps(DEVICES).encode()
    plug, gang = discover("zigbee2mqtt/bridge/devices", payload, table=Table())
    assert (plug.device, plug.model, plug.fields, plug.settings, plug.has_switch, plug.notes) == (
        f"zigbee2mqtt:{IEEE}", "Innr SP 240", (), {}, True, ("It is called flat 3/kitchen.",),
    )  # fmt: skip
    assert [(field.path, field.unit) for field in gang.fields] == [
        ("energy_l1", "kWh"),
        ("water_consumed", "m³"),
    ]
    assert (gang.model, gang.settings) == ("X", {"relay": "state_l1"})
    # a friendly name proves nothing
    assert discover("zigbee2mqtt/flat 3/kitchen", b'{"energy":1}', table=Table()) == []
    table = Table(Prefixes(zigbee2mqtt=("east",)))
    assert discover("east/bridge/devices", payload, table=table)[0].address == f"east/{IEEE}"
