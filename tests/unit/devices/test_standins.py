"""A device's set-up can be checked before its meters are installed."""

from __future__ import annotations

from mita.devices.domain import meters_to_come
from mita.drivers.fields import Field
from mita.drivers.known import driver_named
from mita.drivers.wire import Device


def test_a_driver_finds_what_is_wrong_and_not_what_is_to_come() -> None:
    driver = driver_named("chirpstack")
    assert driver is not None

    def problems(**settings: object) -> list[str]:
        device = Device(
            "chirpstack:0101010101010101",
            meters_to_come((), fields=(), settings=settings),
            settings={"model": "yobiiq/em2101", **settings},
        )
        return driver.check(device)

    assert problems(application_id="a") == []
    assert problems() == ["application_id is needed to send commands; or command_topic, a whole topic"]


def test_pulses_need_a_meter_of_their_own_unit_or_any_one() -> None:
    pulses, litres = Field("count", "import", "imp"), Field("total", "import", "L")
    assert meters_to_come((), fields=[pulses], settings={}) == [("(no electricity meter yet)", "electricity")]
    assert meters_to_come((), fields=[pulses, litres], settings={}) == [("(no water meter yet)", "water")]
    assert meters_to_come([("W-1", "water")], fields=[pulses], settings={}) == [("W-1", "water")]
