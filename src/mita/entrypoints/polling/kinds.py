"""How the devices of each driver that is asked are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mita.entrypoints.polling.dlms import DlmsLine
from mita.entrypoints.polling.emop import EmopLine
from mita.entrypoints.polling.ends import Kind
from mita.entrypoints.polling.mbus import MbusLine
from mita.entrypoints.polling.modbus import ModbusLine
from mita.entrypoints.polling.registered import StoredCounters

if TYPE_CHECKING:
    from mita.kit.db import Database


def kinds_of(database: Database) -> dict[str, Kind]:
    """Return them by the driver's name."""
    counters = StoredCounters(database)
    return {
        "modbus": Kind(ModbusLine.key, ModbusLine),
        "mbus": Kind(MbusLine.key, MbusLine),
        "dlms": Kind(DlmsLine.key, lambda: DlmsLine(counters)),
        "emop": Kind(EmopLine.key, EmopLine),
    }
