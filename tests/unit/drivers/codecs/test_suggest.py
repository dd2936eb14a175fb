"""What looks like a register is suggested with its unit and direction; power, flow and differences never."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from mita.drivers.codecs.suggest import suggested
from mita.drivers.fields import at, told
from mita.drivers.text import parse_json
from mita.drivers.wire import Told
from mita.metering.domain import is_register_name


def found(data: Any) -> dict[str, tuple[str, str]]:
    """Return path -> (register, unit) of what is suggested for an output."""
    return {
        each.field.path: (each.field.register, each.field.unit)
        for each in suggested(parse_json(json.dumps(data).encode()))
    }


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        # one phase, with its units
        (
            {
                "index": 1,
                "activeEnergyImportL1T1": {"data": 12345678, "unit": "Wh"},
                "voltageL1N": {"data": 230, "unit": "V"},
                "activePowerL1": {"data": 1150, "unit": "W"},
                "reactiveEnergyImportL1T1": {"data": 5, "unit": "varh"},
            },
            {"activeEnergyImportL1T1.data": ("import", "Wh")},
        ),
        # two tariffs and no total
        (
            {"energyL123T1": {"data": 1, "unit": "Wh"}, "energyL123T2": {"data": 2, "unit": "Wh"}},
            {"energyL123T1.data": ("import_t1", "Wh"), "energyL123T2.data": ("import_t2", "Wh")},
        ),
        # a total goes before its parts
        (
            {"energy_kwh_t1": 1, "energy_kwh_t2": 2, "energy_kwh": 3},
            {"energy_kwh": ("import", "kWh")},
        ),
        # both directions
        (
            {"energy_import_kWh": 3, "energy_export_kWh": 4, "power_kW": 1},
            {"energy_import_kWh": ("import", "kWh"), "energy_export_kWh": ("export", "kWh")},
        ),
        (
            {"sum_positive_active_energy_Wh": 3, "sum_negative_active_energy_Wh": 4},
            {
                "sum_positive_active_energy_Wh": ("import", "Wh"),
                "sum_negative_active_energy_Wh": ("export", "Wh"),
            },
        ),
        (
            {"electricityDeliveredToClient": 1, "electricityDeliveredByClient": 7, "powerDelivered": 1},
            {
                "electricityDeliveredToClient": ("import", "kWh"),
                "electricityDeliveredByClient": ("export", "kWh"),
            },
        ),
        # water
        (
            {"current_volume_m3": 6.054, "log_volume_m3": 5.938, "delta_1_m3": 0.01, "history_total_m3": 0.1},
            {"current_volume_m3": ("import", "m3")},
        ),
        (
            {
                "totalVolume": {"value": 12, "unit": "m³"},
                "volumeFlow": {"value": 1, "unit": "m³/h"},
                "reverse_volume_l": 1,
            },
            {"totalVolume.value": ("import", "m3")},
        ),
        (
            {"lastVolume": 103720, "volumes": [{"volume": 103415}], "deltaVolumes": [1]},
            {"lastVolume": ("import", "m3")},
        ),
        ({"volume_l": 5, "current_l1": 3}, {"volume_l": ("import", "L")}),
        ({"meter": {"total": {"value": 3, "unit": "hL"}}}, {"meter.total.value": ("import", "L")}),
        # both from one meter of heat
        ({"energy_MWh": 1, "volume_m3": 2}, {"energy_MWh": ("import", "MWh"), "volume_m3": ("import", "m3")}),
        # short names
        ({"kwh": 1}, {"kwh": ("import", "kWh")}),
        ({"a.b": {"total_kWh": 1}}, {"a\\.b.total_kWh": ("import", "kWh")}),
        # nothing
        ({"power_w": 5, "voltage": 230, "energyToday_kWh": 1, "energy_mWh": 3, "flow_m3": 2}, {}),
        ({"value": 12074, "temperature": 20.5, "waterTemperature": 3, "gasAlarm": 1}, {}),
        ({"energy": {"value": 5, "unit": "GJ"}, "total_kWh": "many", "energy_kwh": None}, {}),
        ({"total_kWh": -1, "energy_kwh": True}, {}),
        (None, {}),
        ([1, 2], {}),
    ],
)  # fmt: skip
def test_registers_are_found(data: Any, fields: dict[str, tuple[str, str]]) -> None:
    assert found(data) == fields
    assert all(is_register_name(register) for register, _ in fields.values())


def test_it_says_why_and_what_is_a_guess() -> None:
    (sure,) = suggested({"energy_Wh": Decimal(1), "active_energy": Decimal(2)})
    assert sure.is_unit_told
    assert (
        sure.reason == "the name says energy taken in; the name has its unit: wh; also there: active_energy"
    )
    (guess,) = suggested({"totalVolume": Decimal(1)})
    assert not guess.is_unit_told
    assert "m3 is a guess, compare it with the meter's display" in guess.reason


def test_a_suggested_field_makes_a_reading_of_noisy_arithmetic() -> None:
    data = parse_json(b'{"water": {"total": {"value": 1.2000000000000002, "unit": "hl"}}}')
    (suggestion,) = suggested(data)
    made = told(
        at(data, suggestion.field.path),
        suggestion.field,
        meters=[("W-1", "water")],
        taken_s=0,
        is_timed=False,
        source="s",
        raw="",
    )
    # 1.2 hectolitres are 120 litres
    assert made == Told("W-1", "import", "m3", 0, 120_000, is_timed=False)
