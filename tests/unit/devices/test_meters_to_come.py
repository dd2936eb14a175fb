"""Who stands in for meters that are not installed yet."""

from __future__ import annotations

from mita.devices.domain import meters_to_come
from mita.drivers.fields import Field

NO_POWER = ("(no electricity meter yet)", "electricity")
NO_WATER = ("(no water meter yet)", "water")


def test_one_for_each_base_unit_that_none_counts() -> None:
    assert meters_to_come([], fields=[], settings={}) == [NO_POWER, NO_WATER]
    assert meters_to_come([("S", "solar")], fields=[], settings={}) == [("S", "solar"), NO_WATER]


def test_those_that_fields_and_relays_name() -> None:
    fields = [
        Field("a", "import", "L", meter="W"),
        Field("b", "import", "Wh", meter="E"),
        Field("c", "import", "Wh"),
    ]
    assert meters_to_come([("E", "solar")], fields=fields, settings={"relays": {"R": 1, "E": 2}}) == [
        ("E", "solar"),
        ("W", "water"),
        ("R", "electricity"),
    ]
    assert meters_to_come([], fields=[], settings={"relays": ["R"]}) == [NO_POWER, NO_WATER]
