"""The maps that come with Mita are the meters' own addresses; a map that cannot be right is refused."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest

from mita.drivers.modbus import maps

if TYPE_CHECKING:
    from pathlib import Path

OF_THE_FIXTURE = {
    "ABB": "abb_b2x",
    "CGEM24": "carlo_gavazzi_em24",
    "CGEM24_E1": "carlo_gavazzi_em24_e1",
    "CGEX3X0": "carlo_gavazzi_em330_et340",
    "DDM": "ddm18sd",
    "DMG610": "lovato_dmg610",
    "DS100": "bg_etech_ds100",
    "DTSU666": "chint_dtsu666",
    "DZG": "dzg_dvh4013",
    "ELTAKODSZ15": "eltako_dsz15_dsz16",
    "FIND7M24": "finder_7m24",
    "FIND7M38": "finder_7m38",
    "IEM3000": "schneider_iem3000",
    "INEPRO": "inepro_pro380",
    "JANITZA": "janitza_b2x",
    "MPM": "bernecker_mpm3pm",
    "ORNO1p": "orno_we514_we515",
    "ORNO1P504": "orno_we504",
    "ORNO1p525": "orno_we525_we526",
    "ORNO3p": "orno_we516_we517",
    "PAC2200": "siemens_pac2200",
    "SBC": "saia_burgess_ale3",
    "SDM": "eastron_sdm630",
    "SDM120": "eastron_sdm120",
    "SDM220": "eastron_sdm220",
    "SDM230": "eastron_sdm230",
    "SDM54": "eastron_sdm54",
    "SDM72": "eastron_sdm72",
    "SDM72V2": "eastron_sdm72v2",
    "SEMTR": "solaredge_se_mtr_3y",
    "WAGO87930": "wago_879_30xx",
    "WS100": "bg_etech_ws100",
    "X961A": "eastron_smart_x96_1a",
}
NAMES = {
    "voltage": "Voltage",
    "current": "Current",
    "power": "Power",
    "import_power": "ImportPower",
    "export_power": "ExportPower",
    "reactive_power": "ReactivePower",
    "apparent_power": "ApparentPower",
    "power_factor": "Cosphi",
    "phase_angle": "PhaseAngle",
    "frequency": "Frequency",
    "import": "Import",
    "export": "Export",
    "total": "Sum",
    "reactive_import": "ReactiveImport",
    "reactive_export": "ReactiveExport",
    "reactive_total": "ReactiveSum",
}
# the registers that nobody can reset, and counters of both directions
OTHERWISE = {
    ("SEMTR", "import_total"): "ImportT1",
    ("SEMTR", "export_total"): "ExportT1",
    ("DDM", "import_total"): "Sum",
    ("ORNO1p", "import_total"): "Sum",
    ("ORNO1P504", "import_total"): "Sum",
}
# the source subtracts one when it asks
OFFSETS = {"SBC": -1}


def test_every_model_of_the_source_is_mapped_to_its_own_addresses(fixtures_path: Path) -> None:
    models = json.loads((fixtures_path / "metering/modbus_maps/mbmd_opcodes.json").read_text())
    assert set(models) == set(OF_THE_FIXTURE)
    for model, map_id in OF_THE_FIXTURE.items():
        found, source = maps.named(map_id), models[model]
        assert source["file"] in found.source
        assert found.licence == "BSD-3-Clause"
        functions = {"ReadHoldingReg": 3, "ReadInputReg": 4}
        scales = {"1", *source["scalers_in_code"]}
        for point in found.points:
            base, phase = re.fullmatch(r"(.+?)(_l\d)?", point.name).groups()
            name = OTHERWISE.get((model, point.name)) or NAMES[base] + (phase or "")[1:].upper()
            where = f"{map_id} {point.name}"
            assert point.address == source["registers"][name]["reg"] + OFFSETS.get(model, 0), where
            assert point.fn in {functions[function] for function in source["func"]}, where
            # units carry what the source writes as 0.001 (kW) or, of whole Wh, as 1000
            assert str(point.scale) in scales, where
            if point.type.startswith("float"):
                assert any(
                    "Ieee754" in each or "Float64ToFloat64" in each for each in source["transforms"]
                ), where
            else:
                assert any("Int" in each or "Uint" in each for each in source["transforms"]), where
        is_swapped = any("Swapped" in each or "Solaredge" in each for each in source["transforms"])
        assert (found.word_order == "little") is is_swapped, map_id


@pytest.mark.parametrize(
    ("map_id", "point", "fn", "address", "kind", "scale", "unit"),
    [
        ("eastron_sdm120", "import", 4, 0x48, "float32", 1, "kWh"),
        ("eastron_sdm120", "total", 4, 0x156, "float32", 1, "kWh"),
        ("eastron_sdm630", "power", 4, 0x34, "float32", 1, "W"),
        ("eastron_sdm630", "import_l3", 4, 0x15E, "float32", 1, "kWh"),
        ("schneider_iem3000", "import", 3, 0xC83, "int64", 1, "Wh"),
        ("schneider_iem3000", "power", 3, 0xBF3, "float32", 1, "kW"),
        ("carlo_gavazzi_em24", "import", 4, 0x42, "int32", 10, "kWh"),
        ("carlo_gavazzi_em24", "export", 4, 0x5C, "int32", 10, "kWh"),
        ("carlo_gavazzi_em24", "power_factor", 4, 0x35, "int16", 1000, None),
        ("carlo_gavazzi_em330_et340", "import", 4, 0x34, "int32", 10, "kWh"),
        ("carlo_gavazzi_em24_e1", "export", 4, 0x4E, "int32", 10, "kWh"),
        ("abb_b2x", "import", 3, 0x5000, "uint64", 100, "kWh"),
        ("abb_b2x", "current_l1", 3, 0x5B0C, "uint32", 100, "A"),
        ("abb_b2x", "power", 3, 0x5B14, "int32", 100, "W"),
        ("chint_dtsu666", "import", 3, 0x101E, "float32", 1, "kWh"),
        ("chint_dtsu666", "voltage_l1", 3, 0x2006, "float32", 10, "V"),
        ("chint_dtsu666", "frequency", 3, 0x2044, "float32", 100, "Hz"),
        ("inepro_pro380", "import", 3, 0x600C, "float32", 1, "kWh"),
        ("inepro_pro380", "power", 3, 0x5012, "float32", 1, "kW"),
        ("wago_879_30xx", "export", 3, 0x6018, "float32", 1, "kWh"),
        ("orno_we514_we515", "import_total", 3, 0xA000, "uint32", 100, "kWh"),
        ("orno_we514_we515", "voltage", 3, 0x131, "uint16", 100, "V"),
        ("siemens_pac2200", "import", 4, 801, "float64", 1, "Wh"),
        ("saia_burgess_ale3", "import", 3, 27, "uint32", 100, "kWh"),
    ],
)
def test_figures_by_hand(
    map_id: str, point: str, fn: int, address: int, kind: str, scale: int, unit: str | None
) -> None:
    (found,) = [each for each in maps.named(map_id).points if each.name == point]
    assert (found.fn, found.address, found.type, found.scale, found.unit) == (fn, address, kind, scale, unit)


# how import is written; export is written alike, where there is one
BILLED = {
    "abb_b2x": ("uint64", 100, "kWh", True),
    "bernecker_mpm3pm": ("uint32", 100, "kWh", True),
    "bg_etech_ds100": ("uint32", 100, "kWh", False),
    "bg_etech_ws100": ("uint32", 100, "kWh", True),
    "carlo_gavazzi_em111": ("int32", 10, "kWh", True),
    "carlo_gavazzi_em24": ("int32", 10, "kWh", True),
    "carlo_gavazzi_em24_e1": ("int32", 10, "kWh", True),
    "carlo_gavazzi_em330_et340": ("int32", 10, "kWh", True),
    "chint_ddsu666": ("float32", 1, "kWh", True),
    "chint_dtsu666": ("float32", 1, "kWh", True),
    "ddm18sd": ("float32", 1, "kWh", False),
    "dzg_dvh4013": ("uint32", 1000, "kWh", True),
    "eastron_sdm120": ("float32", 1, "kWh", True),
    "eastron_sdm220": ("float32", 1, "kWh", True),
    "eastron_sdm230": ("float32", 1, "kWh", True),
    "eastron_sdm54": ("float32", 1, "kWh", True),
    "eastron_sdm630": ("float32", 1, "kWh", True),
    "eastron_sdm72": ("float32", 1, "kWh", True),
    "eastron_sdm72v2": ("float32", 1, "kWh", True),
    "eastron_smart_x96_1a": ("float32", 1, "kWh", True),
    "eltako_dsz15_dsz16": ("uint32", 100, "kWh", True),
    "finder_7m24": ("float32", 1, "Wh", True),
    "finder_7m38": ("float32", 1, "Wh", True),
    "inepro_pro1": ("float32", 1, "kWh", True),
    "inepro_pro380": ("float32", 1, "kWh", True),
    "janitza_b2x": ("float32", 1, "Wh", True),
    "lovato_dmg610": ("uint64", 100, "kWh", True),
    "orno_we504": ("uint32", 1000, "kWh", False),
    "orno_we514_we515": ("uint32", 100, "kWh", False),
    "orno_we516_we517": ("float32", 1, "kWh", True),
    "orno_we525_we526": ("uint32", 100, "kWh", True),
    "saia_burgess_ale3": ("uint32", 100, "kWh", True),
    "schneider_iem3000": ("int64", 1, "Wh", True),
    "siemens_pac2200": ("float64", 1, "Wh", True),
    "solaredge_se_mtr_3y": ("float32", 1, "kWh", True),
    "wago_879_30xx": ("float32", 1, "kWh", True),
}


def test_what_is_billed_is_written_as_the_source_says() -> None:
    assert set(maps.catalogue()) == set(BILLED)
    for map_id, (kind, scale, unit, has_export) in BILLED.items():
        billed = {
            point.register: (point.type, point.scale, point.factor, point.unit)
            for point in maps.named(map_id).points
            if point.register
        }
        wanted = {"import", "export"} if has_export else {"import"}
        assert billed == dict.fromkeys(wanted, (kind, scale, 1, unit)), map_id


def test_every_map_names_its_source_bills_import_and_can_be_probed() -> None:
    folder = resources.files("mita.drivers.modbus").joinpath("maps")
    unconfirmed = set()
    for map_id in maps.catalogue():
        text = folder.joinpath(f"{map_id}.yaml").read_text(encoding="utf-8")
        found = maps.parse(text, file=map_id)
        assert found == maps.named(map_id)
        assert found.source, map_id
        assert found.licence in {"BSD-3-Clause", "facts only"}, map_id
        assert (found.licence == "facts only") <= (not found.confirmed), map_id
        assert found.models, map_id
        registers = {point.register for point in found.points if point.register}
        assert "import" in registers, map_id
        assert registers <= {"import", "export"}, map_id
        assert found.probe is not None, map_id
        assert found.relay is None, map_id
        if not found.confirmed:
            unconfirmed.add(map_id)
            assert "display" in found.notes, map_id
    assert unconfirmed == {
        "carlo_gavazzi_em111",
        "chint_ddsu666",
        "finder_7m24",
        "finder_7m38",
        "inepro_pro1",
        "solaredge_se_mtr_3y",
    }


WHOLE = """
id: acme_m1
vendor: Acme
word_order: big
blocks: [{fn: 4, start: 0x0000, count: 76}, {fn: 4, start: 0x0156, count: 2}]
points:
  - {name: import, fn: 4, address: 0x0048, type: float32, scale: 1, unit: kWh, register: import,
     obis: 1.0.1.8.0.255}
  - {name: voltage, fn: 4, address: 0x0000, type: float32, scale: 1, unit: V}
missing: [nan, 0x7FFFFFFF]
resolution: 0.001
relay: {fn: 5, address: 2, on: 1, off: 0, readback: {fn: 1, address: 2, on: 1, off: 0}}
probe: {fn: 4, address: 0x0000, type: float32, min: 80, max: 300}
source: Acme, Modbus of the M1
licence: facts only
"""


def test_a_map_is_read_as_it_is_written() -> None:
    found = maps.parse(WHOLE, file="acme.yaml")
    assert found.resolution == Decimal("0.001")
    assert found.missing == ["nan", 0x7FFFFFFF]
    assert found.relay is not None
    assert (found.relay.on, found.relay.off) == (1, 0)
    assert found.probe is not None
    assert found.probe.max == 300
    assert maps.from_document(json.loads(json.dumps(_as_json(WHOLE))), file="map") == found


def _as_json(text: str) -> Any:
    import yaml

    document = yaml.safe_load(text)
    # YAML 1.1 reads these keys as truths, JSON and our reader as words
    for part in (document["relay"], document["relay"]["readback"]):
        part["on"], part["off"] = part.pop(True), part.pop(False)
    return document


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            "scale: 1, unit: kWh",
            "scales: 1, unit: kWh",
            r"acme.yaml: point 'import': .*unknown field `scales`",
        ),
        ("vendor: Acme", "vendor: Acme\nsmell: bad", "acme.yaml: .*unknown field `smell`"),
        ("count: 76}", "count: 126}", r"acme.yaml: .*<= 125 - at `\$.blocks\[0\].count`"),
        ("0x0156, count: 2", "0x004B, count: 2", "acme.yaml: blocks at 0x0000 and 0x004b overlap"),
        ("start: 0x0156", "start: 0xFFFF", "block at 0xffff goes beyond the last address"),
        (
            "address: 0x0048",
            "address: 0x004B",
            r"point 'import': 0x004b \(function 4, 2 words\) is in no block",
        ),
        ("{name: import, fn: 4", "{name: import, fn: 3", r"point 'import': 0x0048 \(function 3"),
        (
            "type: float32, scale: 1, unit: kWh",
            "type: float16, scale: 1, unit: kWh",
            "point 'import': .*float16",
        ),
        ("unit: kWh", "unit: kilo", "point 'import': .*kilo"),
        ("unit: kWh", "unit: kW", "point 'import': a register's unit 'kW' is not one of kWh"),
        ("unit: V}", "unit: V, register: import}", "register 'import' stands there twice"),
        ("name: voltage", "name: import", "name 'import' stands there twice"),
        ("name: voltage", "name: Voltage", "point 'Voltage': its name must be small letters"),
        ("resolution: 0.001", "", "point 'import': a register of this type or scale needs a resolution"),
        ("resolution: 0.001", "resolution: 0.002", "resolution 0.002 is not a power of ten"),
        ("off: 0, readback", "off: 3, readback", "relay: on and off are the same"),
        ("address: 2, on: 1, off: 0}}", "address: 2, on: 1, off: 2}}", "relay: a coil reads 0 or 1"),
        ("min: 80", "min: 300", "probe: min must be below max"),
        ("id: acme_m1", "id: Acme M1", "id 'Acme M1' must be small letters"),
        ("vendor: Acme", "vendor: Acme\nvendor: Acme", "line 4: 'vendor' stands there twice"),
        ("missing: [nan", "missing: [none", "acme.yaml: .*none"),
        ("vendor: Acme", "vendor: [Acme", "acme.yaml: not YAML"),
    ],
)
def test_what_is_wrong_with_a_map_is_said_with_file_point_and_what(old: str, new: str, says: str) -> None:
    assert old in WHOLE
    with pytest.raises(maps.BadMap, match=says):
        maps.parse(WHOLE.replace(old, new, 1), file="acme.yaml")


def test_everything_that_is_wrong_is_said_at_once() -> None:
    text = WHOLE.replace("address: 0x0048", "address: 0x0400").replace("min: 80", "min: 400")
    with pytest.raises(maps.BadMap) as refused:
        maps.parse(text, file="acme.yaml")
    assert len(refused.value.problems) == 2
    with pytest.raises(maps.BadMap):
        maps.parse("- 1", file="x")
    with pytest.raises(maps.BadMap):
        maps.parse("a: " + "[" * 300, file="x")
    with pytest.raises(maps.BadMap, match="there is no map"):
        maps.named("../secrets")
