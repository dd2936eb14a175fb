"""Meters of a file are matched with those of the estate, each stranger with its reason; terms are read."""

from __future__ import annotations

import pytest

from mita.drivers.files import Channel, Gathered, UnreadableFile
from mita.drivers.files.accumulate import Accumulated
from mita.drivers.files.gathered import Quality
from mita.imports.domain import (
    Brought,
    ReadingFileRefused,
    fault_of,
    found_of,
    match_meters,
    portions_of,
    serials_of,
)

UTILITIES = {
    ("E1", "import"): "electricity",
    ("W1", "import"): "water",
    ("G1", "import"): "gas",
    ("S1", "import"): "solar",
}


def gathered(*channels: Channel) -> Gathered:
    found = Gathered()
    for place, channel in enumerate(channels):
        second = 1_700_000_000 + place
        found.add_interval(channel, second, second + 60, 5, quality=Quality.FINAL, line=place + 1)
    return found


def test_strangers_are_left_out_with_a_reason() -> None:
    file = gathered(
        Channel("N1", "import", "kWh"),
        Channel("N9", "import", "kWh"),
        Channel("N1", "export", "kWh"),
        Channel("W1", "import", "kWh"),
        Channel("G1", "import", "m3"),
        Channel("S1", "import", "kWh"),
        Channel("E1", "import", "kWh"),
    )
    file.utility_of = {"G1": "water", "S1": "electricity"}
    matched = match_meters(file, serials={"N1": "E1"}, utilities=UTILITIES)
    assert [(each.line, each.code) for each in matched.strangers] == [
        (2, "unknown_meter"),
        (3, "unknown_register"),
        (4, "wrong_unit"),
        (5, "other_utility"),
    ]
    # panels are measured by electricity meters; two meters of the file cannot be one of ours
    assert list(matched.gathered.intervals) == [
        Channel("E1", "import", "kWh"),
        Channel("S1", "import", "kWh"),
    ]
    assert [(each.line, each.code) for each in matched.gathered.faults] == [(7, "meter_twice")]
    assert (matched.gathered.fault_count, file.fault_count) == (1, 0)


def test_what_is_told_is_fit_to_be_stored() -> None:
    matched = match_meters(gathered(Channel("N\x001", "import", "kWh")), serials={}, utilities={})
    (told,) = found_of(matched, Brought())["registers"]
    assert "\x00" not in told["meter"]
    assert (told["serial"], told["values"], told["new"]) == (None, 1, 0)


def test_portions_keep_the_order_and_lose_nothing() -> None:
    channels = [Channel("E1", "import", "kWh"), Channel("W1", "import", "m3")]
    brought = Brought()
    for channel in channels:
        found = Accumulated()
        found.taken_s.extend([1, 2, 3])
        found.value_micro.extend([10, 20, 30])
        brought.add(channel, found)
    portions = list(portions_of(brought, readings_max=4))
    assert [len(each) for each in portions] == [4, 2]
    assert [key[0] for each in portions for key in each.key] == ["E1"] * 3 + ["W1"] * 3
    assert [value for each in portions for value in each.value_micro] == [10, 20, 30] * 2


def test_words_of_a_request() -> None:
    assert serials_of(["A=B=S1", "A=B=S1", " N = S2 "]) == {"A=B": "S1", "N": "S2"}
    for bad in (["A"], ["=S"], ["A="], ["A=1", "A=2"]):
        with pytest.raises(ReadingFileRefused):
            serials_of(bad)
    line = fault_of(UnreadableFile("f.csv: line 7: no XML: mismatched tag"), name="f.csv")
    assert (line.line, line.detail) == (7, "no XML: mismatched tag")
    whole = fault_of(UnreadableFile("f.csv: the file is empty"), name="f.csv")
    assert (whole.line, whole.detail) == (0, "the file is empty")
