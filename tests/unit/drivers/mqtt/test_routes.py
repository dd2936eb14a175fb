"""Whose topic is whose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mita.drivers.mqtt.routes import TOPICS, Prefixes, Route, Table, find

UUID = "0199f7a2-1b2c-7d3e-8f40-51627384a5b6"

KNOWN = {
    "m/E-17/up": ("mita", "E-17", "up"),
    "m/status/ack": ("mita", "status", "ack"),
    "m/tele/state": ("mita", "tele", "state"),
    "application/7f9e/device/0101010101010101/event/up": ("chirpstack", "0101010101010101", "up"),
    "application/7f9e/device/A1B2C3D4E5F60718/event/txack": ("chirpstack", "a1b2c3d4e5f60718", "txack"),
    "tele/plug-7/SENSOR": ("tasmota", "plug-7", "tele/SENSOR"),
    "tele/plug-7/LWT": ("tasmota", "plug-7", "tele/LWT"),
    "stat/plug-7/RESULT": ("tasmota", "plug-7", "stat/RESULT"),
    "shellyplus1pm-a8032abe54dc/events/rpc": ("shelly", "shellyplus1pm-a8032abe54dc", "events/rpc"),
    "shellyplus1pm-a8032abe54dc/status/switch:0": ("shelly", "shellyplus1pm-a8032abe54dc", "status/switch:0"),
    "shellyplus1pm-a8032abe54dc/online": ("shelly", "shellyplus1pm-a8032abe54dc", "online"),
    f"mita/shellyplus1pm-a8032abe54dc/{UUID}/rpc": ("shelly", "shellyplus1pm-a8032abe54dc", f"{UUID}/rpc"),
    "shellies/shellyplug-s-1/relay/0": ("shelly1", "shellyplug-s-1", "relay/0"),
    "shellies/shellyplug-s-1/relay/0/energy": ("shelly1", "shellyplug-s-1", "relay/0/energy"),
    "shellies/shellyplug-s-1/online": ("shelly1", "shellyplug-s-1", "online"),
    "meter-box/sensor/total_energy/state": ("esphome", "meter-box", "sensor/total_energy"),
    "meter-box/switch/relay/state": ("esphome", "meter-box", "switch/relay"),
    "meter-box/status": ("esphome", "meter-box", "status"),
    "zigbee2mqtt/kitchen plug": ("zigbee2mqtt", "kitchen plug", ""),
    "zigbee2mqtt/flat 3/kitchen": ("zigbee2mqtt", "flat 3/kitchen", ""),
    "zigbee2mqtt/flat 3/kitchen/availability": ("zigbee2mqtt", "flat 3/kitchen", "availability"),
    "zigbee2mqtt/sensor/x/state": ("zigbee2mqtt", "sensor/x/state", ""),
    "zigbee2mqtt/bridge/devices": ("zigbee2mqtt", "bridge", "devices"),
    "zigbee2mqtt/bridge/state": ("zigbee2mqtt", "bridge", "state"),
    "homie/meter-1/$state": ("homie", "meter-1", "$state"),
    "homie/meter-1/energy/total": ("homie", "meter-1", "energy/total"),
    "homie/meter-1/energy/total/$unit": ("homie", "meter-1", "energy/total/$unit"),
    "homie/5/meter-1/energy/total": ("homie", "5/meter-1", "energy/total"),
    "homie/5/meter-1/$description": ("homie", "5/meter-1", "$description"),
}
NOBODYS = [
    "",
    "/",
    "m",
    "m/E-17",
    "m/E-17/up/more",
    "m//up",
    "application/7f9e/device/0101/event/up",
    "application/7f9e/device/0101010101010101/command/down",
    "cmnd/plug-7/POWER",
    "tele/plug-7",
    "tele//SENSOR",
    "zigbee2mqtt",
    "zigbee2mqtt/bridge/logging",
    "zigbee2mqtt/kitchen plug/set",
    "zigbee2mqtt/kitchen plug/set/state",
    "zigbee2mqtt/kitchen plug/get",
    "shellies/announce",
    "shellies/command",
    "shellies/shellyplug-s-1/relay/0/command",
    "shellyplus1pm-a8032abe54dc/rpc",
    "shellyplus1pm-a8032abe54dc/command/switch:0",
    "meter-box/switch/relay/command",
    "homie/meter-1",
    "homie/meter-1/switch/power/set",
    "homie/5/$broadcast/alert",
    "homeassistant/sensor/x/state",
    "homeassistant/status",
    "mita/plug/no-command/rpc",
    "mita/status",
    "mita/sensor/x/state",
    "$SYS/broker/status",
    "$share/mita/tele/plug-7/SENSOR",
    "tele/+/SENSOR",
    "tele/#",
    "tele/plug\x007/SENSOR",
    "tele/plug\n7/SENSOR",
    "tele/" + "x" * 65_536 + "/SENSOR",
    "/".join(["a"] * 150),
]


@pytest.mark.parametrize("topic", KNOWN)
def test_a_topic_is_found(topic: str) -> None:
    assert find(topic) == Route(*KNOWN[topic])


@pytest.mark.parametrize("topic", NOBODYS)
def test_nobody_is_made_up(topic: str) -> None:
    assert find(topic) is None


def _matches(pattern: str, topic: str) -> bool:
    """MQTT's own rule, written from the standard."""
    wanted, levels = pattern.split("/"), topic.split("/")
    for place, each in enumerate(wanted):
        if each == "#":
            return True
        if place >= len(levels) or each not in {"+", levels[place]}:
            return False
    return len(wanted) == len(levels)


@pytest.mark.parametrize("topic", KNOWN)
def test_what_can_be_found_is_subscribed_to(topic: str) -> None:
    assert any(_matches(each, topic) for each in TOPICS)


def test_no_command_of_ours_is_subscribed_to_but_under_roots_that_are_looked_through() -> None:
    for topic in ("m/E-17/down", "cmnd/plug-7/POWER", "x/rpc", "x/switch/relay/command"):
        assert not any(_matches(each, topic) for each in TOPICS)


def test_the_name_of_a_device_has_its_driver_before_it_but_for_our_own() -> None:
    assert find("tele/plug-7/SENSOR").device == "tasmota:plug-7"
    assert find("m/E-17/up").device == "E-17"


CHANGED = Table(
    Prefixes(
        tasmota=("%topic%/%prefix%/", "home/%prefix%/%topic%"),
        tasmota_words=("cmd", "ans", "tel"),
        shelly=("site/+", "shellies/+"),
        esphome=("site/+",),
        zigbee2mqtt=("zigbee2mqtt", "east"),
        homie=("homie", "lab"),
        json=("gw/%device%/data/+", "plant/+/%device%/#", "flat/%device%"),
    )
)


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("plug-7/tel/SENSOR", ("tasmota", "plug-7", "tele/SENSOR")),
        ("home/ans/plug-7/RESULT", ("tasmota", "plug-7", "stat/RESULT")),
        ("plug-7/cmd/POWER", None),
        ("tele/plug-7/SENSOR", None),
        ("site/pm-1/events/rpc", ("shelly", "site/pm-1", "events/rpc")),
        (f"mita/site/pm-1/{UUID}/rpc", ("shelly", "site/pm-1", f"{UUID}/rpc")),
        ("pm-1/events/rpc", None),
        ("shellies/pm-1/events/rpc", ("shelly", "shellies/pm-1", "events/rpc")),
        ("shellies/old-1/relay/0", ("shelly1", "old-1", "relay/0")),
        ("site/box/sensor/total/state", ("esphome", "site/box", "sensor/total")),
        ("site/box/status", ("esphome", "site/box", "status")),
        ("east/plug", ("zigbee2mqtt", "east/plug", "")),
        ("east/bridge/devices", ("zigbee2mqtt", "east/bridge", "devices")),
        ("lab/5/meter/energy/total", ("homie", "lab/5/meter", "energy/total")),
        ("gw/17/data/energy", ("json", "17", "energy")),
        ("gw/17/data", None),
        ("plant/hall/17/a/b", ("json", "17", "hall/a/b")),
        ("flat/9", ("json", "9", "")),
    ],
)
def test_prefixes_are_settings(topic: str, expected: tuple[str, str, str] | None) -> None:
    assert CHANGED.find(topic) == (None if expected is None else Route(*expected))
    assert expected is None or any(_matches(each, topic) for each in CHANGED.filters())


def test_a_pattern_for_everything_steals_nothing() -> None:
    greedy = Table(Prefixes(json=("%device%/#",)))
    for topic, expected in KNOWN.items():
        assert greedy.find(topic) == Route(*expected)
    assert greedy.find("something/else") == Route("json", "something", "else")
    assert greedy.find("m/E-17/other/x") is None


def test_conventions_are_switched_off() -> None:
    none = Table(
        Prefixes((), shelly=(), shelly1=False, esphome=(), zigbee2mqtt=(), homie=(), chirpstack=False)
    )
    assert none.filters() == ["m/+/up", "m/+/ack", "m/+/state", "m/+/renew"]
    assert {topic for topic in KNOWN if none.find(topic)} == {topic for topic in KNOWN if topic[:2] == "m/"}


@pytest.mark.parametrize(
    "prefixes",
    [
        Prefixes(tasmota=("%prefix%/",)),
        Prefixes(tasmota=("%prefix%/x%topic%",)),
        Prefixes(json=("a/b",)),
        Prefixes(json=("a/#/%device%",)),
        Prefixes(shelly=("a//b",)),
    ],
)
def test_a_prefix_that_is_none_is_refused(prefixes: Prefixes) -> None:
    with pytest.raises(ValueError, match=r"topic|FullTopic|pattern"):
        Table(prefixes)


@given(st.text(st.sampled_from("ab/+#$\x00m5é "), max_size=40) | st.text(max_size=40))
def test_any_topic_has_an_answer(topic: str) -> None:
    for table in (Table(), CHANGED):
        found = table.find(topic)
        assert found is None or (found.address and not found.address.startswith("$"))
