"""Writes of metering: meters are installed; readings are stored; silent meters are noticed."""

from mita.metering.operations.bulk import AreasOverlap, NewBulkMeter, end_bulk_meter, set_bulk_meter
from mita.metering.operations.meters import (
    NO_LIMITS,
    NewMeter,
    SerialTaken,
    add_registers,
    install_meters,
    refresh_statistics,
    register_route,
    release_route,
)
from mita.metering.operations.places import (
    MeterGone,
    MeterNotes,
    Swap,
    record_swap,
    remove_meter,
    update_meter,
)
from mita.metering.operations.readings import (
    StoredReadings,
    ensure_reading_partition,
    record_rejections,
    record_repeats,
    restate_readings,
    store_readings,
    store_temperatures,
)
from mita.metering.operations.silence import end_silences, notice_silence, set_silence_rule

__all__ = [
    "NO_LIMITS",
    "AreasOverlap",
    "MeterGone",
    "MeterNotes",
    "NewBulkMeter",
    "NewMeter",
    "SerialTaken",
    "StoredReadings",
    "Swap",
    "add_registers",
    "end_bulk_meter",
    "end_silences",
    "ensure_reading_partition",
    "install_meters",
    "notice_silence",
    "record_rejections",
    "record_repeats",
    "record_swap",
    "refresh_statistics",
    "register_route",
    "release_route",
    "remove_meter",
    "restate_readings",
    "set_bulk_meter",
    "set_silence_rule",
    "store_readings",
    "store_temperatures",
    "update_meter",
]
