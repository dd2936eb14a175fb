"""Wired and wireless M-Bus: telegrams into readings, and the driver.

Not built: telegrams of the manufacturer's own, tariffs that the meter switches, compact frames of
wireless M-Bus, valves. Wireless telegrams are decoded; a receiver for them is not part of this.
"""

from mita.drivers.mbus.driver import PORT, MbusDriver, path_of, wanted_identification
from mita.drivers.mbus.telegram import BadTelegram, Record, Telegram, telegram

__all__ = [
    "PORT",
    "BadTelegram",
    "MbusDriver",
    "Record",
    "Telegram",
    "path_of",
    "telegram",
    "wanted_identification",
]
