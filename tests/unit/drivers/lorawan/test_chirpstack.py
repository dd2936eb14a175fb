"""ChirpStack's events and downlinks, as its documentation and its own messages have them."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from chirpstack_api import integration

from mita.drivers.lorawan.chirpstack import ChirpStack, Flush
from mita.drivers.lorawan.downlink import downlink_object
from mita.drivers.wire import Abilities, Alarm, Arrival, Health, Shown, Step, SwitchState

from .setup import (
    COMMAND,
    EUI,
    NOW_S,
    OFF_ORDER,
    ON_ORDER,
    SERVER_S,
    device,
    event,
    kwh,
    rejected,
    reports,
    values,
)

DRIVER = ChirpStack()
SWITCH = {"path": "relayStatus", "on": ["CLOSED", "HIGH"], "off": ["OPEN", "LOW"]}
RELAY = {"f_port": 50, "on": "074801", "off": "B0gA"}
APPLICATION = "0a7f5a2e-0000-4000-8000-000000000001"


def meter(**more):
    settings = {"switch": SWITCH, "relay": RELAY, "application_id": APPLICATION, "class": "C", **more}
    return device(kwh(), **settings)


def test_an_uplink_is_a_reading_at_the_servers_time_with_signal_state_and_power() -> None:
    arrival = event(
        fPort=1,
        data="qg==",
        object={"kwh": 1.5, "power": {"data": 230, "unit": "W"}, "relayStatus": "OPEN", "secret": "x"},
        rxInfo=[
            {"gatewayId": "a", "rssi": -97, "snr": 3.25},
            {"gatewayId": "b", "rssi": -36},
            {"gatewayId": "c"},
        ],
    )
    decoded = DRIVER.decode(arrival, meter())
    assert rejected(decoded) == []
    assert values(decoded) == [("import", SERVER_S, 1_500_000, False)]
    assert reports(decoded, Health) == [Health(is_online=True, rssi_dbm=-36, snr_db=Decimal("3.25"))]
    assert reports(decoded, SwitchState) == [SwitchState(is_on=False, taken_s=SERVER_S)]
    assert [(each.path, each.value, each.unit) for each in reports(decoded, Shown)] == [
        ("power.data", Decimal(230), "W"),
        ("relayStatus", "OPEN", None),
        ("deviceClassEnabled", "C", None),
    ]


def test_what_is_left_out_is_zero() -> None:
    # the first uplink after a join, as class A: no fCnt, no class, no snr beside an rssi
    arrival = Arrival(
        "up",
        json.dumps(
            {"deviceInfo": {"devEui": EUI.upper()}, "object": {"kwh": 0}, "rxInfo": [{"rssi": -120}]}
        ).encode(),
        NOW_S,
    )
    decoded = DRIVER.decode(arrival, device(kwh()))
    assert values(decoded) == [("import", NOW_S, 0, False)]
    assert reports(decoded, Health)[0].snr_db == 0
    assert Shown("deviceClassEnabled", "A", None, NOW_S) in decoded.reports
    nack = DRIVER.decode(event("ack", queueItemId=str(COMMAND)), meter())
    assert nack.reports == [Step(COMMAND, "failed", "the device did not acknowledge it", may_retry=True)]
    status = DRIVER.decode(event("status", externalPowerSource=True), meter())
    assert status.reports == [
        Health(is_online=True),
        Shown("margin", Decimal(0), "dB", SERVER_S),
    ]
    empty = DRIVER.decode(event("status", margin=-5), meter())
    assert reports(empty, Health) == [Health(is_online=True, battery_percent=Decimal(0))]


def test_the_steps_of_a_command_carry_its_id() -> None:
    for channel, more, step in (
        ("txack", {}, Step(COMMAND, "sent")),
        ("ack", {"acknowledged": True}, Step(COMMAND, "acknowledged")),
    ):
        assert step in DRIVER.decode(event(channel, queueItemId=str(COMMAND), **more), meter()).reports
    # the server's own downlinks, and ids of somebody else's making
    for more in ({}, {"queueItemId": "not-a-uuid"}, {"queueItemId": 7}):
        assert DRIVER.decode(event("txack", **more), meter()).reports == []


def test_what_the_server_gives_up_fails_the_command_it_names() -> None:
    def log(code: str, level: str = "ERROR", **context: str) -> list:
        arrival = event("log", level=level, code=code, description="too late", context=context)
        return DRIVER.decode(arrival, meter()).reports

    named = {"queue_item_id": str(COMMAND)}
    assert log("EXPIRED", **named) == [Step(COMMAND, "failed", "EXPIRED: too late")]
    assert log("F_CNT_DOWN", **named) == [Step(COMMAND, "failed", "F_CNT_DOWN: too late", may_retry=True)]
    assert log("UPLINK_CODEC") == [Alarm("device_fault", "UPLINK_CODEC: too late", taken_s=SERVER_S)]
    assert log("UPLINK_F_CNT_RETRANSMISSION", level="WARNING") == []


def test_protobuf_is_read_as_json_is() -> None:
    message = integration.UplinkEvent(f_port=1, data=b"\xaa", confirmed=True)
    message.time.FromJsonString("2022-07-18T09:34:15.775023242Z")
    message.device_info.dev_eui = EUI
    message.device_info.device_class_enabled = 2
    message.object.update({"kwh": 0.1, "relayStatus": "CLOSED"})
    message.rx_info.add(rssi=-36, snr=10.5)
    as_json = event(
        fPort=1,
        data="qg==",
        object={"kwh": 0.1, "relayStatus": "CLOSED"},
        rxInfo=[{"rssi": -36, "snr": 10.5}],
    )
    binary = DRIVER.decode(Arrival("up", message.SerializeToString(), NOW_S), meter())
    assert binary == DRIVER.decode(as_json, meter())
    assert values(binary) == [("import", SERVER_S, 100_000, False)]

    expired = integration.LogEvent(level="ERROR", code="EXPIRED", description="gone")
    expired.device_info.dev_eui = EUI
    expired.context["queue_item_id"] = str(COMMAND)
    decoded = DRIVER.decode(Arrival("log", expired.SerializeToString(), NOW_S), meter())
    assert decoded.reports == [Step(COMMAND, "failed", "EXPIRED: gone")]
    # every event that is read has its message
    for channel, name in (("join", "JoinEvent"), ("status", "StatusEvent"), ("ack", "AckEvent")):
        other = getattr(integration, name)()
        other.device_info.dev_eui = EUI
        assert not DRIVER.decode(Arrival(channel, other.SerializeToString(), NOW_S), meter()).rejections


def test_nothing_that_is_sent_raises() -> None:
    for arrival, code in (
        (event(eui="0202020202020202", object={"kwh": 1}), "wrong_device"),
        (Arrival("up", b"{", NOW_S), "not_json"),
        (Arrival("up", b"\xff\xff", NOW_S), "not_json"),
        (Arrival("up", b"[1]", NOW_S), "not_json"),
        (Arrival("up", b"", NOW_S), "wrong_device"),
        (Arrival("up", b'{"deviceInfo": 3}', NOW_S), "wrong_device"),
        (Arrival("dance", b"{}", NOW_S), "unknown_event"),
        (event(object=[1]), "bad_shape"),
        (event(object={"kwh": "many"}), "not_a_number"),
        (event(object={"kwh": -1}), "negative_value"),
        (event(fPort=1, data="qg=="), "not_decoded"),
    ):
        assert rejected(DRIVER.decode(arrival, meter())) == [code]
    huge = Arrival("up", event(object={}).payload.replace(b"{}", b'{"kwh": 1e999999, "w": 1e999999}'), NOW_S)
    assert rejected(DRIVER.decode(huge, device(kwh(places=3)))) == ["value_out_of_range"]
    # the radio's own talk has nothing to decode
    assert rejected(DRIVER.decode(event(data="qg=="), meter())) == []
    assert DRIVER.decode(event("location"), meter()) == DRIVER.decode(event("integration"), meter())


def test_the_devices_own_codec_is_asked_and_its_answer_taken() -> None:
    own = meter(codec="yobiiq", variables={"ratio": "100"})
    arrival = event(fPort=3, data="qrs=", object={"kwh": 9})
    asked = DRIVER.codec_input(arrival, own)
    assert asked is not None
    assert asked.codec == "yobiiq"
    assert asked.as_document() == {
        "bytes": [170, 187],
        "fPort": 3,
        "recvTime": "2022-07-18T09:34:15Z",
        "variables": {"ratio": "100"},
    }
    decoded = DRIVER.decode_with(arrival, own, decoded={"kwh": Decimal("2.25")})
    assert values(decoded) == [("import", SERVER_S, 2_250_000, False)]
    for other in (arrival, event(data="qg=="), event("join")):
        assert DRIVER.codec_input(other, meter() if other is arrival else own) is None


def test_a_downlink_has_our_id_and_ends() -> None:
    (off,) = DRIVER.encode(OFF_ORDER, meter())
    assert off.channel == f"application/{APPLICATION}/device/{EUI}/command/down"
    assert json.loads(off.payload) == {
        "id": str(COMMAND),
        "devEui": EUI,
        "confirmed": True,
        "fPort": 50,
        "data": "B0gA",
        "expiresAt": "2026-11-22T08:00:00Z",
    }
    (on,) = DRIVER.encode(ON_ORDER, meter())
    assert json.loads(on.payload)["data"] == "B0gB"
    (binary,) = DRIVER.encode(ON_ORDER, meter(format="protobuf"))
    command = integration.DownlinkCommand.FromString(binary.payload)
    assert (command.id, command.dev_eui, command.f_port) == (str(COMMAND), EUI, 50)
    assert (command.data, command.confirmed, command.expires_at.seconds) == (
        b"\x07\x48\x01",
        True,
        NOW_S + 3_600,
    )
    assert DRIVER.encode(ON_ORDER, device(kwh())) == []
    assert DRIVER.flush(meter()) == Flush(EUI)
    assert DRIVER.flush(device(kwh())) is None


def test_a_server_or_our_codec_may_encode() -> None:
    objects = {"f_port": 50, "on": {"Type": "Relay", "Value": 1}, "off": {"Type": "Relay", "Value": 0}}
    (on,) = DRIVER.encode(ON_ORDER, meter(relay=objects))
    assert json.loads(on.payload)["object"] == {"Type": "Relay", "Value": 1}
    assert "data" not in json.loads(on.payload)
    assert downlink_object(ON_ORDER, meter(relay=objects)) is None

    own = meter(relay=objects, codec="yobiiq")
    assert downlink_object(OFF_ORDER, own) == {"Type": "Relay", "Value": 0}
    assert DRIVER.encode(OFF_ORDER, own) == []
    (off,) = DRIVER.encode_with(OFF_ORDER, own, payload=b"\x07\x48\x00")
    assert (json.loads(off.payload)["data"], json.loads(off.payload)["fPort"]) == ("B0gA", 50)


@pytest.mark.parametrize(
    ("settings", "abilities"),
    [
        ({"class": "C"}, Abilities("relay", proves=True, sleeps=False, answer_s=60)),
        ({"class": "A"}, Abilities("relay", proves=True, sleeps=True, answer_s=7_260)),
        ({"class": "A", "uplink_s": 600}, Abilities("relay", proves=True, sleeps=True, answer_s=1_260)),
        ({"answer_s": 20, "attempts": 5}, Abilities("relay", proves=True, answer_s=20, attempts=5)),
        ({"relay": None, "switch": None}, Abilities("none")),
    ],
)
def test_a_sleeping_device_has_more_time(settings, abilities) -> None:
    assert DRIVER.abilities(meter(**settings)) == abilities


def test_a_set_up_that_cannot_work_is_told_in_words() -> None:
    assert DRIVER.check(meter()) == []
    broken = device(
        kwh("a.b", "Import"),
        kwh("water", meter="W-1"),
        **{
            "class": "B",
            "relay": {"f_port": 0, "on": "zz!", "off": "00"},
            "switch": {"path": "s", "on": "X", "off": "X"},
            "deltas": {"base_path": "none", "list_path": "d", "step_s": 0},
            "battery": 3,
            "alarms": [{"path": "x", "alarm": "boom"}],
            "colour": "red",
            "model": "nobody/nothing",
        },
    )
    problems = DRIVER.check(replace(broken, name="chirpstack:plug-7"))
    assert len(problems) == 13, problems
    text = "\n".join(problems)
    for word in (
        "DevEUI",
        "class must be one of A, C",
        "relay.f_port",
        "relay.on",
        "switch.on",
        "step_s",
        "battery must be an object",
        "alarms.0.alarm",
        "colour is not a setting",
        "nobody/nothing",
        "'Import' cannot name",
        "W-1",
    ):
        assert word in text, word
    assert DRIVER.check(device()) == [
        "no field says which of its values is a register: it would give no reading"
    ]
    assert DRIVER.check(meter(application_id=None)) == [
        "application_id is needed to send commands; or command_topic, a whole topic"
    ]
