"""Known models, by the examples that their makers publish with their codecs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mita.drivers.lorawan.chirpstack import ChirpStack
from mita.drivers.lorawan.models import model, models
from mita.drivers.lorawan.uplink import decode_object
from mita.drivers.text import parse_json
from mita.drivers.wire import Alarm, Health, Shown, SwitchState

from .setup import NOW_S, OFF_ORDER, ON_ORDER, device, reports, values

if TYPE_CHECKING:
    from pathlib import Path

# by model and the example's place among its uplinks: register, seconds, millionths of a kWh, timed
READINGS = {
    ("yobiiq/em2101", 5): [("import", NOW_S, 12_345_678_000, False)],
    ("yobiiq/em4301", 9): [
        ("import", NOW_S, 12_345_678_000, False),
        ("import_t2", NOW_S, 10_000_000, False),
    ],
    ("yobiiq/dsmr", 3): [("import", NOW_S, 12_345_000, False)],
    ("yobiiq/dsmr", 5): [("import", NOW_S - 10, 100_000, False)],
}
STATES = {("yobiiq/em2101", 3): True, ("yobiiq/em2101", 6): True}
ALARMS = {
    ("yobiiq/em2101", 3): ["power_lost over"],
    ("yobiiq/em2101", 5): ["clock_invalid"],
    ("yobiiq/em2101", 7): ["over_current"],
    ("yobiiq/em4301", 4): ["power_lost over"],
    ("yobiiq/em4301", 7): ["clock_invalid"],
    ("yobiiq/dsmr", 4): ["device_fault"],
    ("yobiiq/dsmr", 5): ["clock_invalid"],
    ("yobiiq/sd1001", 0): ["power_lost over"],
    ("yobiiq/sd1001", 1): ["low_battery over", "device_fault over", "power_lost over"],
}


@pytest.fixture(scope="module")
def examples(fixtures_path: Path) -> dict:
    path = fixtures_path / "metering" / "lorawan_examples" / "chirpstack_meters.json"
    return json.loads(path.read_text(encoding="utf-8"))["examples"]


def test_every_published_uplink_is_read_as_its_model_says(examples: dict) -> None:
    assert set(examples) == set(models())
    found: tuple[dict, dict, dict] = ({}, {}, {})
    for model_id, cases in examples.items():
        of = device(model=model_id)
        uplinks = [case for case in cases if case["op"] == "decodeUplink"]
        for place, case in enumerate(uplinks):
            obj = parse_json(json.dumps(case["expected"]["data"]).encode())
            decoded = decode_object(obj, of, received_s=NOW_S, source="test")
            assert decoded.rejections == [], (model_id, place)
            for kept, what in (
                (found[0], values(decoded)),
                (found[1], [each.is_on for each in reports(decoded, SwitchState)]),
                (found[2], [_named(each) for each in reports(decoded, Alarm)]),
            ):
                if what:
                    kept[model_id, place] = what
            assert "decryptionKey" not in {each.path for each in reports(decoded, Shown)}
    assert found[0] == READINGS
    assert found[1] == {key: [state] for key, state in STATES.items()}
    assert found[2] == ALARMS


def _named(alarm: Alarm) -> str:
    return f"{alarm.alarm} over" if alarm.is_over else alarm.alarm


def test_a_model_sets_the_device_up_and_the_device_may_differ() -> None:
    driver = ChirpStack()
    em2101 = device(model="yobiiq/em2101", application_id="a")
    assert driver.check(em2101) == []
    (off,), (on,) = driver.encode(OFF_ORDER, em2101), driver.encode(ON_ORDER, em2101)
    assert (json.loads(off.payload)["data"], json.loads(on.payload)["data"]) == ("B0gA", "B0gB")
    assert not driver.abilities(em2101).sleeps
    assert driver.abilities(device(model="yobiiq/em2101", **{"class": "A"})).sleeps
    obj = parse_json(b'{"batteryVoltage": 3.3, "genericModel": "DSMR"}')
    decoded = decode_object(obj, device(model="yobiiq/dsmr"), received_s=NOW_S, source="test")
    assert reports(decoded, Health) == [Health(is_online=True, battery_mv=3_300, model="DSMR")]


def test_every_model_file_is_whole_and_works() -> None:
    assert len(models()) == 9
    for model_id, known in models().items():
        assert known.source, model_id
        assert known.licence == "MIT", model_id
        assert model_id.startswith(known.maker.lower()), model_id
        problems = ChirpStack().check(device(model=model_id, application_id="a"))
        wanted = [] if known.fields else ["no field says which of its values is a register"]
        assert [problem.partition(":")[0] for problem in problems] == wanted, model_id
    assert model("nobody/nothing") is None
