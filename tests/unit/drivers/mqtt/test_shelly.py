"""Shelly's messages, both generations."""

from __future__ import annotations

import json
from decimal import Decimal
from uuid import UUID

from mita.drivers.fields import Field
from mita.drivers.mqtt.shelly import Shelly
from mita.drivers.mqtt.shelly1 import Shelly1, watt_hours
from mita.drivers.wire import Alarm, Health, Order, Outgoing, Step, SwitchState

from .says import RECEIVED_S, arrival, codes, device, figures, of, shown

DRIVER, FIRST = Shelly(), Shelly1()
ADDRESS = "shellyplus1pm-a8032abe54dc"
PLUG = device(f"shelly:{ADDRESS}")
OLD = device("shelly1:shellyplug-s-C18B12")
COMMAND = UUID("0199f7a2-1b2c-7d3e-8f40-51627384a5b6")
OFF = Order(COMMAND, is_on=False, expires_s=RECEIVED_S)


def notify(method: str = "NotifyStatus", **params: object) -> dict[str, object]:
    return {"src": ADDRESS, "dst": f"{ADDRESS}/events", "method": method, "params": params}


def test_state_and_counter_come_in_different_messages() -> None:
    switched = notify(ts=1795330799.04, **{"switch:0": {"id": 0, "output": True, "source": "button"}})
    decoded = DRIVER.decode(arrival("events/rpc", switched), PLUG)
    assert (decoded.readings, codes(decoded)) == ([], [])
    assert of(decoded, SwitchState) == [SwitchState(is_on=True, taken_s=1795330799)]
    counted = {
        "id": 0,
        "aenergy": {"by_minute": [2488.21, 0, 0], "minute_ts": 1795330799, "total": 11.679},
        "ret_aenergy": {"by_minute": [0, 0, 0], "minute_ts": 1795330799, "total": 0},
    }
    decoded = DRIVER.decode(arrival("events/rpc", notify(ts=1795330799.98, **{"switch:0": counted})), PLUG)
    assert figures(decoded) == [
        ("E-1", "import", 1795330799, 11_679, True),
        ("E-1", "export", 1795330799, 0, True),
    ]
    assert of(decoded, SwitchState) == []
    # null says that a key is gone, not that it is nothing
    gone = notify(ts=1795330799, **{"switch:0": {"id": 0, "aenergy": None, "output": None, "errors": None}})
    decoded = DRIVER.decode(arrival("events/rpc", gone), PLUG)
    assert (decoded.readings, decoded.rejections, of(decoded, SwitchState)) == ([], [], [])


def test_a_status_topic_has_no_time() -> None:
    status = (
        '{"id":0,"source":"init","output":false,"apower":812.3,"voltage":230.1,'
        '"aenergy":{"total":1234567.0010000001}}'
    )
    decoded = DRIVER.decode(arrival("status/switch:0", status), PLUG)
    assert figures(decoded) == [("E-1", "import", RECEIVED_S, 1_234_567_001, False)]
    assert of(decoded, SwitchState) == [SwitchState(is_on=False)]
    assert shown(decoded)["switch:0.apower"] == ("812.3", "W")
    assert DRIVER.decode(arrival("status/switch:0", status, is_retained=True), PLUG).readings == []


def test_meters_without_a_switch() -> None:
    pm = notify(ts=1795330799, **{"pm1:0": {"id": 0, "apower": 1.0, "aenergy": {"total": 5}}})
    assert [told[3] for told in figures(DRIVER.decode(arrival("events/rpc", pm), PLUG))] == [5_000]
    three = notify(
        "NotifyFullStatus",
        ts=1795330799,
        **{
            "em:0": {"id": 0, "total_act_power": 2413.0, "a_voltage": 230.0},
            "emdata:0": {"id": 0, "a_total_act_energy": 1.1, "total_act": 98765.43, "total_act_ret": 12.5},
            "sys": {"uptime": 3600},
            "wifi": {"rssi": -61},
        },
    )
    decoded = DRIVER.decode(arrival("events/rpc", three), PLUG)
    assert [told[1::2] for told in figures(decoded)] == [("import", 98_765_430), ("export", 12_500)]
    assert Health(rssi_dbm=-61, uptime_s=3600) in decoded.reports
    second = device("shelly:em", channel=1, relay=False)
    em1 = notify(ts=1795330799, **{f"em1data:{n}": {"total_act_energy": 7 + n} for n in (0, 1)})
    assert [told[3] for told in figures(DRIVER.decode(arrival("events/rpc", em1), second))] == [8_000]
    assert (DRIVER.abilities(second).cut, DRIVER.encode(OFF, second)) == ("none", [])


def test_a_relay_for_each_meter_brings_its_counter() -> None:
    two = device("shelly:2pm", meters=[("A", "electricity"), ("B", "electricity")], relays={"A": 0, "B": 1})
    assert DRIVER.check(two) == []
    said = notify(
        ts=1795330799, **{f"switch:{n}": {"output": n == 1, "aenergy": {"total": n}} for n in (0, 1)}
    )
    decoded = DRIVER.decode(arrival("events/rpc", said), two)
    assert [(told[0], told[3]) for told in figures(decoded)] == [("A", 0), ("B", 1_000)]
    assert of(decoded, SwitchState) == [
        SwitchState(is_on=False, meter="A", taken_s=1795330799),
        SwitchState(is_on=True, meter="B", taken_s=1795330799),
    ]


def test_a_command_carries_our_id_and_asks_for_the_state() -> None:
    source = f"mita/{ADDRESS}/{COMMAND}"
    calls = DRIVER.encode(OFF, PLUG)
    assert [call.channel for call in calls] == [f"{ADDRESS}/rpc"] * 2
    assert [json.loads(call.payload) for call in calls] == [
        {"id": 1, "src": source, "method": "Switch.Set", "params": {"id": 0, "on": False}},
        {"id": 2, "src": source, "method": "Switch.GetStatus", "params": {"id": 0}},
    ]
    done = {"id": 1, "src": ADDRESS, "dst": source, "result": {"was_on": True}}
    assert DRIVER.decode(arrival(f"{COMMAND}/rpc", done), PLUG).reports == [Step(COMMAND, "acknowledged")]
    state = {
        "id": 2,
        "src": ADDRESS,
        "dst": source,
        "result": {"id": 0, "output": False, "aenergy": {"total": 9}},
    }
    decoded = DRIVER.decode(arrival(f"{COMMAND}/rpc", state), PLUG)
    assert decoded.reports == [SwitchState(is_on=False, command_id=COMMAND)]
    # a notification of the same second may tell another value of the counter
    assert decoded.readings == []


def test_a_refusal_fails_the_command() -> None:
    def answer(number: int, code: int) -> list[object]:
        said = {"id": number, "src": ADDRESS, "error": {"code": code, "message": "Timed out"}}
        return list(DRIVER.decode(arrival(f"{COMMAND}/rpc", said), PLUG).reports)

    assert answer(1, -104) == [Step(COMMAND, "failed", "Timed out", may_retry=True)]
    assert answer(1, -105) == [Step(COMMAND, "failed", "Timed out")]
    # that it does not tell its state is no failure of switching
    assert [type(each) for each in answer(2, -104)] == [Alarm]
    assert codes(DRIVER.decode(arrival("nonsense/rpc", {"id": 1, "result": {}}), PLUG)) == ["unknown_command"]
    assert codes(DRIVER.decode(arrival(f"{COMMAND}/rpc", {"id": 1}), PLUG)) == ["bad_shape"]


def test_complaints_and_presence() -> None:
    said = notify(ts=1795330799, **{"switch:0": {"output": False, "errors": ["overpower", "overtemp", 7]}})
    assert of(DRIVER.decode(arrival("events/rpc", said), PLUG), Alarm) == [
        Alarm("over_current", "switch:0: overpower", 1795330799),
        Alarm("device_fault", "switch:0: overtemp", 1795330799),
    ]
    assert DRIVER.decode(arrival("online", "false", is_retained=True), PLUG).reports == [
        Health(is_online=False)
    ]
    assert DRIVER.decode(arrival("online", "maybe"), PLUG).reports == []
    for channel, what in (("events/rpc", {"method": "NotifyStatus"}), ("status/switch:0", [1])):
        assert codes(DRIVER.decode(arrival(channel, what), PLUG)) == ["bad_shape"]


def test_what_is_wrong_is_said() -> None:
    assert DRIVER.check(device("shelly:x", relay=None, relays={"E-9": 1, "E-1": "one"}, channel="a")) == [
        "setting 'relays': meter 'E-9' is not behind the device",
        "relay 'one' is not the number of a channel",
        "setting 'channel' is not the number of a channel",
    ]
    two = [Field("a", "import", "Wh"), Field("b", "import", "Wh")]
    assert FIRST.check(device("shelly1:x", fields=two)) == [
        "field b: register import of meter E-1 has two fields"
    ]


def test_plugs_are_found_on_the_wire() -> None:
    said = arrival("", notify(ts=1, **{"switch:0": {"output": True, "aenergy": {"total": 1}}})).payload
    (found,) = DRIVER.suggest(ADDRESS, channel="events/rpc", payload=said)
    assert (found.device, found.model, found.has_switch, found.settings) == (
        f"shelly:{ADDRESS}", "shellyplus1pm", True, {},
    )  # fmt: skip
    (found,) = DRIVER.suggest("em", channel="status/em1data:1", payload=b'{"total_act_energy":1}')
    assert (found.has_switch, found.settings) == (False, {"relay": False, "channel": 1})
    for channel, said in (("status/wifi", b'{"rssi":-1}'), ("status/switch:0", b'{"output":true}')):
        assert DRIVER.suggest("em", channel=channel, payload=said) == []
    (old,) = FIRST.suggest("shellyplug-s-C18B12", channel="relay/0/energy", payload=b"12")
    assert (old.model, old.has_switch, old.settings) == ("shellyplug", True, {})
    (meter,) = FIRST.suggest("shellyem3-1", channel="emeter/2/total", payload=b"12.1")
    assert (meter.has_switch, meter.settings) == (False, {"relay": False, "channel": 2})


# ── first generation ──


def test_watt_minutes_never_drift() -> None:
    # by hand: 1 Wmin = 16.67 millionths of a kWh, 3 Wmin = 50 of them, 60 Wmin = 1 Wh
    for minutes, micro in [
        (0, 0),
        (1, 16),
        (2, 33),
        (3, 50),
        (4, 66),
        (60, 1_000),
        (60_000_000, 1_000_000_000),
    ]:
        decoded = FIRST.decode(arrival("relay/0/energy", str(minutes)), OLD)
        assert figures(decoded) == [("E-1", "import", RECEIVED_S, micro, False)]
    assert (
        sum(int((watt_hours(Decimal(n + 1)) - watt_hours(Decimal(n))).scaleb(3)) for n in range(60_000))
        == 1_000_000
    )
    assert watt_hours(Decimal("1.5")) == Decimal("0.025")
    for hostile in ("nan", "1e400", "1e15" + "0" * 20, "-3", "x"):
        decoded = FIRST.decode(arrival("relay/0/energy", hostile), OLD)
        assert (decoded.readings, len(decoded.rejections)) == ([], 1), hostile


def test_a_reset_is_told_as_it_is() -> None:
    registers = [figures(FIRST.decode(arrival("relay/0/energy", text), OLD))[0][3] for text in ("6000", "6")]
    assert registers == [100_000, 100]
    assert FIRST.decode(arrival("relay/0/energy", "6", is_retained=True), OLD).readings == []


def test_the_old_relay() -> None:
    assert FIRST.encode(OFF, OLD) == [Outgoing("shellies/shellyplug-s-C18B12/relay/0/command", b"off")]
    assert FIRST.decode(arrival("relay/0", "off"), OLD).reports == [SwitchState(is_on=False)]
    assert FIRST.decode(arrival("relay/1", "on"), OLD).reports == []
    tripped = FIRST.decode(arrival("relay/0", "overpower"), OLD).reports
    assert [getattr(each, "alarm", each) for each in tripped] == ["over_current", SwitchState(is_on=False)]
    assert codes(FIRST.decode(arrival("relay/0", "perhaps"), OLD)) == ["bad_relay"]
    assert FIRST.decode(arrival("online", "true"), OLD).reports == [Health(is_online=True)]
    said = {
        "id": "shellyplug-s-C18B12",
        "model": "SHPLG-S",
        "mac": "C18B12",
        "fw_ver": "20230913-113421/v1.14.0",
    }
    assert FIRST.decode(arrival("announce", said), OLD).reports == [
        Health(model="SHPLG-S", firmware="20230913-113421/v1.14.0")
    ]
    assert shown(FIRST.decode(arrival("relay/0/power", "41.33"), OLD)) == {"relay.0.power": ("41.33", "W")}


def test_an_energy_meter_counts_watt_hours() -> None:
    em = device("shelly1:shellyem-1", relay=False)
    assert [told[1::2] for told in figures(FIRST.decode(arrival("emeter/0/total", "1234.5"), em))] == [
        ("import", 1_234_500)
    ]
    decoded = FIRST.decode(arrival("emeter/0/total_returned", "0.1"), em)
    assert [told[1::2] for told in figures(decoded)] == [("export", 100)]
    assert FIRST.decode(arrival("emeter/1/total", "1"), em).readings == []
