"""Readings off any wire become the batch that is charged, with all that came along."""

from __future__ import annotations

from mita.drivers.wire import Told
from mita.entrypoints.told import batch_of


def test_nothing_that_a_device_told_is_left_out() -> None:
    told = [
        Told("W-1", "import", "m3", 1_800, 2_500_000),
        Told("H-1", "import", "m3", 900, 7, temperature_centi=5_825),
        Told("E-1", "export", "kWh", 3_600, 1_000_000, temperature_centi=0),
    ]
    batch = batch_of(told, source="poll:modbus:1", received_us=4_000_000)
    assert batch.key == [("W-1", "import", "m3"), ("H-1", "import", "m3"), ("E-1", "export", "kWh")]
    assert batch.taken_s.tolist() == [1_800, 900, 3_600]
    assert batch.value_micro.tolist() == [2_500_000, 7, 1_000_000]
    # by row; what came without has none
    assert batch.temperature_centi == {1: 5_825, 2: 0}
    assert (batch.source, batch.received_us) == ("poll:modbus:1", 4_000_000)
