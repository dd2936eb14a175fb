"""The driver for anything that sends JSON or a plain number."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from mita.drivers.fields import Field
from mita.drivers.mqtt.discovery import discover
from mita.drivers.mqtt.generic import Generic
from mita.drivers.mqtt.routes import Prefixes, Table
from mita.drivers.wire import Health, Order, Outgoing, Shown, SwitchState

from .says import RECEIVED_S, arrival, codes, device, figures, of, shown

DRIVER = Generic()
COMMAND = UUID("0199f7a2-1b2c-7d3e-8f40-51627384a5b6")
KWH = Field("meter.kwh", "import", "kWh")


def test_paths_times_and_the_rest() -> None:
    logger = device("json:17", fields=[KWH], time_path="time", battery_path="bat")
    said = {"time": "2026-11-22T07:59:00", "meter": {"kwh": "12.5", "w": 41}, "bat": 88, "ok": True}
    decoded = DRIVER.decode(arrival("", said), logger)
    assert figures(decoded) == [("E-1", "import", RECEIVED_S - 60, 12_500_000, True)]
    assert Health(battery_percent=Decimal(88)) in decoded.reports
    assert shown(decoded) == {"meter.w": ("41", None), "bat": ("88", None), "ok": ("True", None)}
    assert DRIVER.check(logger) == []


def test_a_batch_gives_a_reading_for_each_item() -> None:
    items = [{"ts": 1795330000 + step, "kwh": step} for step in (0, 60)]
    fields = [Field("kwh", "import", "kWh")]
    for said, settings in [(items, {}), ({"data": {"rows": items}}, {"items_path": "data.rows"})]:
        logger = device("json:17", fields=fields, time_path="ts", **settings)
        assert [told[2:4] for told in figures(DRIVER.decode(arrival("", said), logger))] == [
            (1795330000, 0),
            (1795330060, 60_000_000),
        ]
    # what was is no news of the device, and no clock of its own
    logger = device("json:17", fields=fields, time_path="ts", switch={"path": "on", "on": True, "off": False})
    decoded = DRIVER.decode(
        arrival("", [{"ts": 1795330000, "on": True}, {"ts": 1795330060, "on": False}]), logger
    )
    assert decoded.reports == [
        SwitchState(is_on=False, taken_s=1795330060),
        Shown("on", value=False, taken_s=1795330060),
    ]
    many = DRIVER.decode(arrival("", [{"kwh": 1}] * 1_001), device("json:17", fields=fields))
    assert (len(many.readings), codes(many)) == (1_000, ["too_many_items"])
    bad = DRIVER.decode(
        arrival("", [{"kwh": 1}, {"kwh": -1}, 7, "x", None]), device("json:17", fields=fields)
    )
    assert ([told[3] for told in figures(bad)], codes(bad)) == ([1_000_000], ["negative_value"])


def test_what_is_left_of_the_topic_stands_before_the_path() -> None:
    table = Table(Prefixes(json=("gw/%device%/#",)))
    route = table.find("gw/17/energy/total")
    assert route is not None
    fields = [Field("energy.total", "import", "kWh"), Field("energy.total.l1", "export", "kWh")]
    gateway = device(route.device, fields=fields)
    assert [told[1::2] for told in figures(DRIVER.decode(arrival(route.channel, "12.5"), gateway))] == [
        ("import", 12_500_000)
    ]
    decoded = DRIVER.decode(arrival(route.channel, {"l1": 1}), device("json:17", fields=fields[1:]))
    assert [told[1::2] for told in figures(decoded)] == [("export", 1_000_000)]
    value = device("json:17", fields=[Field("value", "import", "kWh")])
    assert [told[3] for told in figures(DRIVER.decode(arrival("", "7"), value))] == [7_000_000]
    (found,) = discover("gw/17/energy/total", b"12.5", table=table)
    assert (found.device, found.fields) == ("json:17", ())
    assert discover("gw/17/energy/total", b"\xff", table=table) == []


def test_words_for_on_and_off_are_settings() -> None:
    switch = {"path": "valve", "on": "open", "off": "closed"}
    relay = {"topic": "gw/%device%/do", "on": '{"id":"%id%","valve":1}', "off": "close until %expires%"}
    valve = device(
        "json:17", fields=[KWH], switch=switch, relay=relay, online={"path": "up", "on": 1, "off": 0}
    )
    assert DRIVER.check(valve) == []
    assert (DRIVER.abilities(valve).cut, DRIVER.abilities(valve).proves) == ("relay", True)
    assert DRIVER.encode(Order(COMMAND, is_on=True, expires_s=99), valve) == [
        Outgoing("gw/17/do", b'{"id":"0199f7a2-1b2c-7d3e-8f40-51627384a5b6","valve":1}')
    ]
    assert DRIVER.encode(Order(COMMAND, is_on=False, expires_s=99), valve) == [
        Outgoing("gw/17/do", b"close until 99")
    ]
    decoded = DRIVER.decode(arrival("", {"valve": "closed", "up": 0}), valve)
    assert of(decoded, SwitchState) == [SwitchState(is_on=False)]
    assert of(decoded, Health) == [Health(is_online=False)]
    for said in ({"valve": "stuck"}, {"valve": True}, {"valve": ["open"]}):
        assert of(DRIVER.decode(arrival("", said), valve), SwitchState) == []
    # a truth is no number
    assert of(DRIVER.decode(arrival("", {"up": True}), valve), Health) == []


def test_what_is_wrong_is_said() -> None:
    wrong = device(
        "json:17", fields=[KWH], switch={"path": "x", "on": 1, "off": 1}, relay={"topic": "a/+"}, time_path=7
    )
    assert [fault.split(" is ")[0] for fault in DRIVER.check(wrong)] == [
        "setting 'time_path'",
        "setting 'switch'",
        "setting 'relay'",
    ]
    assert DRIVER.encode(Order(COMMAND, is_on=True, expires_s=99), wrong) == []
    assert DRIVER.check(device("json:17", relay=False)) == [
        "no field says which of its values are registers, so all of them are only shown"
    ]
    # the address is not the setting's to make a wildcard of
    wild = device("json:+", fields=[KWH], relay={"topic": "gw/%device%/do", "on": "1", "off": "0"})
    assert DRIVER.encode(Order(COMMAND, is_on=True, expires_s=99), wild) == []
