"""The settings that a driver declares are those that it knows."""

from __future__ import annotations

import pytest

from mita.drivers.known import DRIVERS, driver_named
from mita.drivers.wire import Device

NONSENSE = "no_such_setting"
UNKNOWN = ("unknown", "not known", "no setting", "is not a setting", "needs no fields, and no settings")


@pytest.mark.parametrize("name", DRIVERS)
def test_what_is_declared_is_known_and_nothing_else(name: str) -> None:
    driver = driver_named(name)
    assert driver is not None

    def is_unknown(setting: str) -> bool:
        # of some other type: what is said of a known one is that it is wrong
        said = driver.check(Device("d", [("E1", "electricity")], settings={setting: "x"}))
        return any(setting in each and any(word in each for word in UNKNOWN) for each in said) or any(
            UNKNOWN[-1] in each for each in said
        )

    assert is_unknown(NONSENSE)
    assert [each for each in driver.settings if is_unknown(each)] == []
    assert len(set(driver.settings)) == len(driver.settings)
