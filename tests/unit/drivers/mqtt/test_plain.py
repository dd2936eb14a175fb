"""One value for each topic: ESPHome and Homie."""

from __future__ import annotations

from uuid import UUID

from mita.drivers.fields import Field
from mita.drivers.mqtt.esphome import Esphome
from mita.drivers.mqtt.homie import Homie
from mita.drivers.wire import Alarm, Health, Order, Outgoing, SwitchState

from .says import RECEIVED_S, arrival, codes, device, figures, of, shown

ESP, HOMIE = Esphome(), Homie()
COMMAND = UUID("0199f7a2-1b2c-7d3e-8f40-51627384a5b6")
OFF = Order(COMMAND, is_on=False, expires_s=RECEIVED_S)
ON = Order(COMMAND, is_on=True, expires_s=RECEIVED_S, meter="E-1")
TOTAL = Field("sensor.total_energy", "import", "kWh")
BOX = device("esphome:meter-box", fields=[TOTAL], relay="relay")
NODE = device("homie:5/meter-1", fields=[Field("energy.total", "import", "Wh")], relay="switch/power")


def test_a_number_of_esphome_is_a_register_only_when_it_is_new() -> None:
    assert figures(ESP.decode(arrival("sensor/total_energy", "12.34"), BOX)) == [
        ("E-1", "import", RECEIVED_S, 12_340_000, False)
    ]
    kept = ESP.decode(arrival("sensor/total_energy", "12.34", is_retained=True), BOX)
    assert (kept.readings, kept.rejections) == ([], [])
    assert shown(ESP.decode(arrival("sensor/power", " 41 "), BOX)) == {"sensor.power": ("41", "W")}
    assert shown(ESP.decode(arrival("text_sensor/phase", "L1"), BOX)) == {"text_sensor.phase": ("L1", None)}


def test_what_esphome_says_that_is_no_number() -> None:
    for text in (
        "nan",
        "inf",
        "-Infinity",
        "unavailable",
        "",
        "1_000",
        "1,5",
        "٣",
        "0x10",
        "1e999",
        "1" * 40,
    ):
        decoded = ESP.decode(arrival("sensor/total_energy", text), BOX)
        assert (decoded.readings, len(decoded.rejections)) == ([], 1), text
    assert codes(ESP.decode(arrival("sensor/total_energy", b"\xff\xfe"), BOX)) == ["not_utf8"]


def test_the_switch_of_esphome() -> None:
    assert ESP.encode(OFF, BOX) == [Outgoing("meter-box/switch/relay/command", b"OFF")]
    assert ESP.encode(ON, BOX) == [Outgoing("meter-box/switch/relay/command", b"ON")]
    assert ESP.decode(arrival("switch/relay", "ON", is_retained=True), BOX).reports == [
        SwitchState(is_on=True)
    ]
    assert of(ESP.decode(arrival("switch/fan", "ON"), BOX), SwitchState) == []
    assert codes(ESP.decode(arrival("switch/relay", "?"), BOX)) == ["bad_relay"]
    bare = device("esphome:meter-box")
    assert (ESP.encode(OFF, bare), ESP.abilities(bare).cut, ESP.abilities(BOX).cut) == ([], "none", "relay")


def test_the_health_of_esphome() -> None:
    assert ESP.decode(arrival("status", "offline"), BOX).reports == [Health(is_online=False)]
    assert Health(rssi_dbm=-67) in ESP.decode(arrival("sensor/wifi_signal", "-67"), BOX).reports
    assert Health(uptime_s=90) in ESP.decode(arrival("sensor/box_uptime", "90.5"), BOX).reports
    assert Alarm("tamper", "lid_tamper") in ESP.decode(arrival("binary_sensor/lid_tamper", "ON"), BOX).reports


def test_esphome_is_found_by_the_names_of_its_sensors() -> None:
    (found,) = ESP.suggest("meter-box", channel="sensor/total_energy", payload=b"12.34")
    assert found.fields == (Field("sensor.total_energy", "import", "kWh", places=6),)
    (water,) = ESP.suggest("meter-box", channel="sensor/water_meter_total", payload=b"12.34")
    assert water.fields[0].unit == "m3"
    (switch,) = ESP.suggest("meter-box", channel="switch/relay", payload=b"OFF")
    assert (switch.has_switch, switch.settings) == (True, {"relay": "relay"})
    # a total that begins anew each day is no register
    for name in ("total_daily_energy", "energy_today", "power", "total_power", "temperature"):
        assert ESP.suggest("meter-box", channel=f"sensor/{name}", payload=b"1") == []


def test_esphome_needs_fields() -> None:
    assert ESP.check(BOX) == []
    assert ESP.check(device("esphome:x")) == [
        "no field says which of its values are registers, so all of them are only shown"
    ]
    assert ESP.check(device("esphome:x", fields=[Field("total_energy", "import", "kWh")])) == [
        "field total_energy: a path is such as sensor.total_energy"
    ]


# ── Homie ──


def test_a_property_is_a_register_only_when_it_is_new() -> None:
    assert figures(HOMIE.decode(arrival("energy/total", "21500.5"), NODE)) == [
        ("E-1", "import", RECEIVED_S, 21_500_500, False)
    ]
    assert HOMIE.decode(arrival("energy/total", "21500.5", is_retained=True), NODE).readings == []
    assert shown(HOMIE.decode(arrival("energy/power", "5"), NODE)) == {"energy.power": ("5", "W")}
    for channel in ("energy/total/$unit", "energy/$name", "$description", "energy/total/$target"):
        decoded = HOMIE.decode(arrival(channel, "7"), NODE)
        assert (decoded.readings, decoded.reports, decoded.rejections) == ([], [], [])


def test_the_state_of_a_homie_device() -> None:
    for word, is_online in [("ready", True), ("sleeping", True), ("lost", False), ("disconnected", False)]:
        assert Health(is_online=is_online) in HOMIE.decode(arrival("$state", word), NODE).reports
    assert HOMIE.decode(arrival("$state", "init"), NODE).reports == []
    assert [type(each) for each in HOMIE.decode(arrival("$state", "alert"), NODE).reports] == [Health, Alarm]
    assert HOMIE.decode(arrival("$stats/battery", "80"), NODE).reports == [Health(battery_percent=80)]
    assert HOMIE.decode(arrival("$fw/version", "1.0.0"), NODE).reports == [Health(firmware="1.0.0")]


def test_the_switch_of_homie_in_both_versions() -> None:
    assert HOMIE.encode(OFF, NODE) == [Outgoing("homie/5/meter-1/switch/power/set", b"false")]
    four = device("homie:meter-1", relay="switch/power")
    assert HOMIE.encode(ON, four) == [Outgoing("homie/meter-1/switch/power/set", b"true")]
    lab = device("homie:lab/5/meter-1", relay="switch/power")
    assert HOMIE.encode(ON, lab) == [Outgoing("lab/5/meter-1/switch/power/set", b"true")]
    assert HOMIE.decode(arrival("switch/power", "true"), NODE).reports == [SwitchState(is_on=True)]
    assert codes(HOMIE.decode(arrival("switch/power", "maybe"), NODE)) == ["bad_relay"]
    assert HOMIE.check(device("homie:x", fields=NODE.fields, relay="power")) == [
        "relay 'power' is not such as switch/power: a node and its property"
    ]


def test_homie_describes_itself() -> None:
    (four,) = HOMIE.suggest("meter-1", channel="energy/total/$unit", payload=b"kWh")
    assert four.fields == (Field("energy.total", "import", "kWh", places=6),)
    assert HOMIE.suggest("meter-1", channel="energy/power/$unit", payload=b"W") == []
    said = {
        "homie": "5.0",
        "name": "Meter box",
        "nodes": {
            "energy": {
                "properties": {
                    "total": {"datatype": "float", "unit": "kWh"},
                    "total-returned": {"datatype": "float", "unit": "kWh"},
                    "power": {"datatype": "float", "unit": "W"},
                }
            },
            "switch": {"properties": {"power": {"datatype": "boolean", "settable": True}}},
        },
    }
    (five,) = HOMIE.suggest("5/meter-1", channel="$description", payload=arrival("", said).payload)
    assert five.fields == (
        Field("energy.total", "import", "kWh", places=6),
        Field("energy.total-returned", "export", "kWh", places=6),
    )
    assert (five.device, five.model, five.has_switch) == ("homie:5/meter-1", "Meter box", True)
    assert five.settings == {"relay": "switch/power"}
