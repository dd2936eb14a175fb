"""Where devices may be asked."""

from __future__ import annotations

import pytest

from mita.entrypoints.polling.reach import Reach

REACH = Reach.parsed("10.1.0.0/16, fd00::/8, Meters.Example, 192.0.2.7", "/dev/ttyUSB0")


@pytest.mark.parametrize(
    "url",
    [
        "tcp://10.1.2.3:502",
        "rtu+tcp://10.1.255.255:4196",
        "tcp://[fd12::1]:4059",
        "tcp://meters.example:502",
        "tcp://METERS.example:502",
        "tcp://192.0.2.7",
        "rtu:///dev/ttyUSB0?baud=9600",
        "serial:///dev/ttyUSB0",
    ],
)
def test_what_is_named_may_be_asked(url: str):
    assert REACH.refusal(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("tcp://10.2.0.1:502", "no network"),
        ("tcp://127.0.0.1:5432", "no network"),
        ("tcp://169.254.169.254:80", "no network"),
        ("tcp://[::1]:502", "no network"),
        ("tcp://other.example:502", "not in MITA_POLL_NETWORKS"),
        ("tcp://0x0a010203:502", "not in MITA_POLL_NETWORKS"),
        ("rtu:///dev/ttyUSB1", "not in MITA_POLL_SERIAL"),
        ("rtu:///dev/../dev/ttyUSB0", "not in MITA_POLL_SERIAL"),
        ("", "not in MITA_POLL_SERIAL"),
        (None, "not in MITA_POLL_SERIAL"),
        ("tcp://[bad", "cannot be read"),
    ],
)
def test_nothing_else_is(url: object, why: str):
    assert why in str(REACH.refusal(url))


def test_without_settings_nothing_is_asked():
    assert Reach.parsed("", "").is_nowhere
    assert not REACH.is_nowhere
    with pytest.raises(ValueError, match="host bits"):
        Reach.parsed("10.1.0.1/16", "")
