"""Tasmota's messages."""

from __future__ import annotations

from uuid import UUID

from mita.drivers.fields import Field
from mita.drivers.mqtt.suggestion import Suggestion
from mita.drivers.mqtt.tasmota import Tasmota
from mita.drivers.wire import Alarm, Health, Order, Outgoing, SwitchState

from .says import RECEIVED_S, arrival, codes, device, figures, of, shown

DRIVER = Tasmota()
PLUG = device("tasmota:plug-7")
COMMAND = UUID("0199f7a2-1b2c-7d3e-8f40-51627384a5b6")
SENSOR = (
    '{"Time":"2026-11-22T07:59:38","ENERGY":{"TotalStartTime":"2020-10-21T22:15:00","Total":3.705,'
    '"Yesterday":0.028,"Today":0.026,"Period":1,"Power":5,"Factor":1.00,"Voltage":233,"Current":0.021}}'
)


def test_a_plug_tells_its_register_in_local_time() -> None:
    decoded = DRIVER.decode(arrival("tele/SENSOR", SENSOR), PLUG)
    assert figures(decoded) == [("E-1", "import", RECEIVED_S - 22, 3_705_000, True)]
    assert shown(decoded) == {
        "ENERGY.Yesterday": ("0.028", None),
        "ENERGY.Today": ("0.026", None),
        "ENERGY.Period": ("1", None),
        "ENERGY.Power": ("5", "W"),
        "ENERGY.Factor": ("1.00", None),
        "ENERGY.Voltage": ("233", "V"),
        "ENERGY.Current": ("0.021", "A"),
    }
    assert of(decoded, Health) == [Health(clock_s=RECEIVED_S - 22)]


def test_without_a_zone_the_arrival_counts() -> None:
    decoded = DRIVER.decode(arrival("tele/SENSOR", SENSOR), device("tasmota:plug-7", zone=None))
    assert figures(decoded) == [("E-1", "import", RECEIVED_S, 3_705_000, False)]


def test_a_clock_that_is_not_set_loses_no_reading() -> None:
    said = '{"Time":"1970-01-01T00:01:00","ENERGY":{"Total":3.705}}'
    decoded = DRIVER.decode(arrival("tele/SENSOR", said), PLUG)
    assert figures(decoded) == [("E-1", "import", RECEIVED_S, 3_705_000, False)]
    assert [alarm.alarm for alarm in of(decoded, Alarm)] == ["clock_invalid"]
    retained = DRIVER.decode(arrival("tele/SENSOR", said, is_retained=True), PLUG)
    assert retained.readings == []
    assert len(DRIVER.decode(arrival("tele/SENSOR", SENSOR, is_retained=True), PLUG).readings) == 1


def test_phases_are_added_up_or_named() -> None:
    said = {"ENERGY": {"Total": [1.1, 2.2, 3.30001], "ExportActive": [0, 0.5, 0], "Power": [1, 2, 3]}}
    decoded = DRIVER.decode(arrival("tele/SENSOR", said), PLUG)
    assert [told[1:4] for told in figures(decoded)] == [
        ("import", RECEIVED_S, 6_600_010),
        ("export", RECEIVED_S, 500_000),
    ]
    assert shown(decoded)["ENERGY.Power.1"] == ("2", "W")
    three = device(
        "tasmota:box",
        meters=[(serial, "electricity") for serial in ("A", "B")],
        fields=[
            Field("ENERGY.Total.0", "import", "kWh", meter="A"),
            Field("ENERGY.Total.2", "import", "kWh", meter="B"),
        ],
    )
    decoded = DRIVER.decode(arrival("tele/SENSOR", said), three)
    assert [(told[0], told[3]) for told in figures(decoded)] == [("A", 1_100_000), ("B", 3_300_010)]
    assert shown(decoded)["ENERGY.Total.1"] == ("2.2", None)


def test_a_phase_that_is_missing_spoils_the_sum() -> None:
    decoded = DRIVER.decode(arrival("tele/SENSOR", {"ENERGY": {"Total": [1.1, None, 3.3]}}), PLUG)
    assert (decoded.readings, codes(decoded)) == ([], ["not_a_number"])


def test_readers_of_other_meters_need_fields() -> None:
    said = {
        "Time": "2026-11-22T07:59:38",
        "MT175": {"Total_in": 21345.6789, "Total_out": 0.5, "Power_curr": 312},
    }
    assert DRIVER.decode(arrival("tele/SENSOR", said), PLUG).readings == []
    (found,) = DRIVER.suggest("reader", channel="tele/SENSOR", payload=arrival("", said).payload)
    assert found.fields == (
        Field("MT175.Total_in", "import", "kWh", places=6),
        Field("MT175.Total_out", "export", "kWh", places=6),
    )
    assert (found.device, found.has_switch, found.settings) == ("tasmota:reader", False, {"relay": False})
    reader = device("tasmota:reader", fields=found.fields, **found.settings)
    decoded = DRIVER.decode(arrival("tele/SENSOR", said), reader)
    assert [told[3] for told in figures(decoded)] == [21_345_678_900, 500_000]
    assert (DRIVER.check(reader), DRIVER.abilities(reader).cut) == ([], "none")


def test_pulses_are_a_register_by_their_field() -> None:
    water = device("tasmota:w", meters=[("W", "water")], fields=[Field("COUNTER.C1", "import", "L")])
    decoded = DRIVER.decode(arrival("tele/SENSOR", {"COUNTER": {"C1": 1234}}), water)
    assert [told[3] for told in figures(decoded)] == [1_234_000]
    # its own energy fields are not a water meter's
    plain = device("tasmota:w", meters=[("W", "water")])
    assert DRIVER.decode(arrival("tele/SENSOR", SENSOR), plain).rejections == []


def test_switching_and_its_proof() -> None:
    off = Order(COMMAND, is_on=False, expires_s=RECEIVED_S)
    assert DRIVER.encode(off, PLUG) == [Outgoing("cmnd/plug-7/POWER", b"OFF")]
    two = device(
        "tasmota:bar", relays={"E-1": 1, "E-2": 2}, full_topic="%topic%/%prefix%/", prefixes=["c", "s", "t"]
    )
    on = Order(COMMAND, is_on=True, expires_s=RECEIVED_S, meter="E-2")
    assert DRIVER.encode(on, two) == [Outgoing("bar/c/POWER2", b"ON")]
    # which of the two, nobody said
    assert DRIVER.encode(off, two) == []
    assert DRIVER.encode(off, device("tasmota:reader", relay=False)) == []

    assert of(DRIVER.decode(arrival("stat/RESULT", '{"POWER":"OFF"}'), PLUG), SwitchState) == [
        SwitchState(is_on=False)
    ]
    assert of(DRIVER.decode(arrival("stat/POWER", "ON"), PLUG), SwitchState) == [SwitchState(is_on=True)]
    decoded = DRIVER.decode(arrival("stat/RESULT", {"POWER2": "ON", "POWER3": "ON"}), two)
    assert of(decoded, SwitchState) == [SwitchState(is_on=True, meter="E-2")]
    for nonsense in ('{"POWER":"TOGGLE"}', '{"Command":"Unknown"}', '{"POWER":null}'):
        assert of(DRIVER.decode(arrival("stat/RESULT", nonsense), PLUG), SwitchState) == []


def test_state_and_last_will_are_health() -> None:
    said = {
        "Time": "2026-11-22T08:00:00",
        "UptimeSec": 93784,
        "POWER": "ON",
        "Wifi": {"AP": 1, "SSId": "home", "RSSI": 100, "Signal": -46},
    }
    decoded = DRIVER.decode(arrival("tele/STATE", said), PLUG)
    assert Health(rssi_dbm=-46, uptime_s=93784) in decoded.reports
    assert SwitchState(is_on=True, taken_s=RECEIVED_S) in decoded.reports
    assert "POWER" not in shown(decoded)
    assert DRIVER.decode(arrival("tele/LWT", "Offline", is_retained=True), PLUG).reports == [
        Health(is_online=False)
    ]
    assert DRIVER.decode(arrival("tele/LWT", "Online"), PLUG).reports == [Health(is_online=True)]
    info = {"Info1": {"Module": "Sonoff Pow", "Version": "15.0.1(release)", "FallbackTopic": "cmnd/x"}}
    assert (
        Health(model="Sonoff Pow", firmware="15.0.1(release)")
        in DRIVER.decode(arrival("tele/INFO1", info), PLUG).reports
    )


def test_an_answer_repeats_no_reading_but_a_status_does() -> None:
    assert DRIVER.decode(arrival("stat/RESULT", SENSOR), PLUG).readings == []
    wrapped = '{"StatusSNS":' + SENSOR + "}"
    assert [told[3] for told in figures(DRIVER.decode(arrival("stat/STATUS10", wrapped), PLUG))] == [
        3_705_000
    ]


def test_what_is_wrong_is_said() -> None:
    assert DRIVER.check(PLUG) == []
    assert DRIVER.check(
        device(
            "tasmota:x",
            zone=None,
            relay=33,
            full_topic="x",
            prefixes="tele",
            colour="red",
            fields=[Field("a", "import", "m3"), Field("b", "import", "furlong")],
        )
    ) == [
        "setting 'colour' is unknown; known are full_topic, prefixes, relay, relays",
        "field a: the device has no meter that counts m3",
        "field b: unit 'furlong' is not one of kWh, Wh, MWh, m3, kL, L, imp",
        "no time zone is set, so its local times are not used",
        "relay '33' is not a number from 1 to 32",
        "setting 'full_topic': 'x': a FullTopic has the levels %prefix% and %topic%",
        "setting 'prefixes' is a list of three words, such as cmnd, stat, tele",
    ]


def test_a_plug_is_found_on_the_wire() -> None:
    assert DRIVER.suggest("plug-7", channel="tele/SENSOR", payload=SENSOR.encode()) == [
        Suggestion(
            "tasmota",
            "plug-7",
            has_switch=True,
            notes=("It tells local time: its time zone must be that of the device.",),
        )
    ]
    assert DRIVER.suggest("plug-7", channel="tele/STATE", payload=b'{"POWER":"ON"}') == []


def test_what_is_no_number_is_a_rejection() -> None:
    for value, code in [
        ('"1_000"', "not_a_number"),
        ("NaN", "not_a_number"),
        ("1e400", "value_out_of_range"),
        ("true", "not_a_number"),
        ("-1", "negative_value"),
        ("{}", "not_a_number"),
        ("[]", "not_a_number"),
    ]:
        decoded = DRIVER.decode(arrival("tele/SENSOR", f'{{"ENERGY":{{"Total":{value}}}}}'), PLUG)
        assert (decoded.readings, codes(decoded)) == ([], [code]), value
    twice = '{"ENERGY":{"Total":1,"Total":2}}'
    assert codes(DRIVER.decode(arrival("tele/SENSOR", twice), PLUG)) == ["repeated_key"]
