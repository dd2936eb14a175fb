"""Emlite meters by EMOP over TCP: frames, payloads, and the driver.

Not built: the clock's daylight-saving switch (FFFF0B), prices by time of day, threshold values, the event
log, profile log 2, reading three phases with D70A0C. FFFF11 ("load switch") says what the meter's button
does; it is no relay, and nothing here reads or writes it. That a meter in prepay mode without balance cuts
the supply is how such meters work; what we prove is mode and balance.
"""

from mita.drivers.emop.driver import PORT, EmopDriver, clock_zone, is_supply_on

__all__ = ["PORT", "EmopDriver", "clock_zone", "is_supply_on"]
