"""The Things Stack's webhooks and downlinks."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from mita.drivers.lorawan.things_stack import Head, NoBody, Tts, head_of
from mita.drivers.wire import Arrival, Health, Step, SwitchState

from .setup import COMMAND, EUI, NOW_S, OFF_ORDER, device, kwh, rejected, reports, values

DRIVER = Tts()
NAMES = {"application_id": "flats", "webhook_id": "mita", "device_id": "meter-1"}
SWITCH = {"path": "relay", "on": True, "off": False}
RELAY = {"f_port": 10, "on": [7, 72, 1], "off": [7, 72, 0]}


def meter(**more):
    return device(kwh(), server="tts", switch=SWITCH, relay=RELAY, **NAMES, **more)


def body(eui: str = EUI, **more) -> Arrival:
    ids = {"device_id": "meter-1", "dev_eui": eui, "application_ids": {"application_id": "flats"}}
    whole = {"end_device_ids": ids, "received_at": "2026-11-22T06:59:59.9Z", **more}
    return Arrival("webhook", json.dumps(whole).encode(), NOW_S)


def test_a_webhook_is_a_reading() -> None:
    uplink = {
        "f_port": 1,
        "frm_payload": "qg==",
        "decoded_payload": {"kwh": 12.5, "relay": True},
        "received_at": "2026-11-22T06:59:58.123456789Z",
        "rx_metadata": [{"rssi": -60, "snr": 9}, {"rssi": -58, "snr": -2.5}],
        "last_battery_percentage": {"f_cnt": 3, "value": 88.3},
    }
    decoded = DRIVER.decode(body(uplink_message=uplink), meter())
    assert values(decoded) == [("import", NOW_S - 2, 12_500_000, False)]
    assert reports(decoded, Health) == [
        Health(is_online=True, battery_percent=Decimal("88.3"), rssi_dbm=-58, snr_db=Decimal(9))
    ]
    assert reports(decoded, SwitchState) == [SwitchState(is_on=True, taken_s=NOW_S - 2)]

    own = meter(codec="own")
    asked = DRIVER.codec_input(body(uplink_message=uplink), own)
    assert asked is not None
    assert (asked.payload, asked.f_port, asked.received_at) == (b"\xaa", 1, "2026-11-22T06:59:58Z")
    taken = DRIVER.decode_with(body(uplink_message=uplink), own, decoded={"kwh": Decimal(3)})
    assert values(taken) == [("import", NOW_S - 2, 3_000_000, False)]
    # a server that does not know the time says so with the year 1
    uplink["received_at"] = "0001-01-01T00:00:00Z"
    assert values(DRIVER.decode(body(uplink_message=uplink), meter()))[0][1] == NOW_S


def test_the_steps_of_a_command_are_found_by_its_correlation_id() -> None:
    ours = {"f_port": 10, "correlation_ids": ["as:downlink:01HX", str(COMMAND)]}
    for key, step in (
        ("downlink_queued", Step(COMMAND, "queued")),
        ("downlink_sent", Step(COMMAND, "sent")),
        ("downlink_ack", Step(COMMAND, "acknowledged")),
        (
            "downlink_nack",
            Step(COMMAND, "sent", "the device did not acknowledge it; the server sends it again"),
        ),
    ):
        assert DRIVER.decode(body(**{key: ours}), meter()).reports == [step]
    failed = {"downlink": ours, "error": {"message_format": "no gateway"}}
    assert DRIVER.decode(body(downlink_failed=failed), meter()).reports == [
        Step(COMMAND, "failed", "no gateway", may_retry=True)
    ]
    assert DRIVER.decode(body(downlink_ack={"correlation_ids": ["as:01"]}), meter()).reports == []
    outside = body(downlink_ack={"f_port": 10}, correlation_ids=["as:01", str(COMMAND)])
    assert DRIVER.decode(outside, meter()).reports == [Step(COMMAND, "acknowledged")]
    assert DRIVER.decode(body(join_accept={}), meter()).reports == [Health(is_online=True)]


def test_a_downlink_replaces_what_waits() -> None:
    (off,) = DRIVER.encode(OFF_ORDER, meter())
    assert off.channel == "/api/v3/as/applications/flats/webhooks/mita/devices/meter-1/down/replace"
    assert json.loads(off.payload) == {
        "downlinks": [
            {"frm_payload": "B0gA", "f_port": 10, "confirmed": True, "correlation_ids": [str(COMMAND)]}
        ]
    }
    (pushed,) = DRIVER.encode(OFF_ORDER, meter(queue="push"))
    assert pushed.channel.endswith("/down/push")
    (own,) = DRIVER.encode_with(OFF_ORDER, meter(), payload=b"\x01", f_port=2)
    assert json.loads(own.payload)["downlinks"][0]["frm_payload"] == "AQ=="
    taken_back = DRIVER.taking_back(meter())
    assert taken_back is not None
    assert (taken_back.channel, taken_back.payload) == (off.channel, b'{"downlinks": []}')
    # others' downlinks may wait there as well
    assert DRIVER.taking_back(meter(queue="push")) is None
    assert DRIVER.taking_back(device(kwh(), server="tts", **NAMES)) is None
    assert DRIVER.encode(OFF_ORDER, device(kwh(), server="tts")) == []
    assert DRIVER.check(meter()) == []
    assert DRIVER.abilities(meter()).sleeps


def test_a_name_leads_nowhere_else() -> None:
    for name in ("..", "a/b", "Meter", "-meter", "meter-", "me--ter", "x" * 37, "m?t"):
        odd = device(kwh(), server="tts", switch=SWITCH, relay=RELAY, **{**NAMES, "device_id": name})
        assert DRIVER.encode(OFF_ORDER, odd) == [], name
        assert DRIVER.taking_back(odd) is None
        assert [each.split(" ")[0] for each in DRIVER.check(odd)] == ["application_id,"]


def test_a_body_tells_of_which_device_it_is() -> None:
    assert head_of(body(join_accept={}).payload) == Head(EUI, "join_accept")
    assert head_of(body().payload) == Head(EUI, "unknown")
    for payload, code in (
        (b"", "not_json"),
        (b"[]", "bad_shape"),
        (b"{}", "bad_shape"),
        (b'{"end_device_ids": {"dev_eui": "01"}}', "bad_shape"),
        (b" " * 70_000, "too_large"),
    ):
        with pytest.raises(NoBody) as refused:
            head_of(payload)
        assert refused.value.code == code


def test_nothing_that_is_sent_raises() -> None:
    for arrival, code in (
        (Arrival("webhook", b"{", NOW_S), "not_json"),
        (Arrival("webhook", b"[]", NOW_S), "bad_shape"),
        (Arrival("webhook", b" " * 70_000, NOW_S), "too_large"),
        (body(eui="0202020202020202"), "wrong_device"),
        (body(), "unknown_event"),
        (body(uplink_message={"f_port": 1, "frm_payload": "qg=="}), "not_decoded"),
        (body(uplink_message={"decoded_payload": 3}), "bad_shape"),
        # somebody tries it out at the server's console: no money may move
        (body(simulated=True, uplink_message={"decoded_payload": {"kwh": 999}}), "simulated"),
    ):
        assert rejected(DRIVER.decode(arrival, meter())) == [code]
    for harmless in ({"uplink_message": 3}, {"downlink_ack": None}, {"service_data": {}}):
        assert rejected(DRIVER.decode(body(**harmless), meter())) == []
