"""What opens and closes issues of devices."""

from __future__ import annotations

from mita.devices.domain import KINDS, REMEDIES, URGENT, Signs, findings, known_kind, severity
from tests.unit.house.test_docs_complete import REFERENCE, table_rows

SPEAKS = [("silent", None), ("unreachable", None)]


def test_whatever_a_device_says_it_is_neither_silent_nor_out_of_reach() -> None:
    assert list(findings(Signs())) == SPEAKS


def test_a_battery_is_low_below_fifteen_percent() -> None:
    assert list(findings(Signs(battery_percent=14)))[2:] == [("low_battery", "battery at 14 %")]
    assert list(findings(Signs(battery_percent=15)))[2:] == [("low_battery", None)]


def test_a_clock_is_off_beyond_two_minutes_either_way() -> None:
    assert list(findings(Signs(clock_drift_s=120)))[2:] == [("clock_drift", None)]
    assert list(findings(Signs(clock_drift_s=-120)))[2:] == [("clock_drift", None)]
    assert list(findings(Signs(clock_drift_s=121)))[2:] == [("clock_drift", "its clock is 2 min 1 s ahead")]
    assert list(findings(Signs(clock_drift_s=-7325)))[2:] == [
        ("clock_drift", "its clock is 2 h 2 min behind")
    ]


def test_a_reading_closes_what_said_that_there_was_none() -> None:
    closed = [("unmapped", None), ("unreadable", None)]
    assert list(findings(Signs(has_readings=True)))[2:] == closed
    # one value of a message that cannot be read is in the list of rejections
    assert list(findings(Signs(has_readings=True, is_unreadable=True)))[2:] == closed
    assert list(findings(Signs(is_unreadable=True)))[2:] == [
        ("unreadable", "what came last held no reading that could be read")
    ]


def test_each_kind_has_a_remedy_that_is_a_sentence() -> None:
    assert all(each.endswith(".") and len(each) > 20 for each in REMEDIES.values())
    assert all(known_kind(kind) for kind in KINDS)
    assert not known_kind("haunted")


def test_each_kind_is_documented_with_its_severity_and_remedy() -> None:
    rows = table_rows((REFERENCE / "issues.md").read_text(encoding="utf-8"))
    assert {kind: (row[1], row[3]) for kind, row in rows.items()} == {
        kind: (severity(kind), remedy) for kind, remedy in REMEDIES.items()
    }
    assert set(KINDS) >= URGENT
