"""What the network server tells of the radio and the battery. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mita.drivers.wire import Health

_PERCENT_MAX = 100
_LEAST, _MOST = -1_000, 10**6


def best_signal(receptions: Any) -> Health:
    """Return the strongest signal of those gateways that heard an uplink: ``rssi``, ``snr``.

    An ``snr`` that is left out beside an ``rssi`` is zero.
    """
    heard = [each for each in receptions if isinstance(each, dict)] if isinstance(receptions, list) else []
    strengths = [rssi for each in heard if (rssi := finite(each.get("rssi"))) is not None]
    snrs = [
        snr for each in heard if "rssi" in each and (snr := finite(each.get("snr", Decimal(0)))) is not None
    ]
    return Health(
        is_online=True,
        rssi_dbm=int(max(strengths)) if strengths else None,
        snr_db=max(snrs) if snrs else None,
    )


def finite(value: Any) -> Decimal | None:
    """Return a number of parsed JSON that a radio or a battery may have; None for anything else."""
    if isinstance(value, Decimal) and value.is_finite() and _LEAST <= value <= _MOST:
        return value
    return None


def percent(value: Any) -> Decimal | None:
    """Return a percentage from 0 to 100; None for anything else."""
    number = finite(value)
    return number if number is not None and 0 <= number <= _PERCENT_MAX else None
