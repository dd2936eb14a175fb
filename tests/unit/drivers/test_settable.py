"""What is said of a driver's settings is what the driver takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from mita.drivers.known import DRIVERS, driver_named
from mita.drivers.settable import settings_of
from mita.drivers.wire import Device

if TYPE_CHECKING:
    from mita.drivers.settable import Setting

# what a device of these drivers needs besides the setting that is tried
NEEDED: dict[str, dict[str, Any]] = {
    "modbus": {"url": "tcp://10.0.0.7:502", "map": "eastron_sdm120"},
    "mbus": {"url": "tcp://10.0.0.9:10001", "address": 1},
    "chirpstack": {"application_id": "meters"},
    "tts": {"application_id": "meters", "device_id": "meter-7", "webhook_id": "mita"},
    "dlms": {"url": "tcp://10.0.0.9:4059"},
    "emop": {"url": "tcp://10.0.0.9:5001"},
}
EVERY = [(name, each) for name in DRIVERS for each in settings_of(name)]
WHOLE = [(name, each) for name, each in EVERY if each.kind == "whole" and each.name != "every_s"]


def wrong(name: str, setting: Setting, value: Any) -> list[str]:
    """Return what a driver says of the setting, and would not say without it."""
    driver = driver_named(name)
    assert driver is not None

    def said(settings: dict[str, Any]) -> set[str]:
        device = Device(
            "d", [("E-17", "electricity")], settings=settings, zone=ZoneInfo("Africa/Johannesburg")
        )
        # a way in that needs a secret is right without the secret, which has a route of its own
        return {each for each in driver.check(device) if "the secret is" not in each}

    needed = NEEDED.get(name, {})
    return sorted(said({**needed, setting.name: value}) - said(needed))


@pytest.mark.parametrize("name", DRIVERS)
def test_all_that_a_driver_declares_is_described_once(name: str) -> None:
    driver = driver_named(name)
    assert driver is not None
    assert sorted(each.name for each in settings_of(name)) == sorted(driver.settings)


@pytest.mark.parametrize(("name", "setting"), EVERY, ids=lambda each: getattr(each, "name", each))
def test_defaults_choices_and_examples_are_taken(name: str, setting: Setting) -> None:
    for value in (setting.default, *setting.choices):
        assert value is None or wrong(name, setting, value) == []
    if setting.example:
        is_json = setting.kind == "json"
        assert wrong(name, setting, json.loads(setting.example) if is_json else setting.example) == []
    assert setting.kind != "choice" or setting.default is None or setting.default in setting.choices


@pytest.mark.parametrize(("name", "setting"), WHOLE, ids=lambda each: getattr(each, "name", each))
def test_the_ends_of_numbers_are_taken(name: str, setting: Setting) -> None:
    assert setting.least is not None
    assert setting.most is not None
    assert wrong(name, setting, setting.least) == wrong(name, setting, setting.most) == []
    assert wrong(name, setting, setting.least - 1) != []
