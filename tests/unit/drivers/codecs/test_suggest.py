"""What looks like a register is suggested with its unit and direction; power, flow and differences never."""

from __future__ import annotations

import json
import time
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
        # OBIS codes, with and without a unit
        (
            {
                "1-0:1.8.0": {"value": 1, "unit": "Wh"},
                "1-0:2.8.0": {"value": 2, "unit": "Wh"},
                "1-0:16.7.0": {"value": 3, "unit": "W"},
            },
            {"1-0:1\\.8\\.0.value": ("import", "Wh"), "1-0:2\\.8\\.0.value": ("export", "Wh")},
        ),
        (
            {"1_8_1_kWh": 1, "1_8_2_kWh": 2, "2_8_0_kWh": 3, "fw1_8_3": 4, "11.8.0": 5, "1.8.00": 6},
            {
                "1_8_1_kWh": ("import_t1", "kWh"),
                "1_8_2_kWh": ("import_t2", "kWh"),
                "2_8_0_kWh": ("export", "kWh"),
            },
        ),
        (
            {"meter": {"1.8.0": 3}, "version": {"sw": "1.8.0", "1.1.8.0": 7}},
            {"meter.1\\.8\\.0": ("import", "kWh")},
        ),
        ({"1.8.0": 3, "2.8.0": 4}, {"1\\.8\\.0": ("import", "kWh"), "2\\.8\\.0": ("export", "kWh")}),
        # all that ever flowed, and what flows now
        (
            {"cumulativeFlow": 12345, "cumulativeFlowM3": 12.345, "flow_m3": 1, "flowRate_m3": 2},
            {"cumulativeFlowM3": ("import", "m3")},
        ),
        ({"flow_l": 1, "max_total_flow_l": 2}, {}),
        # units under a key of their own, for the only number, and one level above
        (
            {"volume": 1.5, "volumeUnit": "L", "energy": 7, "energy_unit": "Wh", "pf": 3, "pfUnit": "1"},
            {"volume": ("import", "L"), "energy": ("import", "Wh")},
        ),
        ({"meterReading": 5, "unit": "m³", "medium": "water"}, {"meterReading": ("import", "m3")}),
        ({"reading1": 5, "reading2": 6, "unit": "m3"}, {}),
        (
            {
                "volume:1": {"unitId": "m3", "record": {"value": 4}},
                "flow:1": {"unitId": "m3/h", "record": {"value": 1}},
            },
            {"volume:1.record.value": ("import", "m3")},
        ),
        # words that makers agreed on
        ({"metering": {"water": {"total": 5}}, "battery": 3.6}, {"metering.water.total": ("import", "L")}),
        ({"metering": {"energy": {"total": 5}}}, {"metering.energy.total": ("import", "Wh")}),
        # pulses, where nothing else is told
        ({"pulseAbs": 5, "pulse1": 3, "pulse_max_count": 4}, {"pulseAbs": ("import", "imp")}),
        ({"pulse": {"total": 9}}, {"pulse.total": ("import", "imp")}),
        ({"pulseCount": 5, "volume_m3": 1.2}, {"volume_m3": ("import", "m3")}),
        # digits in a text
        ({"gas_total_m3": "12.30", "energy_kwh": "1e3", "water_m3": "-"}, {"gas_total_m3": ("import", "m3")}),
        # consumption
        ({"power_consumption": 5, "active_power": 3}, {"power_consumption": ("import", "kWh")}),
        ({"total_consumption_l": 5, "daily_consumption_l": 1}, {"total_consumption_l": ("import", "L")}),
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


def test_many_values_are_read_in_time() -> None:
    data = {f"k{place}": {"value": Decimal(place), "unit": "kWh"} for place in range(1_000)}
    data |= {f"n{place}": Decimal(place) for place in range(5_000)}
    began = time.monotonic()
    (first,) = suggested(data)
    assert first.field.path == "k0.value"
    assert time.monotonic() - began < 2
