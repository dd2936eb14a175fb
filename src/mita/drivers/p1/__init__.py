"""DSMR P1 telegrams: what a Dutch, Belgian or Luxembourgish smart meter says on its customer port. Pure.

Read are plain telegrams of DSMR 4 and later, with checksum and time. Not read: older ones, which carry
neither, and encrypted ones (Luxembourg).
"""

from mita.drivers.p1.driver import DRIVER, P1Driver
from mita.drivers.p1.telegram import BadTelegram, Telegram, parse_telegram, telegrams

__all__ = ["DRIVER", "BadTelegram", "P1Driver", "Telegram", "parse_telegram", "telegrams"]
